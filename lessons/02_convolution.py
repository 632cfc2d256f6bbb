# ---
# jupyter:
#   course:
#     lesson: 02_convolution
#     minutes: 200
#     prerequisites: []
#     title: Convolution
#   jupytext:
#     cell_metadata_filter: course,nbgrader,tags,-all
#     formats: ipynb,py:percent
#     notebook_metadata_filter: course,kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Convolution
#
# *About 200 minutes, no lesson needed before.* [Open in Colab](https://colab.research.google.com/github/OWNER/from-convolution-to-imagenet/blob/main/lessons/02_convolution.ipynb) · [Launch on Binder](https://mybinder.org/v2/gh/OWNER/from-convolution-to-imagenet/main?urlpath=lab/tree/lessons/02_convolution.ipynb)
#
# Everything that a convolutional network knows about pictures goes through one small operation.
# In this lesson you write that operation yourself, first for nine pixels on paper, then for whole batches of colour photographs, and you end with code that gives PyTorch's numbers up to rounding.
# On the way you will meet a formula that many texts print the other way round.
#
# You need Python, NumPy, a little PyTorch (tensors, indexing, shapes) and sums with two indices.
# Where a cell uses gradients, it only uses PyTorch's `autograd` to measure something; lesson 03 explains them.

# %% course={"role": "setup"}
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/OWNER/from-convolution-to-imagenet@main"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)

# %% [markdown]
# **You will be able to**
#
# - compute one output of a convolution by hand and a whole one in code;
# - tell convolution from cross-correlation, and say when the difference matters;
# - predict the output size for any kernel, stride, padding and dilation;
# - write the full layer with channels and bias, and again as one matrix product;
# - count what a layer costs and how far one of its outputs sees;
# - show on a photograph what happens to the output when the picture moves.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as F

from course_utils.checks.convolution import check
from course_utils.data import load_photograph
from course_utils.plots import compare_images, show_image, show_matrix, with_text
from course_utils.widgets import convolution_stepper, filter_gallery

# %% [markdown]
# ## A photograph is a grid of numbers
#
# A grey photograph is a table of brightness: 0 is black, 1 is white.
# PyTorch keeps it as a tensor of shape (channels, height, width), and row 0 is at the top.
# This is Chelsea, a cat whose picture comes with the scikit-image package.

# %%
photo = load_photograph("chelsea", size=150, grey=True)  # (1, 150, 226)
plane = photo[0]  # (150, 226)
with_text(show_image(photo, "Chelsea, 150 × 226 grey pixels"), "A grey photograph of a cat's face.")

# %% tags=["nbval-ignore-output"]
plane[58:62, 95:101]  # 4 × 6 pixels of it

# %% [markdown]
# ## Slide, multiply, add
#
# A **kernel** is a small table of numbers, often 3 × 3.
# Lay it on a window of the photograph, multiply each pixel by the kernel's number that lies on it, and add the products.
# That sum is *one* pixel of the output.
# Then slide the kernel one pixel to the right and do it again.
#
# With an image of shape $(H, W)$ and a kernel of shape $(K_h, K_w)$, output pixel $(i, j)$ is
#
# $$\text{out}[i, j] \;=\; \sum_{a=0}^{K_h-1} \sum_{b=0}^{K_w-1} \text{kernel}[a, b]\;\text{image}[i + a,\; j + b].$$
#
# The index $(i, j)$ says where the window starts; $(a, b)$ walks inside it.

# %%
window = torch.tensor([[0.9, 0.9, 0.2], [0.9, 0.8, 0.1], [0.9, 0.9, 0.1]])
edge = torch.tensor([[1.0, 0.0, -1.0], [1.0, 0.0, -1.0], [1.0, 0.0, -1.0]])

figure, axes = plt.subplots(1, 3, figsize=(7.5, 2.7), layout="constrained")
show_matrix(window, "window: bright | dark", ax=axes[0])
show_matrix(edge, "kernel: left minus right", ax=axes[1])
show_matrix(window * edge, f"products, sum {(window * edge).sum():.1f}", ax=axes[2])
with_text(
    figure,
    "Three 3 by 3 tables: a window that is bright on the left, a kernel that subtracts right from left, "
    "and their products, whose sum is large.",
)

# %% [markdown]
# The kernel asks a question: *how much brighter is the left than the right?*
# Here the answer is large, because an edge runs through the window.
# Because this kernel's numbers add up to zero, a smooth part of the picture gives an answer near zero.
#
# Move the slider below and watch one output pixel appear for each position.
# The figure opens with a kernel of the opposite sign: it asks how much brighter the *right* is.
# Change the kernel, and predict the next output before you slide.

# %% tags=["nbval-ignore-output"]
convolution_stepper()


# %% [markdown]
# ### Exercise: one pixel by hand
#
# *1 point · about 3 minutes*
#
# Take paper.
# Lay this kernel on this window as it stands, and write down the one number that comes out.
#
# $$\text{window} = \begin{pmatrix} 1 & 2 & 0 \\ 0 & 1 & 3 \\ 2 & 0 & 1 \end{pmatrix} \qquad \text{kernel} = \begin{pmatrix} 1 & 0 & -1 \\ 2 & 1 & 0 \\ 0 & 3 & 1 \end{pmatrix}$$
#
# Write your answer, and any helper function it needs, into the cell below: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.

