# ---
# jupyter:
#   course:
#     title: "Convolution, backwards"
#     minutes: 220
#     prerequisites: [02_convolution]
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 03 · Convolution, backwards
#
# To learn, a layer must know how each of its weights moved the loss.
# In this lesson you derive that for the convolution and for pooling, first by following indices and then by one short equation that covers all of it.
# You write the code, learn to catch a gradient that is almost right, and hand your layer to PyTorch, which trains with it.

# %% [markdown]
# ## You will be able to
#
# - **derive** the gradients of a convolution by its input, weight and bias;
# - **recognise** a backward pass as an adjoint, and **test** that with two random tensors;
# - **write** the backward pass of a layer with stride and padding, and of max- and average-pooling;
# - **check** any gradient numerically, with the right step, in the right precision, away from kinks;
# - **extend** PyTorch by a function with a backward of your own;
# - **find** the faults in a backward pass that looks right.

# %% [markdown]
# You need lesson 02 and the chain rule of school: the derivative of $f(g(x))$ is $f'(g(x))\, g'(x)$.
# Its form for several variables is introduced below.
# Nothing here needs a GPU or the network.
#
# *Run All* stops at the first check that is not passed; select the cell below it and choose *Run Selected Cell and All Below*.

# %%
import math
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from course_utils.checks.convolution_backward import check
from course_utils.data import load_photo_patches
from course_utils.plots import OKABE_ITO, show_matrix, with_text
from course_utils.widgets import backward_explorer

torch.set_printoptions(precision=4, sci_mode=False)
BLUE, RED, GREEN = OKABE_ITO["blue"], OKABE_ITO["vermillion"], OKABE_ITO["green"]