# %% course={"exercise": "one_pixel", "role": "answer"} nbgrader={"grade": false, "grade_id": "one_pixel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def one_pixel():
    """Return the output pixel as a number."""
    raise NotImplementedError


# %% course={"exercise": "one_pixel", "role": "check"} nbgrader={"grade": true, "grade_id": "check-one_pixel", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 1}
check.one_pixel(one_pixel)


# %% [markdown]
# ### Exercise: slide it over the whole image
#
# *2 points · about 15 minutes*
#
# Write the formula above as code, for one grey image and one kernel, with plain loops.
# Only positions count where the whole kernel lies inside the image, so the output is a little smaller than the image.
# Do not use `conv2d` or another ready-made convolution; slow is fine today.

# %% course={"exercise": "cross_correlate", "role": "answer"} nbgrader={"grade": false, "grade_id": "cross_correlate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_correlate(image, kernel):
    """Slide `kernel` over `image`.

    image: float tensor (height, width). kernel: float tensor (rows, columns).
    Returns a float tensor (height - rows + 1, width - columns + 1).
    """
    raise NotImplementedError


# %% course={"exercise": "cross_correlate", "role": "check"} nbgrader={"grade": true, "grade_id": "check-cross_correlate", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.cross_correlate(cross_correlate)

# %% [markdown]
# Try it on a cat: `with_text(show_image(cross_correlate(plane, edge), signed=True), "edges")` in a cell of your own.

# %% [markdown]
# ### What kernels see
#
# PyTorch's `F.conv2d` does the same, with two more dimensions that we come to soon: one for the images of a batch and one for channels.
# Here are three famous kernels at work.
# The first averages nine pixels, the second subtracts left from right (Sobel and Feldman's kernel, from a talk of 1968), the third exaggerates every difference from the neighbours.

# %%
blur = torch.full((3, 3), 1 / 9)
sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
sharpen = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]])
kernels = torch.stack([blur, sobel, sharpen])[:, None]  # (3, 1, 3, 3): three kernels, one channel each

filtered = F.conv2d(photo[None], kernels)[0]  # (3, 148, 224)
with_text(
    compare_images({"photograph": plane, "blur": filtered[0], "Sobel": filtered[1],
                    "sharpen": filtered[2].clamp(0, 1)}, columns=2, inches=2.1),
    "The cat four times: as it is, softened, as vertical edges in two colours for their two directions, sharpened.",
)  # fmt: skip

# %% [markdown]
# Nobody will choose the kernels of a network by hand.
# They start as random numbers, and training turns them into whatever questions help to tell the classes apart.
# That is the whole plan of this course: fix the operation, learn the kernels.

# %% [markdown]
# ## Convolution or cross-correlation?
#
# Now for the confession.
# The operation that you wrote is not what mathematicians call convolution.
# Theirs, written $*$, reads kernel and image in opposite directions:
#
# $$(\text{image} * \text{kernel})[i, j] \;=\; \sum_{a} \sum_{b} \text{kernel}[a, b]\;\text{image}[i - a,\; j - b].$$
#
# Every pixel outside the image counts as zero.
# Note the two minus signs: as $a$ grows, the kernel walks *down* while the image walks *up*.
# What you wrote, with plus signs, is called **cross-correlation**.

# %% [markdown]
# Why would anyone read backwards?
# Because the minus signs give the operation the rules of a product: $f * g = g * f$ and $(f * g) * h = f * (g * h)$.
# It is how polynomials are multiplied, and numbers too, apart from the carries.
# In $(1 + 2x + 3x^2)(1 + 10x)$, the coefficient of $x^i$ collects all products whose powers add up to $i$: $\sum_a g[a]\, f[i - a]$.

# %%
np.convolve([1, 2, 3], [1, 10])  # coefficients of (1 + 2x + 3x²)(1 + 10x)

# %% [markdown]
# The two operations are close relatives.
# Count the kernel from its other end: put $a = K_h - 1 - a'$ and $b = K_w - 1 - b'$ into the convolution, and let $a'$ and $b'$ run over the same range.
#
# $$\sum_{a'} \sum_{b'} \text{kernel}[K_h - 1 - a',\; K_w - 1 - b']\;\; \text{image}[i - (K_h - 1) + a',\; j - (K_w - 1) + b']$$
#
# The image has its plus signs back, the kernel is turned by half a turn (both axes flipped), and the window starts $K_h - 1$ rows and $K_w - 1$ columns earlier.
# So **a convolution is a cross-correlation with the turned kernel**, its output shifted.
#
# Which of the two does a layer compute?
# Ask it, with a kernel that is not symmetric.

# %%
from scipy.signal import convolve2d, correlate2d

random = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
exact = plane.double()
layer = F.conv2d(exact[None, None], random[None, None])[0, 0]

for name, operation in {"cross-correlation": correlate2d, "convolution": convolve2d}.items():
    same = np.allclose(layer, operation(exact, random, mode="valid"))
    flipped = np.allclose(layer, operation(exact, random.flip(0, 1), mode="valid"))
    print(f"F.conv2d equals SciPy's {name}: {same}; with the kernel turned: {flipped}")

# %% [markdown]
# A layer called `conv2d` computes the cross-correlation.
# For *learning* this does not matter.
# Take a network that flips its kernels, start it from our kernels turned by half a turn, and show it the same examples.
# Its gradients are turned too, and so is every step of training: it learns our kernels, stored the other way round.
# Let us watch two such layers learn Sobel's kernel from noise and what Sobel's kernel makes of it.

# %%
noise = torch.randn(1, 1, 40, 40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

def learn(flip, steps=50):
    """Gradient descent on a 3 × 3 kernel until its output looks like Sobel's."""
    target = F.conv2d(noise, sobel.double()[None, None])
    stored = random.flip(0, 1) if flip else random  # (3, 3)
    for _ in range(steps):
        stored = stored.detach().requires_grad_()
        used = stored.flip(0, 1) if flip else stored
        loss = (F.conv2d(noise, used[None, None]) - target).square().mean()
        (gradient,) = torch.autograd.grad(loss, stored)
        stored = stored - 0.2 * gradient
    return stored.detach()

figure, axes = plt.subplots(1, 2, figsize=(5.4, 2.9), layout="constrained")
show_matrix(learn(flip=False), "learnt by a layer", digits=1, ax=axes[0])
show_matrix(learn(flip=True), "learnt by one that flips", digits=1, ax=axes[1])
with_text(figure, "Two tables of learnt weights: the first is Sobel's kernel, the second the same kernel turned by half a turn.")


# %% [markdown]
# For a *formula* it does matter.
# If you take Sobel's kernel from a book and the code flips it, every edge gets the wrong sign.
# If you copy trained weights into a framework that flips, as Theano did, and do not turn the kernels, the network computes something else.
# And the gradient with respect to a layer's *input*, which you will derive in lesson 03, is (with stride 1) a genuine convolution: then you will want to know which kernel is turned.

# %% [markdown]
# ## How large is the output?
#
# Besides the image's own size four numbers decide it, and each answers a wish.
# **Padding** $P$: rows and columns of zeros around the image, so that the border is not lost.
# **Stride** $S$: how far the window moves from one output to the next, so that the output gets smaller.
# **Dilation** $D$: the distance in pixels between neighbouring numbers of the kernel (1: they touch), so that it reaches further without more weights.
# And the kernel's size $K$ itself.
#
# Everything happens in each direction by itself, so think of one row of $H$ pixels.

# %%
def draw_windows(size, kernel, stride, padding, dilation, ax):
    """A row of pixels (padding in grey); below it one line for each window, with a dot on each pixel it reads."""
    span = range(-padding, size + padding)
    ax.bar(span, 0.8, 0.92, color=["#56B4E9" if 0 <= x < size else "#DDDDDD" for x in span])
    reads = [range(x, x + dilation * kernel, dilation) for x in span[::stride]]
    reads = [window for window in reads if window[-1] < size + padding]
    for number, window in enumerate(reads, 1):
        ax.plot(window, [-0.5 * number] * kernel, "o-", color="#D55E00")
    title = f"kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}: {len(reads)} windows"
    limits = {"xlim": (-1.8, size + 0.8), "ylim": (-0.5 * len(reads) - 0.4, 1)}
    ax.set(title=title, xlabel="pixel", xticks=range(size), yticks=[], **limits)

figure, axes = plt.subplots(3, 1, figsize=(6.5, 6), layout="constrained")
draw_windows(8, 3, 2, 0, 1, axes[0])
draw_windows(8, 3, 2, 1, 1, axes[1])
draw_windows(8, 3, 1, 0, 2, axes[2])
with_text(figure, "A row of eight pixels three times, with the windows of three that fit: three of them with stride 2 and pixel 7 never read, four with padding, four with dilation 2.")

# %% [markdown]
# Count the windows, one step at a time.
#
# 1. A kernel of $K$ numbers has $K - 1$ steps of $D$ pixels between them, so it **spans** $D(K - 1) + 1$ pixels.
# 2. Padding on *both* sides makes the row $H + 2P$ pixels long.
# 3. The first window starts at 0. The last one that fits starts at $T = H + 2P - \big(D(K - 1) + 1\big)$.
# 4. Windows start at $0, S, 2S, \dots$ and none starts after $T$: that is $\lfloor T / S \rfloor$ steps, and one more window than steps.
#
# $$H_\text{out} \;=\; \left\lfloor \frac{H + 2P - D(K - 1) - 1}{S} \right\rfloor + 1$$

# %% [markdown]
# The floor is not a detail: what is left over at the far end, pixels or padding, is never seen.
# (If $T < 0$ no window fits at all, and PyTorch refuses.)
#
# Try it on the photograph.
# Which padding keeps the size for a 3 × 3 kernel?
# What does stride 2 do to the thin lines?
# (One row and column on each side; and lines thinner than the stride break up.)

# %% tags=["nbval-ignore-output"]
filter_gallery(photo)


# %% [markdown]
# ### Exercise: the output size
#
# *2 points · about 10 minutes*
#
# Write the function for one direction.
# The answer is a whole number: an `int`, as PyTorch needs it for shapes.

# %% course={"exercise": "output_size", "role": "answer"} nbgrader={"grade": false, "grade_id": "output_size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    """How many windows fit along one direction; all arguments and the result are ints."""
    raise NotImplementedError


# %% course={"exercise": "output_size", "role": "check"} nbgrader={"grade": true, "grade_id": "check-output_size", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.output_size(output_size)

# %% [markdown]
# ## Many channels
#
# A colour photograph has three channels, and inside a network there are hundreds.
# A layer's kernel therefore has a slice for every input channel.
# Each slice slides over its own channel, and the results are **added up** into a single map.
# For a second output map the layer owns a second kernel, with slices of its own.
#
# A layer's `weight` thus has the shape $(C_\text{out}, C_\text{in}, K_h, K_w)$, and its `bias` has one number for each output channel, $(C_\text{out},)$.

# %%
colour = load_photograph("astronaut", size=150)  # (3, 150, 150)
weight = torch.tensor([1.0, -0.6, -0.6])[:, None, None] * torch.ones(3, 5, 5) / 25  # (3, 5, 5)
slices = F.conv2d(colour[None], weight[:, None], groups=3)[0]  # (3, 146, 146); groups: each slice keeps to its channel

with_text(
    compare_images({"photograph": colour, "red × 1": slices[0], "green × −0.6": slices[1],
                    "blue × −0.6": slices[2], "added up": slices.sum(0)}, columns=3, inches=1.9),
    "An astronaut in an orange suit; what the kernel's three slices make of red, green and blue; their sum, strongly positive on the orange suit and on the flag's red stripes, weakly on hair and rocket.",
)  # fmt: skip


# %% [markdown]
# No single slice finds what is red or orange; their sum does: the suit and the stripes of the flag.
# It is positive where red exceeds six tenths of green and blue together: a question that no filter on one channel can ask.
#
# Now the whole layer, for a batch of $N$ images.
# Write $x$ for the padded images; $n$ counts images, $o$ output channels, $c$ input channels:
#
# $$\text{out}[n, o, i, j] \;=\; \text{bias}[o] \;+\; \sum_{c=0}^{C_\text{in}-1} \sum_{a=0}^{K_h-1} \sum_{b=0}^{K_w-1} \text{weight}[o, c, a, b]\; x[n,\, c,\, iS + aD,\, jS + bD]$$
#
# The bias stands outside all three sums.

# %% [markdown]
# In code, `torch.einsum` writes such sums down as they stand: `einsum("nchw,ochw->no", u, v)` multiplies where letters agree and adds up over every letter that is missing on the right of the arrow, here $c$, $h$ and $w$.

# %% [markdown]
# ### Exercise: the layer
#
# *3 points · about 25 minutes*
#
# Write it, without dilation, with loops over the output's rows and columns at most.
# `stride` and `padding` are single numbers that hold for both directions.
# `F.pad` and `torch.einsum` are welcome; `F.conv2d`, `nn.Conv2d` and `F.unfold` are not.

# %% course={"exercise": "conv2d", "role": "answer"} nbgrader={"grade": false, "grade_id": "conv2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d(images, weight, bias=None, stride=1, padding=0):
    """The convolution layer.

    images: (N, C_in, H, W). weight: (C_out, C_in, KH, KW). bias: (C_out,) or None.
    Returns (N, C_out, H_out, W_out).
    """
    raise NotImplementedError


# %% course={"exercise": "conv2d", "role": "check"} nbgrader={"grade": true, "grade_id": "check-conv2d", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.conv2d(conv2d)

# %% [markdown]
# Here is your layer on the photograph, all three channels at once; PyTorch's own layer stands in until yours is written.

# %%
try:
    suit = conv2d(colour[None], weight[None])
except NotImplementedError:
    suit = F.conv2d(colour[None], weight[None])
torch.allclose(suit[0, 0], slices.sum(0), atol=1e-5)

# %% [markdown]
# ### Two special cases worth knowing
#
# **A 1 × 1 kernel** looks at one pixel and mixes its channels: the same small linear map at every pixel.
# You will meet it as the cheap way to change the number of channels.
#
# **Groups** cut the channels into $G$ packets that do not see each other.
# With $G = C_\text{in}$ every channel is filtered alone, as in the three slices above; that is called *depthwise*.

# %%
mix = torch.randn(8, 3, 1, 1)
by_layer = F.conv2d(colour[None], mix)[0]  # (8, 150, 150)
by_matrix = torch.einsum("oc,chw->ohw", mix[:, :, 0, 0], colour)
torch.allclose(by_layer, by_matrix, atol=1e-5)

# %% [markdown]
# ## What a layer costs
#
# Two counts matter.
# **Parameters** are the numbers that are learnt and stored.
# **Multiply-adds** are the work for one image: each product together with the addition that collects it counts as one.
#
# An output channel sees $C_\text{in}/G$ input channels, so it owns $\frac{C_\text{in}}{G} K_h K_w$ weights, and one bias.
# Every output *pixel* uses all of them once.
# So the number of parameters does not depend on the picture's size, but the work does: it is the number of weights times the number of output positions.

# %% [markdown]
# Two savings meet here: an output sees only a small window, and all positions share one kernel.
# Compare three layers that turn a 3 × 150 × 226 photograph into 16 maps of the same size.
# The first connects every output with every input; the second gives every output position a small kernel of its own; the third is the convolution.

# %%
pixels = 150 * 226
connected = (3 * pixels) * (16 * pixels) + 16 * pixels
local = 16 * pixels * (3 * 3 * 3 + 1)
shared = 16 * (3 * 3 * 3 + 1)
print(f"fully connected {connected:,}\nsmall windows   {local:,}, {connected / local:,.0f} times fewer")
print(f"convolution     {shared:,}, another {local / shared:,.0f} times fewer")


# %% [markdown]
# ### Exercise: count parameters and multiply-adds
#
# *2 points · about 10 minutes*
#
# Return both counts of one layer, for one image.
# Adding the bias multiplies nothing, so it does not count as a multiply-add.

# %% course={"exercise": "count_parameters_and_macs", "role": "answer"} nbgrader={"grade": false, "grade_id": "count_parameters_and_macs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_parameters_and_macs(in_channels, out_channels, kernel_size, output_size, groups=1, bias=True):
    """Return (parameters, multiply_adds), two ints.

    kernel_size: (rows, columns). output_size: (height, width) of the layer's output.
    """
    raise NotImplementedError


# %% course={"exercise": "count_parameters_and_macs", "role": "check"} nbgrader={"grade": true, "grade_id": "check-count_parameters_and_macs", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.count_parameters_and_macs(count_parameters_and_macs)

# %% [markdown]
# ## Windows without copying
#
# Python loops are slow because every turn has an overhead of its own.
# The first way out is to let PyTorch show all windows at once.
# `unfold` makes a *view*: no pixel is copied, only the way of counting through memory changes.
# Look at the memory strides (another kind of stride): how many memory cells lie from one index to the next.

# %%
batch = torch.rand(4, 3, 32, 32)
filters = torch.randn(16, 3, 3, 3)
windows = batch.unfold(2, 3, 1).unfold(3, 3, 1)  # (4, 3, 30, 30, 3, 3)
print(tuple(windows.shape), windows.stride(), "same memory:", windows.data_ptr() == batch.data_ptr())

# %% [markdown]
# A step to the next output row and a step to the next row inside a window have the same stride, 32 cells.
# That is how overlapping windows can share their pixels.
# One `einsum` then does the sum over channels and window.
# (The view costs nothing. Inside `einsum` PyTorch copies the windows after all, to be able to multiply matrices; the next section does the same openly.)

# %%
by_view = torch.einsum("nchwab,ocab->nohw", windows, filters)  # (4, 16, 30, 30)
torch.allclose(by_view, F.conv2d(batch, filters), atol=1e-4)

# %% [markdown]
# ## One matrix product
#
# Processors multiply matrices faster than they do almost anything else.
# So lay the problem out as one: copy every window into a **column** of $C_\text{in} K_h K_w$ numbers, and every kernel into a **row**.
# All outputs are then the product of the two matrices.
#
# $$\underbrace{\text{out}}_{C_\text{out} \times L} \;=\; \underbrace{\text{rows of weight}}_{C_\text{out} \times C_\text{in} K_h K_w}\;\; \underbrace{\text{columns}}_{C_\text{in} K_h K_w \times L} \qquad L = H_\text{out} W_\text{out}$$
#
# The trick is known as *im2col*; Chellapilla, Puri and Simard used it for convolutional networks in 2006.
# It costs memory: with stride 1 every pixel is copied about $K_h K_w$ times.

# %%
small = torch.arange(1.0, 25.0).reshape(1, 2, 3, 4)  # one image, two channels
columns = F.unfold(small, kernel_size=2)  # (1, 8, 6): eight numbers a window, six windows
figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.9), layout="constrained", width_ratios=[4, 4, 6])
for channel in (0, 1):
    show_matrix(small[0, channel], f"channel {channel}", digits=0, highlight=[(0, 1, 2, 2)], ax=axes[channel])