def random(*shape, seed=0):
    """Normal random numbers in float64, the same in every run."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

# %% [markdown]
# ## What comes back
#
# A network ends in one number, the loss $L$.
# A layer in the middle turns its input $x$ into its output $y$, and what follows turns $y$ into $L$.
# Suppose that what follows has told us how $L$ answers to each number of $y$:
#
# $$g = \frac{\partial L}{\partial y}, \qquad \text{as many numbers as } y \text{ has.}$$
#
# In code it is called `grad_out`.
# The layer's **backward pass** takes $g$ and returns how $L$ answers to its input, to pass on to the layer before, and to its own weights.
#
# Passing gradients back through all layers like this is **back-propagation**.
# It computes the gradient and changes nothing; changing the weights is the work of an optimizer (lesson 05).

# %% [markdown]
# Why may a layer look at $g$ alone?
# Take any number $t$ on which $y$ depends, a weight or a pixel.
# Raise it by a little $\mathrm{d}t$: each $y_i$ changes by $\frac{\partial y_i}{\partial t} \mathrm{d}t$, each change moves the loss by $g_i$ times that, and small changes add up.
# This is the **chain rule** for several variables:
#
# $$\frac{\partial L}{\partial t} = \sum_i g_i\, \frac{\partial y_i}{\partial t}$$
#
# For a layer the derivatives $\partial y_i / \partial x_p$ form a huge matrix, the **Jacobian**.
# Nobody stores it.

# %%
inputs, outputs, window = 64 * 3 * 32 * 32, 64 * 16 * 30 * 30, 3 * 3 * 3  # 64 colour images, 16 filters of 3 × 3
print(f"{inputs:,} inputs, {outputs:,} outputs: a Jacobian of {inputs * outputs:.1e} numbers")
print(f"of which {window / inputs:.4%} are not zero, and those are copies of {16 * window} weights")

# %% [markdown]
# ## One row of numbers
#
# The whole idea fits along one row.
# Let $x$ have $H$ numbers and the kernel $w$ have $K$, let $b$ be the bias, and take stride 1.
# The layer is, for $i = 0, \dots, M-1$ with $M = H - K + 1$,
#
# $$y_i = b + \sum_{a=0}^{K-1} w_a\, x_{i+a}.$$
#
# **Bias.** Each $y_i$ holds $b$ once, so $\partial y_i / \partial b = 1$, and $\dfrac{\partial L}{\partial b} = \sum_i g_i$.
#
# **Weight.** In $y_i$, the weight $w_a$ stands beside $x_{i+a}$, so $\partial y_i / \partial w_a = x_{i+a}$, and
#
# $$\frac{\partial L}{\partial w_a} = \sum_{i=0}^{M-1} g_i\, x_{i+a}.$$
#
# That is again a layer: $g$ slides over $x$, as a kernel would.

# %% [markdown]
# **Input.** Which terms of $y_i$ hold the pixel $x_p$?
# Those with $i + a = p$, that is $a = p - i$: at most one, and none if $p - i$ lies outside $0, \dots, K-1$.
# So $\partial y_i / \partial x_p = w_{p-i}$, where a weight outside the kernel counts as zero, and
#
# $$\frac{\partial L}{\partial x_p} = \sum_{i} g_i\, w_{p-i}.$$
#
# Mind the minus sign.
# Forward, $w$ and $x$ are read in the same direction, $w_a$ with $x_{i+a}$.
# Backward, $g$ and $w$ are read in opposite directions: this one is the *true* convolution of lesson 02, the product of polynomials.
# The layer is a cross-correlation, so its input gradient is a convolution.

# %%
x = torch.tensor([1.0, 2.0, 0.0, 3.0, 1.0], requires_grad=True)  # (H,)
w = torch.tensor([2.0, 1.0, -1.0], requires_grad=True)  # (K,)
g = torch.tensor([1.0, -2.0, 3.0])  # (M,), as if from the rest of a network
y = F.conv1d(x[None, None], w[None, None])[0, 0]
by_autograd = torch.autograd.grad(y, (x, w), g)
print("input: ", np.convolve(g, w.detach()), "autograd", by_autograd[0].numpy())
print("weight:", np.correlate(x.detach(), g), "autograd", by_autograd[1].numpy())

# %% [markdown]
# With a stride $S$ the window of output $i$ starts at $iS$, and with padding $P$ the row gets $P$ zeros on each side first.
# Then different pixels touch different numbers of outputs: few at the border, perhaps none at the far end, where no further window fits.
#
# The figure turns the layer round.
# Choose a *pixel* and see which outputs it touches; each returns its gradient through the weight that lay on the pixel.
# Walk along the row: the number of outputs alternates, 1, 2, 1, 2, and in the next row 2, 4, 2, 4.
# Only the last column breaks the rule: a window would hang over the end there.
# Then set the padding to 0 and find the pixels that touch no output.

# %% output="varies"
backward_explorer()

# %% [markdown]
# ### Exercise: how many outputs touch each pixel?
#
# For one row of `size` pixels: count for each pixel, padding excluded, how many windows it lies in.
# A window that would hang over the end of the padded row does not exist (lesson 02: the output size is rounded *down*).
#
# Write your answer, and any helper function it needs, into the cell below: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.

# %% exercise="outputs_per_pixel"
def outputs_per_pixel(size, kernel, stride=1, padding=0):
    """How many outputs each pixel of a row touches: a list of `size` whole numbers."""
    ### BEGIN SOLUTION
    counts = [0] * (size + 2 * padding)
    for start in range(0, size + 2 * padding - kernel + 1, stride):
        for place in range(start, start + kernel):
            counts[place] += 1
    return counts[padding : padding + size]
    ### END SOLUTION

# %% check="outputs_per_pixel"
check.outputs_per_pixel(outputs_per_pixel)

# %% [markdown]
# ## Now with gaps
#
# Once more a row, now with stride $S$ and dilation $D$ (the weights lie $D$ pixels apart), without padding.
# There are $M = \lfloor (H - D(K-1) - 1)/S \rfloor + 1$ outputs:
#
# $$y_i = b + \sum_{a=0}^{K-1} w_a\, x_{iS + aD}$$
#
# Take paper.
#
# 1. The Jacobian $\partial y_i / \partial x_p$, shape $(M, H)$: which entries of row $i$ are not zero, and what stands there?
# 2. $\partial L / \partial x_p$, shape $(H,)$: the chain rule sums over $i$.
# 3. $\partial L / \partial w_a$, shape $(K,)$: beside which pixel does $w_a$ stand in $y_i$?

# %% [markdown]
# ### Exercise: the derivation in code
#
# Write each step as a function.
# They are evaluated in float64 at random points, and the first that is not what it claims is named.
# Loops are welcome, `autograd` and ready-made convolutions are not.
# In the second, `size` is $H$: it cannot be told from $g$, because several sizes give the same number of outputs.

# %% exercise="conv_gradient"
def dy_dx(w, size, stride, dilation):
    """Step 1, the Jacobian, row i and column p: w (K,) -> (M, size)."""
    ### BEGIN SOLUTION
    rows = (size - dilation * (len(w) - 1) - 1) // stride + 1
    first, pixel = stride * torch.arange(rows)[:, None], torch.arange(size)
    return sum(w[a] * (pixel == first + a * dilation) for a in range(len(w)))
    ### END SOLUTION

def dloss_dx(g, w, size, stride, dilation):
    """Step 2: g (M,), w (K,) -> (size,)."""
    ### BEGIN SOLUTION
    return g @ dy_dx(w, size, stride, dilation)
    ### END SOLUTION

def dloss_dw(g, x, kernel, stride, dilation):
    """Step 3: g (M,), x (H,) -> (kernel,)."""
    ### BEGIN SOLUTION
    first = stride * torch.arange(len(g))
    return torch.stack([g @ x[first + a * dilation] for a in range(kernel)])
    ### END SOLUTION

# %% check="conv_gradient"
check.conv_gradient(dy_dx, dloss_dx, dloss_dw)

# %% [markdown]
# ### The three steps in full
#
# To compare with your paper.
# Step 1: $w_a$ multiplies $x_p$ in $y_i$ exactly if $p = iS + aD$; row $i$ holds $w_0, w_1, \dots$ at the columns $iS, iS + D, \dots$ and zeros elsewhere.
# Step 2 and step 3, each by the chain rule:
#
# $$\frac{\partial L}{\partial x_p} = \sum_{\substack{i,\,a \\ iS + aD = p}} g_i\, w_a \qquad \frac{\partial L}{\partial w_a} = \sum_i g_i\, x_{iS + aD}$$

# %% [markdown]
# Look at the weight: stride and dilation have changed places.
# As $i$ walks through $g$, it meets $x$ every $S$ pixels: $g$ is a kernel dilated by $S$, moved in strides of $D$.
# Below, $S = 3$ and $D = 2$.

# %%
x, w = random(13), random(3, seed=1).requires_grad_()  # (H,), (K,)
y = F.conv1d(x[None, None], w[None, None], stride=3, dilation=2)  # (1, 1, 3)
g = random(*y.shape, seed=2)
exchanged = F.conv1d(x[None, None], g, stride=2, dilation=3)[0, 0]  # (4,): one too many
print("autograd              ", torch.autograd.grad(y, w, g)[0])
print("g dilated by 3, over x", exchanged)

# %% [markdown]
# The first three numbers agree.
# The fourth is an accident of the sizes: the last two pixels of $x$ lie behind the last window, so $g$ can be moved once more than there are weights.
# It has to be cut off.
# Keep this leftover in mind; it makes a common bug.

# %% [markdown]
# ## The same again, as an adjoint
#
# Now without indices.
# Fix the weights and leave out the bias: the layer is a linear map $C$ from images to outputs.
# Its **adjoint** (or transpose) $C^\top$ goes from outputs to images; lesson 02 defined it by this equation, where $\langle u, v \rangle$ is the sum of all products $u_k v_k$:
#
# $$\langle y,\, C x \rangle = \langle C^\top y,\, x \rangle \qquad \text{for all } x \text{ and } y.$$

# %% [markdown]
# Why should that be a gradient?
# Change the image by a little $\mathrm{d}x$.
# The output changes by $C\,\mathrm{d}x$, because $C$ is linear, and the loss, by the chain rule, by
#
# $$\mathrm{d}L = \langle g,\, C\,\mathrm{d}x \rangle = \langle C^\top g,\, \mathrm{d}x \rangle.$$
#
# What multiplies $\mathrm{d}x$ is the gradient: $\dfrac{\partial L}{\partial x} = C^\top g$.
# **The backward pass of a linear layer is its adjoint.**

# %% [markdown]
# The weights need no theory of their own.
# Fix the *image*, and the same layer is linear in $w$; call this map $A_x$.
# The gradient of the weights is $A_x^\top g$.
#
# And a layer is a chain of simple maps.
# From $\langle y, BAx \rangle = \langle B^\top y, Ax \rangle = \langle A^\top B^\top y, x \rangle$ you see that the adjoint of a chain is the chain of adjoints in reverse order.
# That is all of back-propagation through linear layers.

# %% [markdown]
# The simple maps of a layer, and their adjoints:
#
# | forward | backward |
# |---|---|
# | pad with zeros | crop |
# | keep every $S$-th number | put $S - 1$ zeros between neighbours (spread, or dilate), and zeros for what was left over at the end |
# | copy to many places | add up |
# | add up | copy |
# | slide $w$ as it stands | slide $w$ turned, over a padded $g$ |
# | cut windows into columns (`F.unfold`) | add columns into place (`F.fold`) |

# %% [markdown]
# An adjoint is not an inverse.
# `F.unfold` copies each pixel into every window that holds it; its adjoint `F.fold` *adds* all those copies.
# Fold what you have unfolded, and each pixel comes back multiplied by the number of windows that it lies in.
# If you divide by that number, you get the picture back, and lose the adjoint.

# %%
image = random(1, 1, 4, 5)
columns = F.unfold(image, 2)  # (1, 4, 12)
back = F.fold(columns, (4, 5), 2)  # (1, 1, 4, 5)
(back / image)[0, 0].round().int()

# %% [markdown]
# So how do you know that a function is the adjoint of another?
# Ask the equation itself, with random $x$ and $y$: both sides are one number each.
# Geophysicists call it the **dot-product test** (Claerbout).
#
# One pair of random tensors is enough.
# Let $B$ be the candidate.
# The two sides differ by $\langle y, (C - B^\top)\, x \rangle$.
# If $C - B^\top$ has a single entry that is not zero, this is zero only for $x$ and $y$ that happen to satisfy one equation, and random normal numbers do that with probability 0.
# With $x = y = 1$ everywhere it may well be zero.

# %%
y = random(1, 4, 12, seed=1)
counts = F.fold(torch.ones_like(y), (4, 5), 2)
print(f"<y, unfold x>              {(y * columns).sum():.6f}")
print(f"<fold y, x>                {(F.fold(y, (4, 5), 2) * image).sum():.6f}")
print(f"<fold y / counts, x>       {(F.fold(y, (4, 5), 2) / counts * image).sum():.6f}")

# %% [markdown]
# ### Exercise: the adjoint test
#
# Write `adjoint_test(forward, backward, x_shape, y_shape)`: `True` if `backward` is the adjoint of `forward`, else `False`.
# Both are functions from one float64 tensor to another; they may be any linear maps.
# Draw $x$ and $y$ yourself.
#
# The two sides agree up to rounding only, so you need a tolerance.
# Let it not depend on units: with both functions multiplied by $10^{12}$ or by $10^{-12}$, your verdict should be the same.

# %% exercise="adjoint_test"
def adjoint_test(forward, backward, x_shape, y_shape):
    """Is `backward` (y_shape -> x_shape) the adjoint of `forward` (x_shape -> y_shape)? True or False."""
    ### BEGIN SOLUTION
    x = torch.randn(x_shape, dtype=torch.float64)
    y = torch.randn(y_shape, dtype=torch.float64)
    moved, returned = forward(x), backward(y)
    gap = (y * moved).sum() - (returned * x).sum()
    scale = y.norm() * moved.norm() + returned.norm() * x.norm()
    return bool(gap.abs() <= 1e-10 * scale)
    ### END SOLUTION

# %% check="adjoint_test"
check.adjoint_test(adjoint_test)

# %% [markdown]
# ## The whole layer
#
# Now batches, channels, two directions, stride $S$ and padding $P$.
# Let $x$ be the padded images, $(N, C_\text{in}, H + 2P, W + 2P)$, and $g$ the gradient by the output, $(N, C_\text{out}, H_\text{out}, W_\text{out})$.
# Forward, as in lesson 02:
#
# $$y[n, o, i, j] = \text{bias}[o] + \sum_{c, a, b} \text{weight}[o, c, a, b]\; x[n,\, c,\, iS + a,\, jS + b]$$
#
# Backward, sum over every index that the result does not have:
#
# $$\frac{\partial L}{\partial\, \text{bias}[o]} = \sum_{n, i, j} g[n, o, i, j] \qquad \frac{\partial L}{\partial\, \text{weight}[o, c, a, b]} = \sum_{n, i, j} g[n, o, i, j]\; x[n,\, c,\, iS + a,\, jS + b]$$
#
# A weight is used by every image at every position; all of them have a say.

# %% [markdown]
# For the input, all output channels that used the pixel report back:
#
# $$\frac{\partial L}{\partial x[n, c, p, q]} = \sum_{o} \sum_{\substack{i,\,a \\ iS + a = p}} \sum_{\substack{j,\,b \\ jS + b = q}} g[n, o, i, j]\; \text{weight}[o, c, a, b]$$
#
# Then the padding is cropped: it was not part of the images.
#
# There are two ways to compute it.
# **Scatter**: for each output, add $g \cdot w$ into its window, kernel as it stands, with `+=`, since windows overlap.
# That was `conv2d_transpose` in lesson 02.
# **Gather**: for each pixel, slide the *turned* kernel over a $g$ that has been spread and padded.
# The next picture shows that second way.

# %%
small_g = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])  # (2, 3), of a 3 × 3 kernel with stride 2 on 6 × 7 pixels
spread = torch.zeros(3, 5)
spread[::2, ::2] = small_g
framed = F.pad(spread, (2, 2, 2, 2 + 1))  # K − 1 zeros all round, and one row more: 6 − 3 is odd

figure, axes = plt.subplots(1, 3, figsize=(8.8, 3.6), dpi=90, layout="constrained", width_ratios=[3, 5, 9])
show_matrix(small_g, "g", digits=0, signed=True, ax=axes[0])
show_matrix(spread, "spread by the stride 2", digits=0, signed=True, ax=axes[1])
show_matrix(framed, "padded: the turned kernel slides here", digits=0, signed=True, highlight=[(0, 0, 3, 3)], ax=axes[2])
with_text(figure, "A 2 by 3 gradient; the same with a zero between neighbours; and that with two zeros all round and one row of zeros more below, where a frame of 3 by 3 starts at the top left corner.")

# %% [markdown]
# Why the extra row?
# The layer had 6 rows, a kernel of 3 and stride 2.
# The last window starts at row 2, because row 4 would be too late, and row 5 is in no window.
# In general the remainder of $H + 2P - K$ divided by $S$ says how many rows are left over at the far end.
# Their gradient is zero, and they belong to the result: until the padding is cropped, it has the size of the padded image.

# %%
weight = random(1, 1, 3, 3)
image = random(1, 1, 6, 7, seed=1).requires_grad_()
gradient = torch.autograd.grad(F.conv2d(image, weight, stride=2), image, small_g.double()[None, None])[0]
gathered = F.conv2d(framed.double()[None, None], weight.flip(2, 3))  # (1, 1, 6, 7)
print("equal to autograd:", torch.allclose(gathered, gradient))
print("last row:", gathered[0, 0, 5])

# %% [markdown]
# What does it cost?
# Count all pairs of an output number and a weight that it uses: forward, each pair is one multiplication.
# The weight gradient multiplies once for each pair, and so does the input gradient, if it skips the zeros.
# So a backward pass costs about *two* forward passes, and a training step about three.
#
# The first layer of a network is an exception: in training nobody asks for the gradient of the photograph.

# %% [markdown]
# ### Exercise: the backward pass of the layer
#
# Write it, all three gradients, with `grad_out` as the $g$ of above.
# `F.pad`, `F.conv2d`, `F.unfold`, `F.fold` and `torch.einsum` are welcome; autograd, ready-made gradients (`torch.nn.grad`) and the transposed convolution are not.
# Leave the inputs as they were.

# %% exercise="conv2d_backward"
def conv2d_backward(grad_out, images, weight, stride=1, padding=0):
    """The gradients of F.conv2d(images, weight, bias, stride, padding).

    grad_out: (N, C_out, H_out, W_out). images: (N, C_in, H, W). weight: (C_out, C_in, KH, KW).
    Returns (grad_images, grad_weight, grad_bias), shaped as images, weight and (C_out,).
    """
    ### BEGIN SOLUTION
    (height, width), (rows, columns) = images.shape[2:], weight.shape[2:]
    x = F.pad(images, (padding, padding, padding, padding))
    grad_x, grad_weight = torch.zeros_like(x), torch.zeros_like(weight)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            g = grad_out[:, :, i, j]  # (N, C_out)
            top, left = i * stride, j * stride
            window = (..., slice(top, top + rows), slice(left, left + columns))
            grad_weight += torch.einsum("no,nchw->ochw", g, x[window])
            grad_x[window] += torch.einsum("no,ochw->nchw", g, weight)
    grad_images = grad_x[:, :, padding : padding + height, padding : padding + width]
    return grad_images, grad_weight, grad_out.sum(dim=(0, 2, 3))
    ### END SOLUTION

# %% check="conv2d_backward"
check.conv2d_backward(conv2d_backward)

# %% [markdown]
# ## Pooling: the winner takes the gradient
#
# Max-pooling gives the largest number of each window.
# Where that winner is unique, a small change of the winner changes the output by as much, and a small change of any other pixel changes nothing.
# So the derivative is 1 for the winner and 0 for all others, and the backward pass sends $g$ of each window to its winner.
#
# Two things are easy to get wrong.
# Windows may **overlap**: one pixel can win several windows, and then their gradients add up.
# And a window may have a **tie**.

# %%
image = torch.tensor([[1.0, 0.0, 2.0, 1.0], [0.0, 9.0, 1.0, 0.0], [3.0, 1.0, 0.0, 5.0]], requires_grad=True)
pooled = F.max_pool2d(image[None, None], kernel_size=2, stride=1)[0, 0]  # (2, 3)
(gradient,) = torch.autograd.grad(pooled.sum(), image)
figure, axes = plt.subplots(1, 3, figsize=(7.6, 2.7), dpi=90, layout="constrained", width_ratios=[4, 3, 4])
show_matrix(image.detach(), "image", digits=0, highlight=[(0, 0, 2, 2)], ax=axes[0])
show_matrix(pooled.detach(), "largest of 2 × 2, stride 1", digits=0, highlight=[(0, 0, 1, 1)], ax=axes[1])
show_matrix(gradient, "gradient for g = 1", digits=0, signed=True, ax=axes[2])
with_text(figure, "A 3 by 4 image with a 9 in its middle; the six window maxima, four of which are that 9; and the gradient, which is 4 at the 9 and 1 at the two other winners.")

# %% [markdown]
# With a tie the function has a kink, and no derivative.
# Take $\max(u, v)$ at $u = v$: raise $u$ and the maximum rises with slope 1, lower it and nothing happens.
# Every split $(\lambda, 1 - \lambda)$ with $0 \le \lambda \le 1$ is a **subgradient**: the plane with these slopes touches the graph and lies nowhere above it.
# For $\max(u', v') \ge \lambda u' + (1 - \lambda) v'$, since a weighted mean is never above the larger one.
#
# So to give all to one winner is valid, and to share it equally is valid.
# To give the whole of $g$ to *each* winner is not: the shares must add up to 1.
# PyTorch, on a CPU, gives all of it to the first maximum, row by row.

# %%
tied = torch.tensor([[1.0, 7.0, 7.0], [7.0, 0.0, 7.0]], requires_grad=True)
torch.autograd.grad(F.max_pool2d(tied[None, None], kernel_size=(2, 3)).sum(), tied)[0]

# %% [markdown]
# Ties are no rare accident.
# A white sky is a field of equal pixels, and a convolution makes equal numbers of it.
# After a **ReLU**, $\max(0, z)$ for each number $z$, whole windows may be zero; there the choice does no harm, for the ReLU lets nothing back where $z \le 0$.
#
# ### Exercise: max-pooling, backwards
#
# Write it for square windows without padding; a window that does not fit wholly does not exist.
# In a tie follow PyTorch: the first maximum in reading order, row by row, gets everything.
# Nothing here may use autograd or PyTorch's own pooling.

# %% exercise="max_pool2d_backward"
def max_pool2d_backward(grad_out, images, kernel_size, stride):
    """The gradient of F.max_pool2d(images, kernel_size, stride) by the images.

    grad_out: (N, C, H_out, W_out). images: (N, C, H, W). Returns (N, C, H, W).
    """
    ### BEGIN SOLUTION
    k, grad_images = kernel_size, torch.zeros_like(images)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            window = (..., slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))
            first = images[window].flatten(2).argmax(dim=2)  # (N, C), the first of several
            winner = F.one_hot(first, k * k).unflatten(2, (k, k))  # (N, C, k, k)
            grad_images[window] += winner * grad_out[:, :, i, j, None, None]
    return grad_images
    ### END SOLUTION

# %% check="max_pool2d_backward"
check.max_pool2d_backward(max_pool2d_backward)

# %% [markdown]
# ### Exercise: average-pooling, backwards
#
# The mean of $k \times k$ pixels is linear, so its backward pass is an adjoint: each pixel of the window gets its share of $g$.
# Nothing depends on what the pixels were, only on the size of the images.

# %% exercise="avg_pool2d_backward"
def avg_pool2d_backward(grad_out, image_size, kernel_size, stride):
    """The gradient of F.avg_pool2d by the images, (N, C, H, W).

    grad_out: (N, C, H_out, W_out); image_size: (H, W).
    """
    ### BEGIN SOLUTION
    k, share = kernel_size, grad_out / kernel_size**2
    grad_images = torch.zeros(*grad_out.shape[:2], *image_size, dtype=grad_out.dtype)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            top, left = i * stride, j * stride
            grad_images[:, :, top : top + k, left : left + k] += share[:, :, i, j, None, None]
    return grad_images
    ### END SOLUTION

# %% check="avg_pool2d_backward"
check.avg_pool2d_backward(avg_pool2d_backward)

# %% [markdown]
# ## Do not trust, nudge
#
# Every gradient can be checked without calculus: move one number by a little $h$ and see what the loss does.
# The **forward difference** and the **central difference** of a function $f$ at $x$ are
#
# $$\frac{f(x + h) - f(x)}{h} \qquad\text{and}\qquad \frac{f(x + h) - f(x - h)}{2h}.$$
#
# For a smooth $f$, Taylor's formula says $f(x \pm h) = f \pm h f' + \frac{h^2}{2} f'' \pm \frac{h^3}{6} f''' + \dots$, everything taken at $x$.
# So the forward difference is $f' + \frac{h}{2} f'' + \dots$
# In the central one $f$ and $f''$ cancel, and what is left is $f' + \frac{h^2}{6} f''' + \dots$
# This **truncation error** shrinks with $h$ in the first case and with $h^2$ in the second.

# %% [markdown]
# Then why not take $h$ very small?
# Because a computer rounds.
# A stored number is off by up to $u$ times its size, with $u = 2^{-53} \approx 10^{-16}$ in float64 and $u = 2^{-24} \approx 6 \cdot 10^{-8}$ in float32.
# Two nearly equal values of $f$ are subtracted, each off by up to about $u |f|$, and the difference is divided by $h$ or $2h$.
# This **round-off error** is up to about
#
# $$\frac{2 u |f|}{h} \;\text{ (forward)} \qquad \frac{2 u |f|}{2h} = \frac{u |f|}{h} \;\text{ (central)},$$
#
# and it *grows* as $h$ shrinks.
# Truncation falls, round-off rises: somewhere between lies the best step.

# %% [markdown]
# To find it, set the derivative by $h$ of the sum of both errors to zero.
# For the forward difference, $\frac{h}{2} |f''| + \frac{2u|f|}{h}$ gives $\frac{1}{2} |f''| = \frac{2u|f|}{h^2}$.
# For the central one, $\frac{h^2}{6} |f'''| + \frac{u|f|}{h}$ gives $\frac{h}{3} |f'''| = \frac{u|f|}{h^2}$.
# So
#
# $$h_\text{forward} = 2 \sqrt{\frac{u\,|f|}{|f''|}} \qquad\qquad h_\text{central} = \sqrt[3]{\frac{3u\,|f|}{|f'''|}}$$
#
# The best step goes with $u^{1/2}$ and $u^{1/3}$, and the error left there with $u^{1/2}$ and $u^{2/3}$.
# Take $f(x) = e^x$ at $x = 1$, where $f$ and all its derivatives are the same number $e$ and cancel from both formulas.

# %%
for name, u in (("float64", 2.0**-53), ("float32", 2.0**-24)):
    forward, central = 2 * u**0.5, (3 * u) ** (1 / 3)
    print(f"{name}: forward  h = {forward:.1e}, relative error {forward / 2 + 2 * u / forward:.1e}")
    print(f"{name}: central  h = {central:.1e}, relative error {central**2 / 6 + u / central:.1e}")

# %% [markdown]
# Measured and predicted, in float64.
# The steps are powers of two, so that $1 + h$ and $1 - h$ are stored exactly and only $f$ is rounded.

# %%
h = 2.0 ** -torch.arange(1, 52, dtype=torch.float64)  # (51,)
u = 2.0**-53
plus, minus, here = (1 + h).exp(), (1 - h).exp(), math.e
measured = {"forward": (plus - here) / h, "central": (plus - minus) / (2 * h)}
predicted = {"forward": h / 2 + 2 * u / h, "central": h**2 / 6 + u / h}

figure, ax = plt.subplots(figsize=(6.2, 3.7), dpi=90, layout="constrained")
for (name, value), colour, mark, best in zip(measured.items(), (RED, BLUE), "^o", (2 * u**0.5, (3 * u) ** (1 / 3)), strict=True):
    ax.loglog(h, (value / math.e - 1).abs(), mark, color=colour, markersize=4, label=f"{name}, measured")
    ax.loglog(h, predicted[name], color=colour, linestyle="--" if name == "forward" else "-", label=f"{name}, predicted")
    ax.axvline(best, color=colour, linestyle=":")
ax.set(title="Too large a step, too small a step", xlabel="step h (no unit)", ylabel="relative error of the slope", ylim=(1e-14, 3))
ax.legend(frameon=False, fontsize=8, loc="lower left")
with_text(figure, "Two curves shaped like a V over the step on logarithmic axes: the central difference is far more exact at its best step, which is larger than the best step of the forward difference.")

# %% [markdown]
# Three rules follow.
#
# - **Central differences.** In float64, each at its best step, they are almost a thousand times as exact as forward differences in the example above, for one more evaluation a number.
# - **float64.** In float32 even the best step leaves an error of about $10^{-5}$, and the usual $h = 10^{-5}$ lies far to the left of the valley.
# - **A step near $10^{-5}$** where the numbers and the derivatives are of size one. For larger numbers take it larger, as a rule of thumb.
#
# And in a network $|f|$ is the *whole* loss, while a single weight moves it a little: $u|f|/h$ may then be large beside the slope.
# Check with few images, small layers and a loss of size one.

# %% [markdown]
# ### Exercise: the numerical gradient
#
# Write `numerical_gradient(function, x, h)`: the central difference for each entry of `x`.
# `function` takes a tensor of the shape of `x` and returns one number (a tensor without dimensions, or a Python float).
# `x` is float64, of any shape and any layout in memory; after the call it must be as it was.

# %% exercise="numerical_gradient"
def numerical_gradient(function, x, h=1e-5):
    """Central differences of `function` at `x`: a tensor of the shape of x."""
    ### BEGIN SOLUTION
    gradient = torch.zeros_like(x)
    for place in np.ndindex(*x.shape):
        nudge = torch.zeros_like(x)
        nudge[place] = h
        gradient[place] = (function(x + nudge) - function(x - nudge)) / (2 * h)
    return gradient
    ### END SOLUTION

# %% check="numerical_gradient"
check.numerical_gradient(numerical_gradient)

# %% [markdown]
# ### How near is near?
#
# Two gradients $a$ and $n$ never agree to the last digit.
# A difference of 0.001 means nothing if the gradient is a million, and everything if it is 0.002.
# So compare with the size of the gradients; a common definition is the **relative error**
#
# $$\frac{\lVert a - n \rVert}{\max(\lVert a \rVert, \lVert n \rVert)}.$$
#
# Taken for whole tensors it is not upset by single entries that happen to be near zero.
# In float64, with central differences and a smooth function, expect $10^{-7}$ or less.
# A wrong formula usually gives more than 0.01; 2 is the largest value there is.
# Anything between wants an explanation: a kink, float32, or a fault in a few entries only.

# %%
images, weight = random(2, 2, 6, 6), random(3, 2, 3, 3, seed=1)


def smooth_loss(weight):
    return F.conv2d(images, weight).sigmoid().square().mean()


def relative_error(a, n):
    return ((a - n).norm() / max(a.norm(), n.norm())).item()


nudges = 1e-5 * torch.eye(54, dtype=torch.float64).reshape(54, 3, 2, 3, 3)  # one entry of the weight each
numbers = torch.stack([(smooth_loss(weight + e) - smooth_loss(weight - e)) / 2e-5 for e in nudges]).reshape(3, 2, 3, 3)
analytic = torch.autograd.functional.jacobian(smooth_loss, weight)
print("right gradient below 1e-7:  ", relative_error(analytic, numbers) < 1e-7)
print(f"kernel turned:               {relative_error(analytic.flip(2, 3), numbers):.2f}")
print(f"one entry wrong by a tenth:  {relative_error(analytic * (1 + nudges[7] * 1e4), numbers):.4f}")

# %% [markdown]
# ### Kinks
#
# ReLU has a kink at 0, max-pooling one at each tie.
# If a nudge crosses a kink, the central difference averages the slopes of its two sides: a number that is nobody's derivative.
# The layer is right, and the check fails.
#
# The two one-sided differences tell.
# At a smooth place they differ by about $h f''$, that is by next to nothing; across a kink they differ by a share of the jump between its slopes, and by all of it if the kink is at $x$ itself.

# %%
h = 1e-5
for place in (1e-3, 3e-6, 0.0):
    u = torch.tensor([place - h, place, place + h], dtype=torch.float64).relu()
    left, right = (u[1] - u[0]) / h, (u[2] - u[1]) / h
    print(f"x = {place:.0e}: central {(left + right) / 2:.2f}, left {left:.2f}, right {right:.2f}")

# %% [markdown]
# PyTorch's derivative of ReLU at 0 is 0, and 0.5 comes out above: any slope from 0 to 1 would be a subgradient.
# So draw test inputs at random, where ties have probability 0, and leave out entries whose one-sided differences disagree.
# For max-pooling, a shuffled `torch.arange` makes an image whose numbers are all at least 1 apart.
#
# ### One direction instead of all
#
# A layer with a million weights would need two million evaluations.
# Nudge them all at once: along a random direction $v$ the loss changes by $\langle \text{gradient}, v \rangle\, h$.
# Two evaluations check the gradient as a whole.
# They cannot say *where* it is wrong, and one wrong entry among a million changes the result by only about a thousandth: compare many digits.

# %%
v = random(*weight.shape, seed=5)
along = (smooth_loss(weight + 1e-5 * v) - smooth_loss(weight - 1e-5 * v)) / 2e-5
print(f"nudged {along:.8f}, <gradient, v> {(analytic * v).sum():.8f}, turned {(analytic.flip(2, 3) * v).sum():.8f}")

# %% [markdown]
# ## Hand it to autograd
#
# PyTorch remembers what was computed and calls the backward pass of each operation in reverse order.
# You can add an operation: a subclass of `torch.autograd.Function` with two static methods.
#
# - `forward(ctx, ...)` computes the output. What backward will need of tensors goes into `ctx.save_for_backward(...)`; plain numbers may become attributes, `ctx.power = 3`. Nothing goes elsewhere: a network calls the function many times, and each call has its own `ctx`.
# - `backward(ctx, grad_out)` returns **one entry for each argument of forward**, in the same order: a gradient, or `None` for what is no tensor.
#
# `ctx.needs_input_grad[k]` says whether anybody wants the gradient of argument $k$; if not, return `None` and save the work.
# You call it by `.apply`.

# %%
class Power(torch.autograd.Function):
    """x to a whole power."""

    @staticmethod
    def forward(ctx, x, power):
        ctx.save_for_backward(x)
        ctx.power = power
        return x**power

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        return grad_out * ctx.power * x ** (ctx.power - 1), None  # None: the power is no tensor


x = random(3).requires_grad_()
torch.autograd.grad(Power.apply(x, 3).sum(), x)[0] / x.detach() ** 2

# %% [markdown]
# `torch.autograd.gradcheck` does what you have done above: central differences, entry by entry, against the backward pass.
# Its step is $10^{-6}$, and it accepts $|a - n| \le 10^{-5} + 10^{-3} |n|$: made for float64, so give it float64.
# It stops with an error that shows both Jacobians.
# In float32 it often fails on a *right* backward.

# %%
print("float64:", torch.autograd.gradcheck(Power.apply, (x, 3)))
with warnings.catch_warnings(action="ignore"):  # PyTorch warns of what the next line shows
    print("float32:", torch.autograd.gradcheck(Power.apply, (x.detach().float().requires_grad_(), 3), raise_exception=False))
print("relu at 0:", torch.autograd.gradcheck(torch.relu, torch.zeros(1).double().requires_grad_(), raise_exception=False))

# %% [markdown]
# ## Stretch: your layer inside PyTorch
#
# Now everything comes together: your backward pass, called by PyTorch, in a network that learns.
#
# ### Exercise (stretch): the convolution as an autograd function
#
# Write the class, to be called as `ConvFunction.apply(images, weight, bias, stride, padding)`; `bias` may be `None`.
# For the forward pass use `F.conv2d`; for the backward pass your `conv2d_backward`, or a better one.
# Return `None` for what is no tensor and for what nobody asks for.
# The check compares the gradients, runs `gradcheck`, looks at what your backward returns, and trains a tiny network.

# %% exercise="ConvFunction"
class ConvFunction(torch.autograd.Function):
    """The convolution layer with a backward of our own."""

    @staticmethod
    def forward(ctx, images, weight, bias, stride, padding):
        ### BEGIN SOLUTION
        ctx.save_for_backward(images, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(images, weight, bias, stride, padding)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_out):
        ### BEGIN SOLUTION
        images, weight = ctx.saved_tensors
        gradients = conv2d_backward(grad_out, images, weight, ctx.stride, ctx.padding)
        wanted = [g if needed else None for g, needed in zip(gradients, ctx.needs_input_grad[:3], strict=True)]
        return (*wanted, None, None)
        ### END SOLUTION

# %% check="ConvFunction"
check.ConvFunction(ConvFunction)

# %% [markdown]
# Here it trains, on small grey squares cut from sixteen photographs (lesson 06 does this in earnest), beside PyTorch's own layer from the same start.
# Until yours is written, PyTorch's layer stands in for it.

# %%
patches = load_photo_patches(size=32, train_per_class=16, val_per_class=1)
squares = torch.as_tensor(patches.train.images).double() / 255 - 0.5  # (256, 1, 32, 32)
classes = torch.as_tensor(patches.train.labels).long()


def train(layer, steps=25):
    """The loss before each step of gradient descent on all squares at once."""
    kernel, bias, last = random(6, 1, 5, 5) / 5, torch.zeros(6).double(), random(216, 16, seed=1) / 15
    parameters, losses = [p.requires_grad_() for p in (kernel, bias, last)], []
    for _ in range(steps):
        maps = F.max_pool2d(layer(squares, kernel, bias, 2, 0).relu(), 4, 2)  # (256, 6, 6, 6)
        loss = F.cross_entropy(maps.flatten(1) @ last, classes)
        losses.append(loss.item())
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.data -= 0.5 * gradient
    return losses

# %% output="varies"
theirs = train(F.conv2d)
try:
    ours = train(ConvFunction.apply)
except NotImplementedError:
    ours = theirs
print(f"loss {ours[0]:.4f} at the start, {ours[-1]:.4f} after {len(ours) - 1} steps")
print(f"largest difference from PyTorch's own layer: {max(abs(a - b) for a, b in zip(ours, theirs, strict=True)):.0e}")

# %% [markdown]
# ## What you now know
#
# - The gradient of a layer's bias is a sum of $g$, that of its weight a cross-correlation of the image with $g$, that of its input a true convolution of $g$ with the kernel.
# - The backward pass of a linear map is its adjoint: padding becomes cropping, stride becomes spreading, copying becomes adding. $\langle y, Cx \rangle = \langle C^\top y, x \rangle$ with random tensors tests it.
# - A stride spreads $g$, leaves rows over that get zero, and the padding is cropped at the end. Max-pooling sends $g$ to the winner, adding where windows overlap; a tie may be split in any shares from 0 to 1 that add up to 1.
# - A numerical check wants central differences, float64, a step near $10^{-5}$, a relative error, and no kinks.
# - An `autograd.Function` is a forward and a backward; `gradcheck` compares the two.
# - A wrong backward pass need not crash. Only a test that can fail finds it.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# A check is as good as its inputs.
# The exercises of a well-known course let you write max-pooling backwards and compare it with a numerical gradient.
# Its windows are 2 × 2 with stride 2: they touch and never overlap.
# An answer that writes `=` where `+=` is needed passes.
# Networks do overlap them: AlexNet pools 3 × 3 windows with stride 2 (Krizhevsky and others, 2012).

# %%
def overwriting(grad_out, images, kernel_size, stride):
    """Max-pooling backwards with `=`: a pixel keeps what the last window wrote."""
    grad_images = torch.zeros_like(images)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            top, left = i * stride, j * stride
            place = images[0, 0, top : top + kernel_size, left : left + kernel_size].argmax().item()
            grad_images[0, 0, top + place // kernel_size, left + place % kernel_size] = grad_out[0, 0, i, j]
    return grad_images

# %% [markdown]
# ### Exercise, bug hunt: convict it
#
# Return a dictionary with a test that convicts this code: `"kernel_size"`, `"stride"` and `"images"`, a float tensor of shape $(1, 1, H, W)$ with $H$ and $W$ at most 6.
# With all of `grad_out` equal to 1, `overwriting` must give another gradient than it should.
# No two pixels may be equal: a tie would blur the verdict.

# %% exercise="overlap_witness"
def overlap_witness():
    """A dictionary: "stride" and "kernel_size" (whole numbers), "images" (1, 1, H, W)."""
    ### BEGIN SOLUTION
    return {"stride": 1, "kernel_size": 2, "images": torch.tensor([[[[0.0, 9.0, 1.0], [2.0, 3.0, 4.0]]]])}
    ### END SOLUTION

# %% check="overlap_witness"
check.overlap_witness(overlap_witness)

# %% [markdown]
# ### A block that learns, a little wrong
#
# A popular article writes the layer's formula as the true convolution and describes a sliding dot product (lesson 02).
# Whoever differentiates the printed formula gets a correct gradient of *another* layer.
# The code below was put together for this lesson: it has that fault and three more that people make.

# %% [markdown]
# The block is a layer with stride 1 and no padding, a ReLU, and the mean of each map:
#
# $$z = \mathrm{conv}(\text{images}) + \text{bias}, \qquad \text{out}[n, o] = \frac{1}{H_\text{out} W_\text{out}} \sum_{i, j} \max(0, z[n, o, i, j])$$
#
# A ReLU, $\max(0, z)$, has slope 1 where $z > 0$ and 0 where $z < 0$.
# Given $\partial L / \partial\, \text{out}$, shape $(N, C_\text{out})$, the code returns three gradients.
# Each has the right shape, and the loss may even fall.

# %%
def published_backward(grad_out, images, weight, bias):
    """Gradients by images, weight and bias: four faults."""
    z = F.conv2d(images, weight, bias)  # (N, C_out, H_out, W_out)
    grad_z = grad_out[:, :, None, None].expand_as(z)
    grad_z = grad_z * (grad_z > 0)
    rows, columns = weight.shape[2:]
    framed = F.pad(grad_z, (columns - 1, columns - 1, rows - 1, rows - 1))
    grad_images = F.conv2d(framed, weight.transpose(0, 1))
    grad_weight = F.conv2d(images.transpose(0, 1), grad_z.transpose(0, 1)).transpose(0, 1)
    grad_bias = grad_z.sum(dim=(2, 3)).mean(dim=0)
    return grad_images, grad_weight, grad_bias


published = published_backward(random(4, 3), random(4, 2, 6, 5, seed=1), random(3, 2, 3, 2, seed=2), random(3, seed=3))
[tuple(gradient.shape) for gradient in published]

# %% [markdown]
# ### Exercise, bug hunt: mend the block
#
# Copy the code into the cell below and mend all four faults.
# Write down the formula of each line first, or let a numerical gradient point at the line.
# (The line that computes `grad_weight` is right, apart from what it is given.)

# %% exercise="block_backward"
def block_backward(grad_out, images, weight, bias):
    """The mended code. grad_out: (N, C_out). images: (N, C_in, H, W). Returns three gradients."""
    ### BEGIN SOLUTION
    z = F.conv2d(images, weight, bias)  # (N, C_out, H_out, W_out)
    grad_z = grad_out[:, :, None, None] / (z.shape[2] * z.shape[3])
    grad_z = grad_z * (z > 0)
    rows, columns = weight.shape[2:]
    framed = F.pad(grad_z, (columns - 1, columns - 1, rows - 1, rows - 1))
    grad_images = F.conv2d(framed, weight.flip(2, 3).transpose(0, 1))
    grad_weight = F.conv2d(images.transpose(0, 1), grad_z.transpose(0, 1)).transpose(0, 1)
    return grad_images, grad_weight, grad_z.sum(dim=(0, 2, 3))
    ### END SOLUTION

# %% check="block_backward"
check.block_backward(block_backward)

# %% output="varies"
check.progress()

# %% [markdown]
# ## References
#
# - David E. Rumelhart, Geoffrey E. Hinton and Ronald J. Williams, *Learning representations by back-propagating errors*, Nature 323, 1986.
# - Yann LeCun and others, *Backpropagation Applied to Handwritten Zip Code Recognition*, Neural Computation 1(4), 1989.
# - Jon F. Claerbout, *Earth Soundings Analysis: Processing versus Inversion*, Blackwell Scientific Publications, 1992.
# - Jorge Nocedal and Stephen J. Wright, *Numerical Optimization*, second edition, Springer, 2006; chapter 8 for finite differences.
# - Alex Krizhevsky, Ilya Sutskever and Geoffrey E. Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, NIPS 2012.
# - Vincent Dumoulin and Francesco Visin, *A guide to convolution arithmetic for deep learning*, arXiv:1603.07285, 2016.
# - Atılım Güneş Baydin, Barak A. Pearlmutter, Alexey Andreyevich Radul and Jeffrey Mark Siskind, *Automatic Differentiation in Machine Learning: a Survey*, Journal of Machine Learning Research 18(153), 2018.