show_matrix(columns[0], "columns of the 2 × 2 windows", digits=0, highlight=[(0, 1, 8, 1)],
            xlabel="window", ylabel="place in the column", ax=axes[2])  # fmt: skip
with_text(figure, "Two channels of a 3 by 4 image with one 2 by 2 window framed, and a table whose framed column lists that window: first the four numbers of channel 0, then those of channel 1.")


# %% [markdown]
# ### Exercise: the layer as one matrix product
#
# *3 points · about 20 minutes*
#
# Write the layer again, without any loop over pixels or channels: columns, one product, one reshape.
# `F.unfold` (which makes the columns) or `tensor.unfold` (the view above) are both allowed.
# Mind the order in which numbers lie inside a column.

# %% course={"exercise": "conv2d_im2col", "role": "answer"} nbgrader={"grade": false, "grade_id": "conv2d_im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_im2col(images, weight, bias=None, stride=1, padding=0):
    """The convolution layer as a matrix product; arguments and result as in conv2d."""
    raise NotImplementedError


# %% course={"exercise": "conv2d_im2col", "role": "check"} nbgrader={"grade": true, "grade_id": "check-conv2d_im2col", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.conv2d_im2col(conv2d_im2col)


# %% [markdown]
# How much does each step gain on *your* machine?
# The cell below times four ways to compute the same layer, and prints each time divided by that of `F.conv2d`.

# %%
def by_loops(images, weight):
    height, width = images.shape[2] - 2, images.shape[3] - 2
    out = torch.empty(len(images), len(weight), height, width)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = torch.einsum("nchw,ochw->no", images[:, :, i : i + 3, j : j + 3], weight)
    return out

def by_windows(images, weight):
    return torch.einsum("nchwab,ocab->nohw", images.unfold(2, 3, 1).unfold(3, 3, 1), weight)

def by_columns(images, weight):
    return (weight.flatten(1) @ F.unfold(images, 3)).unflatten(2, (images.shape[2] - 2, -1))


# %% tags=["nbval-ignore-output"]
def seconds(function, repeats=10):
    """The fastest of several calls, after one to warm up."""
    function(batch, filters)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(batch, filters)
        times.append(time.perf_counter() - start)
    return min(times)

threads = torch.get_num_threads()
torch.set_num_threads(1)  # on so small a layer several threads would mostly wait for each other
timed = {f.__name__: seconds(f) for f in (by_loops, by_windows, by_columns, F.conv2d)}
torch.set_num_threads(threads)
for name, each in timed.items():
    print(f"{name:12s} {each / timed['conv2d']:8.1f} times the time of F.conv2d")

# %% [markdown]
# Leaving the Python loops is what gains speed.
# Which of the two in the middle wins depends on the sizes and on the machine; PyTorch's own layer chooses among several methods.

# %% [markdown]
# ## How far does one output see?
#
# One output of a 3 × 3 layer depends on 3 × 3 pixels.
# An output of a *second* 3 × 3 layer depends on 3 × 3 of those, which together cover 5 × 5 pixels.
# The smallest rectangle that holds all pixels that can change an output is its **receptive field**.
# (Dilation, or a stride larger than the kernel, can leave holes in it.)
#
# Walk through the layers and keep two numbers: the field $r$, and the **jump** $d$, the distance in pixels between two neighbouring outputs.
# Before the first layer $r = 1$ and $d = 1$.

# %% [markdown]
# A layer with kernel $K$, stride $S$ and dilation $D$ looks at inputs that span $D(K - 1)$ steps, and each step is $d$ pixels long:
#
# $$r \leftarrow r + D(K - 1)\, d \qquad\text{then}\qquad d \leftarrow d\, S.$$
#
# The order matters.
# A layer's own stride moves its windows apart; it does not widen them.
# It widens the steps of every layer that comes *after*.
#
# You can also measure a receptive field: which pixels have a gradient?
# (All weights are positive here, so that nothing cancels.)

# %%
probe = torch.zeros(1, 1, 11, 11, requires_grad=True)
deep = probe
for _ in range(4):
    deep = F.conv2d(deep, torch.ones(1, 1, 3, 3))  # four 3 × 3 layers without stride; every weight is 1
deep[0, 0, 1, 1].backward()
paths = probe.grad[0, 0]  # (11, 11)
seen = paths.nonzero()
print("rows", seen[:, 0].min().item(), "to", seen[:, 0].max().item(), "of the picture move this output")

# %%
ax = show_matrix(paths, "Paths from each pixel to one output of the fourth layer", digits=0, fontsize=8)
with_text(ax, "A table of 11 by 11 counts: zero in the outer ring, 1 in the corners of the 9 by 9 square inside it, 361 in the middle.")


# %% [markdown]
# Four layers see 9 × 9 pixels: $1 + 4 \cdot 2$.
# But they do not see them all equally.
# All weights are 1 here, so the gradient counts the *paths* from a pixel to the output: one from a corner, 361 from the middle.
# Luo and others (2016) found the same bell in deep networks before training: the *effective* receptive field fills only a part of the theoretical one.
# Training can widen it.

# %% [markdown]
# ### Exercise: the receptive field
#
# *3 points · about 15 minutes*
#
# Compute it for any stack of layers, along one direction.

# %% course={"exercise": "receptive_field", "role": "answer"} nbgrader={"grade": false, "grade_id": "receptive_field", "locked": false, "schema_version": 3, "solution": true, "task": false}
def receptive_field(layers):
    """How far one output sees along one direction: pixels from the first to the last that can change it, both counted.

    layers: list of (kernel, stride, dilation), the first layer first. Returns an int.
    """
    raise NotImplementedError


# %% course={"exercise": "receptive_field", "role": "check"} nbgrader={"grade": true, "grade_id": "check-receptive_field", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.receptive_field(receptive_field)

# %% [markdown]
# ## What moves in the picture moves in the output
#
# A kernel asks the same question everywhere.
# So if the cat moves 20 pixels to the right, the answers move 20 pixels to the right and stay the same.
# This is called **translation equivariance**: shifting and filtering can be done in either order.
# (It is not *in*variance: the answers do move.)
# Here both orders meet, away from the border.

# %%
moved = plane.roll(20, dims=1)  # everything 20 pixels to the right; what falls off comes in on the left
first_shift = F.conv2d(moved[None, None], sobel[None, None])[0, 0]  # (148, 224)
first_filter = F.conv2d(photo[None], sobel[None, None])[0, 0].roll(20, dims=1)
difference = (first_shift - first_filter).abs()
with_text(
    compare_images({"shifted photograph": moved, "shift, then filter": first_shift,
                    "filter, then shift": first_filter, "difference": difference}, columns=2, inches=2.1),
    "The shifted cat, its edges computed in both orders, and their difference, which is zero except in the 20 columns at the left, into which picture and output wrap around differently.",
)  # fmt: skip

# %%
torch.allclose(first_shift[:, 20:], first_filter[:, 20:], atol=1e-5)  # right of the 20 columns that wrapped around


# %% [markdown]
# How far does this go?
# With **stride 2** only every second window in each direction is computed.
# A shift by 2 pixels moves the output by 1; a shift by 1 pixel picks the *other* windows, and the output changes.
# With **zero padding** the border looks different from the inside, so near it the answers depend on the place: in the second cell below, at the borders of the picture and where they were before the shift.
# Most networks have both, and therefore keep less faithfully to this rule than is often said: Zhang (2019) shows it for striding and pooling, Kayhan and van Gemert (2020) for the border.

# %%
def edges(image, **options):
    return F.conv2d(image[None, None], sobel[None, None], **options)[0, 0]

for shift in (1, 2):
    after = edges(plane.roll(shift, dims=1), stride=2)
    for steps in (0, 1):
        gap = after - edges(plane, stride=2).roll(steps, dims=1)
        print(f"photograph moved by {shift}, output moved by {steps}: largest difference {gap[:, 4:].abs().max():.2f}")

# %%
padded = edges(plane.roll(20, dims=1), padding=1) - edges(plane, padding=1).roll(20, dims=1)  # (150, 226)
(padded.abs().amax(0) > 1e-5).nonzero().flatten()  # the columns where the two orders differ


# %% [markdown]
# ## Stretch: run the layer backwards
#
# Without its bias a layer is a *linear map* $A$ from images to outputs: a huge matrix, mostly zeros.
# Its transpose $A^\top$ takes something of the output's shape back to the image's shape.
# Networks use it twice: to send gradients back (lesson 03) and to make small maps large (lessons 17 and 18).
#
# $A^\top$ is the one map for which both sides of this equation agree, for all $x$ and $y$:
#
# $$\langle A x,\; y \rangle \;=\; \langle x,\; A^\top y \rangle$$
#
# where $\langle u, v \rangle$ is the sum of all products $u_k v_k$.

# %% [markdown]
# Expand the left side for one image, one channel, stride $S$, no padding:
#
# $$\langle Ax, y \rangle = \sum_{i,j} y[i,j] \sum_{a,b} w[a,b]\, x[iS + a,\, jS + b].$$
#
# Now collect everything that belongs to one pixel $x[p, q]$.
# It is multiplied by every $w[a, b]\, y[i, j]$ with $iS + a = p$ and $jS + b = q$.
# So $(A^\top y)[p, q]$ is the sum of those.
#
# Forward, an output *gathers* its window.
# Backward, it *scatters* into the same window: $y[i,j]\, w$ is added, kernel as it stands, at $(iS, jS)$.
# (Written as a window that slides over the output, the same sum has the kernel turned.)

# %% [markdown]
# ### Exercise: the transposed layer
#
# *4 points · about 30 minutes*
#
# Write $A^\top$ for the full layer, with channels, stride and padding.
# `image_size` says how large the result must be: with a stride, several image sizes lead to the same output size.
# Do not use `F.conv_transpose2d` or autograd.

# %% course={"exercise": "conv2d_transpose", "role": "answer"} nbgrader={"grade": false, "grade_id": "conv2d_transpose", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_transpose(out, weight, image_size, stride=1, padding=0):
    """Apply the transpose of the layer `F.conv2d(·, weight, stride=stride, padding=padding)`.

    out: (N, C_out, H_out, W_out). weight: (C_out, C_in, KH, KW). image_size: (H, W).
    Returns (N, C_in, H, W).
    """
    raise NotImplementedError


# %% course={"exercise": "conv2d_transpose", "role": "check"} nbgrader={"grade": true, "grade_id": "check-conv2d_transpose", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.conv2d_transpose(conv2d_transpose)

# %% [markdown]
# The equation can be tried with numbers.
# Here PyTorch's own transposed layer stands for $A^\top$ (without `image_size` it returns the smallest image that fits, which is ours here).
# Put yours in its place when you have it.

# %%
generator = torch.Generator().manual_seed(1)
x = torch.randn(2, 3, 9, 8, generator=generator, dtype=torch.float64)
w = torch.randn(4, 3, 3, 2, generator=generator, dtype=torch.float64)
y = torch.randn(F.conv2d(x, w, stride=2).shape, generator=generator, dtype=torch.float64)
left = (F.conv2d(x, w, stride=2) * y).sum()
right = (x * F.conv_transpose2d(y, w, stride=2)).sum()
print(f"⟨Ax, y⟩ = {left:.6f}   ⟨x, Aᵀy⟩ = {right:.6f}")


# %% [markdown]
# ## What you now know
#
# - One output of a layer is a sum of products: the kernel laid on a window as it stands, over all input channels, plus one bias.
# - Layers compute the cross-correlation. The true convolution turns the kernel by half a turn; learning does not notice, formulas and copied kernels do.
# - The output has $\lfloor (H + 2P - D(K-1) - 1)/S \rfloor + 1$ pixels along each direction.
# - Loops, window views and one matrix product give the same numbers up to rounding; leaving the Python loops is what gains speed.
# - A layer's parameters depend on its kernel and channels, its work also on the size of its output; strides widen the receptive field of everything that follows.
# - Shift the picture and the output shifts: exactly so away from the border, and with stride $S$ only for shifts by multiples of $S$.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# A popular article on convolutional networks introduces the operation of a convolutional layer with a double sum in which the kernel is read at $(y - i,\, x - j)$.
# The sentence below that formula says that the kernel slides over the image and that at each place a dot product is taken.
# Both are well-known operations, and they are not the same: the sentence describes what a layer does, the formula does not.
# Here is the formula as code, tried on an image of one bright pixel.

# %%
def published(image, kernel):
    """The article's double sum: out[y, x] = Σ image[i, j] · kernel[y − i, x − j]; (i, j) is a pixel of the image here."""
    (height, width), (rows, columns) = image.shape, kernel.shape
    out = torch.zeros(height + rows - 1, width + columns - 1, dtype=image.dtype)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for i in range(height):
                for j in range(width):
                    a, b = y - i, x - j  # where the kernel is read
                    if 0 <= a < rows and 0 <= b < columns:
                        out[y, x] += image[i, j] * kernel[a, b]
    return out

dot = torch.zeros(5, 5)
dot[2, 2] = 1.0  # one bright pixel
published(dot, sobel)[1:-1, 1:-1].int()  # its inside, as large as the image

# %% [markdown]
# The kernel comes out as it stands, and that is the mark of the *true* convolution.
# A layer does the opposite, as the next cell shows: its window meets the bright pixel first with the kernel's *last* number.

# %%
F.conv2d(dot[None, None], sobel[None, None], padding=1)[0, 0].int()


# %% [markdown]
# Such a slip is easy to miss, because the kernels that people try first hide it.
#
# ### Exercise: a kernel that fools the test
#
# *1 point · about 5 minutes*
#
# Suppose that someone checks the article's code against a layer with *one* kernel, on the windows that lie wholly inside the image: `published(image, kernel)[2:-2, 2:-2]` against `F.conv2d` without padding.
# Return a 3 × 3 kernel that lets the article's code pass on every image, and whose nine numbers are not all the same.

# %% course={"exercise": "fooling_kernel", "role": "answer"} nbgrader={"grade": false, "grade_id": "fooling_kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fooling_kernel():
    """Return a float tensor (3, 3)."""
    raise NotImplementedError


# %% course={"exercise": "fooling_kernel", "role": "check"} nbgrader={"grade": true, "grade_id": "check-fooling_kernel", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 1}
check.fooling_kernel(fooling_kernel)


# %% [markdown]
# ### Exercise: put the formula right
#
# *2 points · about 10 minutes*
#
# Copy the article's code into the cell below and mend it, so that it does what the sentence says and what `F.conv2d` does: no padding, kernel as it stands.
# There is more than one thing to change.

# %% course={"exercise": "published_layer", "role": "answer"} nbgrader={"grade": false, "grade_id": "published_layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def published_layer(image, kernel):
    """The mended formula. image: (H, W). kernel: (KH, KW). Returns (H - KH + 1, W - KW + 1)."""
    raise NotImplementedError


# %% course={"exercise": "published_layer", "role": "check"} nbgrader={"grade": true, "grade_id": "check-published_layer", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.published_layer(published_layer)

# %%
check.progress()

# %% [markdown]
# ## References
#
# For the history, LeCun and others; for many more pictures of strides and paddings, Dumoulin and Visin.
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. *Gradient-Based Learning Applied to Document Recognition.* Proceedings of the IEEE 86(11), 1998.
# - K. Chellapilla, S. Puri, P. Simard. *High Performance Convolutional Neural Networks for Document Processing.* Tenth International Workshop on Frontiers in Handwriting Recognition, 2006.
# - V. Dumoulin, F. Visin. *A guide to convolution arithmetic for deep learning.* arXiv:1603.07285, 2016.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel. *Understanding the Effective Receptive Field in Deep Convolutional Neural Networks.* NIPS 2016.
# - O. S. Kayhan, J. C. van Gemert. *On Translation Invariance in CNNs: Convolutional Layers can Exploit Absolute Spatial Location.* CVPR 2020.
# - R. Zhang. *Making Convolutional Networks Shift-Invariant Again.* ICML 2019.
