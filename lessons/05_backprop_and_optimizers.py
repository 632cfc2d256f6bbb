# ---
# jupyter:
#   course:
#     lesson: 05_backprop_and_optimizers
#     minutes: 240
#     prerequisites:
#     - 03_convolution_backward
#     - 04_cross_entropy
#     title: Backpropagation and optimizers
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
# # 05 · Backpropagation and optimizers
#
# *About 240 minutes, after [03 Convolution, backwards](03_convolution_backward.ipynb) and [04 Cross-entropy](04_cross_entropy.ipynb).* [Open in Colab](https://colab.research.google.com/github/OWNER/from-convolution-to-imagenet/blob/main/lessons/05_backprop_and_optimizers.ipynb) · [Launch on Binder](https://mybinder.org/v2/gh/OWNER/from-convolution-to-imagenet/main?urlpath=lab/tree/lessons/05_backprop_and_optimizers.ipynb)
#
# Training a network takes two things that are often mixed up.
# Backpropagation computes a gradient; an optimizer decides what to do with it.
# In this lesson you write both: the gradient of a whole small CNN by hand, a tiny engine that finds gradients by itself, and the optimizers that nearly everyone uses, each equal to PyTorch's to the last digits.
# Then you find out by calculation, and on photographs, what a learning rate may be.

# %% course={"role": "setup"}
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/OWNER/from-convolution-to-imagenet@main"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)

# %% [markdown]
# ## You will be able to
#
# - **derive** the backward pass of each layer as a product of a row vector and a Jacobian, and chain them through a whole CNN;
# - **build** a reverse-mode engine in which a number that is used twice gets both its gradients;
# - **write** momentum, Adam and AdamW, and **tell** them from their common imitations;
# - **compute** the largest stable learning rate on a quadratic, and **measure** a useful one on a network;
# - **explain** what mini-batches, L2 penalties and decoupled decay do to a step;
# - **find** the objective that an update rule really minimises.

# %% [markdown]
# You need lesson 03 for the gradients of convolution and pooling, and lesson 04 for the cross-entropy and its $p - y$.
# From school you need the chain rule and a quadratic equation.
# Nothing here needs a GPU or the network; the longest cell takes some seconds.

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_utils import models, training
from course_utils.checks.backprop_and_optimizers import check
from course_utils.data import load_photo_patches
from course_utils.plots import OKABE_ITO, with_text
from course_utils.widgets import stability_map, valley_race

torch.set_printoptions(precision=4, sci_mode=False)
BLUE, RED, GREEN, ORANGE = (OKABE_ITO[name] for name in ("blue", "vermillion", "green", "orange"))

# %% [markdown]
# ## A loss is a chain of small functions
#
# A network computes its loss in small steps: a convolution, a ReLU, a sum.
# Draw each number as a dot and each step as arrows from what it uses to what it makes.
# That is a **graph**, and the loss $\ell$ is its last dot.
#
# Take $s = a + b$ and $\ell = s \cdot a$.
# Raise $a$ a little, by $h$: it acts along two paths, directly and through $s$.
# As lesson 04 said, all ways add up:
#
# $$\frac{\partial \ell}{\partial a} = \frac{\partial \ell}{\partial s} \frac{\partial s}{\partial a} + \Bigl.\frac{\partial \ell}{\partial a}\Bigr|_{s \text{ fixed}} = a \cdot 1 + s$$
#
# One rule, then: *multiply along each path, add over the paths.*

# %%
a, b = torch.tensor(3.0, requires_grad=True), torch.tensor(-1.0, requires_grad=True)
s = a + b
loss = s * a
loss.backward()
print(f"by the rule: {(a + s).item():.1f} for a, {a.item():.1f} for b;  autograd: {a.grad:.1f}, {b.grad:.1f}")

# %%
figure, ax = plt.subplots(figsize=(6.2, 2.9), dpi=90, layout="constrained")
dots = {"a": (0, 1), "b": (0, 0), "s": (1, 0), "ℓ": (2, 0.5)}
notes = {"a": "value 3, gradient 2 + 3", "b": "value −1, gradient 3", "s": "value 2, gradient 3", "ℓ": "value 6, gradient 1"}
for start, end, slope in (("a", "s", "1"), ("b", "s", "1"), ("s", "ℓ", "a = 3"), ("a", "ℓ", "s = 2")):
    ax.annotate("", dots[end], dots[start], arrowprops={"arrowstyle": "-|>", "color": BLUE, "shrinkA": 14, "shrinkB": 14, "lw": 1.8})
    (x0, y0), (x1, y1) = dots[start], dots[end]
    ax.text(0.5 * (x0 + x1), 0.5 * (y0 + y1) + 0.09, slope, color=BLUE, ha="center")
for name, (x, y) in dots.items():
    ax.text(x, y, name, ha="center", va="center", fontsize=13, bbox={"boxstyle": "circle", "facecolor": "white", "edgecolor": "black"})
    ax.text(x, y + (0.22 if name == "a" else -0.36), notes[name], ha="center", color=RED)
ax.set(title="Slopes on the arrows; gradients of ℓ at the dots", xlabel="computed from left to right, differentiated from right to left", xlim=(-0.6, 2.6), ylim=(-0.5, 1.4), xticks=[], yticks=[])
ax.set_ylabel("(no scale)")
with_text(figure, "A graph of four numbers; a reaches the loss along two arrows, and its gradient is the sum of two products.")

# %% [markdown]
# ## Vectors, and in which direction to multiply
#
# With vectors the slopes become Jacobians.
# Let $x \in \mathbb{R}^{n}$, $u = f(x) \in \mathbb{R}^{m}$, and $\ell$ one number that depends on $u$.
# $J$, shape $(m, n)$, holds $\partial u_i / \partial x_j$ in row $i$, column $j$.
# Write $g_u$, shape $(m,)$, for the gradient of $\ell$ with respect to $u$. The chain rule of lesson 04 reads
#
# $$(g_x)_j = \sum_{i=1}^{m} (g_u)_i\, J_{ij}, \qquad \text{in short} \quad g_x^{\mathsf T} = g_u^{\mathsf T} J .$$
#
# This is a **vector–Jacobian product**.
# A layer's backward pass is nothing else: it gets $g_u$ and returns $g_u^{\mathsf T} J$, and it need never write $J$ down.

# %% [markdown]
# ## Why backwards
#
# A chain of layers has the gradient $J_L \cdots J_2 J_1$, and matrix products may be bracketed as we like.
# From the left, the **reverse** mode, we start with the loss, one number, so $J_L$ is a row, and each product is again a row.
# From the right, the **forward** mode, each product is a matrix with a column for each input.
#
# With layers of $n$ numbers, a row times a matrix costs $n^2$ multiplications, a matrix times a matrix $n^3$.
# Networks have millions of inputs (the weights) and one output (the loss), so reverse mode wins.
# Its price: what the forward pass computed must be kept until the backward pass uses it.

# %%
n, layers = 1000, 4  # the last of the five Jacobians is one row
print(f"reverse: {layers * n**2:>13,} multiplications")
print(f"forward: {(layers - 1) * n**3 + n**2:>13,} multiplications")


# %% [markdown]
# ## The linear layer
#
# A linear layer computes $u = x W^{\mathsf T} + b$ with $x$ of shape $(N, D)$, $W$ $(K, D)$, $b$ $(K,)$: by indices $u_{nk} = \sum_d x_{nd} W_{kd} + b_k$.
# Let $g$, shape $(N, K)$, be the gradient with respect to $u$.
#
# $x_{nd}$ moves $u_{nk}$ for every $k$, each with slope $W_{kd}$.
# $W_{kd}$ moves $u_{nk}$ for every image $n$, each with slope $x_{nd}$; $b_k$ does so with slope 1.
# Add over the paths:
#
# $$(g_x)_{nd} = \sum_k g_{nk} W_{kd}, \qquad (g_W)_{kd} = \sum_n g_{nk}\, x_{nd}, \qquad (g_b)_k = \sum_n g_{nk}$$
#
# The $N$ images share one $W$, so their gradients *add*.

# %% [markdown]
# ### Exercise: the linear layer, backwards
#
# *1 point · about 8 minutes*
#
# Write `linear_backward(x, weight, grad)`: three tensors, the gradients with respect to $x$, $W$ and $b$, in this order.
# `x` has the shape $(N, D)$, `weight` $(K, D)$, `grad` $(N, K)$.
# Turn the three sums into matrix products on paper first; the shapes leave only one way.
#
# Write your answer, and any helper function it needs, into the cell below: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.

# %% course={"exercise": "linear_backward", "role": "answer"} nbgrader={"grade": false, "grade_id": "linear_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def linear_backward(x, weight, grad):
    """x (N, D), weight (K, D), grad (N, K) -> gradients for x (N, D), weight (K, D), bias (K,)."""
    raise NotImplementedError


# %% course={"exercise": "linear_backward", "role": "check"} nbgrader={"grade": true, "grade_id": "check-linear_backward", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 1}
check.linear_backward(linear_backward)


# %% [markdown]
# ## The other layers of a small CNN
#
# - **ReLU**, $u_i = \max(0, z_i)$: each output depends on one input, with slope 1 where $z_i > 0$ and 0 where $z_i < 0$. So $g_z = g_u \cdot [z > 0]$, entry by entry. At exactly 0 there is no slope; PyTorch takes 0.
# - **Mean over positions**, $f_{nc} = \frac{1}{HW} \sum_{ij} h_{ncij}$: every position has slope $\frac{1}{HW}$, so each gets $(g_f)_{nc} / (HW)$.
# - **Max pooling**: the largest of each window gets all, the others nothing (lesson 03).
# - **Convolution**: the three gradients of lesson 03.
#
# PyTorch can be asked for the last two, and these short functions do it.

# %%
def conv_backward(x, weight, grad):
    """Backward of F.conv2d(x, weight, bias, padding=1): gradients for x, weight and bias."""
    grad_x = torch.nn.grad.conv2d_input(x.shape, weight, grad, padding=1)
    grad_weight = torch.nn.grad.conv2d_weight(x, weight.shape, grad, padding=1)
    return grad_x, grad_weight, grad.sum(dim=(0, 2, 3))


def max_pool_backward(x, grad):
    """Backward of F.max_pool2d(x, 2): the gradient for x."""
    _, places = F.max_pool2d(x, 2, return_indices=True)
    return F.max_unpool2d(grad, places, 2, output_size=x.shape)


max_pool_backward(torch.tensor([[[[1.0, 5.0], [2.0, 3.0]]]]), torch.tensor([[[[7.0]]]]))


# %% [markdown]
# ## A whole CNN, there
#
# The network has two convolutions, $C$ channels in, then $C_1$ and $C_2$, and $K$ classes.
# Its six parameters stand in one tuple, `weights`: `w1` $(C_1, C, 3, 3)$, `b1` $(C_1,)$, `w2` $(C_2, C_1, 3, 3)$, `b2` $(C_2,)$, `head` $(K, C_2)$ and `bias` $(K,)$.
#
# `cnn_forward` keeps every number that the way back will need, in a dictionary.

# %%
def cnn_forward(images, weights):
    """All stages of conv → ReLU → max pool → conv → ReLU → mean → linear, by name."""
    w1, b1, w2, b2, head, bias = weights
    z1 = F.conv2d(images, w1, b1, padding=1)  # (N, C1, H, W)
    h1 = z1.relu()
    p1 = F.max_pool2d(h1, 2)  # (N, C1, H/2, W/2), rounded down
    z2 = F.conv2d(p1, w2, b2, padding=1)  # (N, C2, H/2, W/2)
    h2 = z2.relu()
    f = h2.mean(dim=(2, 3))  # (N, C2)
    return {"z1": z1, "h1": h1, "p1": p1, "z2": z2, "h2": h2, "f": f, "logits": f @ head.T + bias}


# %%
def draw_weights(channels, c1, c2, num_classes, seed=0):
    """Random float64 weights in the order of `cnn_forward`."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(c1, channels, 3, 3), (c1,), (c2, c1, 3, 3), (c2,), (num_classes, c2), (num_classes,)]
    return tuple(0.4 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)


small = torch.randn(5, 2, 6, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
{name: tuple(value.shape) for name, value in cnn_forward(small, draw_weights(2, 3, 4, 10)).items()}


# %% [markdown]
# ## And back again
#
# The mean cross-entropy of $N$ images has the gradient $(P - Y) / N$ at the logits (lesson 04).
# Then the lines of `cnn_forward` are undone in the opposite order; at each stage $g$ has the shape of that stage.

# %% [markdown]
# | line of the forward pass | what $g$ meets | parameters |
# |---|---|---|
# | `logits = f @ head.T + bias` | `head` | `head`, `bias` |
# | `f = h2.mean(dim=(2, 3))` | 1 / (number of positions) | |
# | `h2 = z2.relu()` | `z2 > 0` | |
# | `z2 = conv(p1, w2, b2)` | `w2` | `w2`, `b2` |
# | `p1 = max_pool(h1)` | which one was the largest | |
# | `h1 = z1.relu()` | `z1 > 0` | |
# | `z1 = conv(images, w1, b1)` | nothing more is wanted | `w1`, `b1` |

# %% [markdown]
# ### Exercise: the whole CNN, backwards
#
# *4 points · about 35 minutes*
#
# Write `cnn_backward(images, labels, weights)`: the gradients of the mean cross-entropy with respect to the six parameters, a tuple in the order of `weights`.
# Use `cnn_forward`, `conv_backward` and `max_pool_backward`, and no autograd.
# The check compares with autograd in float64, on images that are not square and of odd sizes too.

# %% course={"exercise": "cnn_backward", "role": "answer"} nbgrader={"grade": false, "grade_id": "cnn_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cnn_backward(images, labels, weights):
    """images (N, C, H, W), labels (N,), six weights -> six gradients of the mean cross-entropy."""
    raise NotImplementedError


# %% course={"exercise": "cnn_backward", "role": "check"} nbgrader={"grade": true, "grade_id": "check-cnn_backward", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.cnn_backward(cnn_backward)


# %% [markdown]
# Here is what autograd makes of the same network, and, for one weight, what a nudge says, as in lesson 03.
# A gradient whose every entry agrees with its nudge, in float64 to six digits, is very unlikely to be wrong; one entry, as here, tells less.

# %%
def loss_of(w1, *others):
    return F.cross_entropy(cnn_forward(small, (w1, *others))["logits"], torch.tensor([3, 0, 9, 1, 3]))


# %%
weights = tuple(w.requires_grad_() for w in draw_weights(2, 3, 4, 10))
gradients = torch.autograd.grad(loss_of(*weights), weights)
[tuple(gradient.shape) for gradient in gradients]

# %%
nudge = 1e-5 * F.one_hot(torch.tensor(7), 54).view(3, 2, 3, 3).double()  # one weight of w1
up, down = loss_of(weights[0] + nudge, *weights[1:]), loss_of(weights[0] - nudge, *weights[1:])
print(f"autograd {gradients[0].flatten()[7]:.8f}, nudged {(up - down) / 2e-5:.8f}")


# %% [markdown]
# ## An engine that does it by itself
#
# Layer by layer is tedious, and a graph can be walked by a program.
# Seppo Linnainmaa described reverse mode in his master's thesis of 1970; Rumelhart, Hinton and Williams showed in 1986 what it does for networks.
#
# Below is the start of an engine for single numbers.
# Each `Node` keeps its value, its gradient so far, the nodes that it was made of, its `parents`, and the slopes towards them.
# Addition is done: both slopes are 1.
#
# On the way back a node hands to each parent its own gradient times the slope, and the parent *adds* that to what it has.
# With `=` for `+=`, a number that is used twice would forget the first use.

# %%
class Node:
    """A number that remembers what it was made of, and with which slopes."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad = data, 0.0
        self.parents, self.slopes = parents, slopes

    def __add__(self, other):
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))


one = Node(2.0)
two = one + one
two.data, two.slopes


# %% [markdown]
# ## In which order
#
# A node may hand on only when its gradient is complete, that is, after *all* nodes that use it have handed on theirs.
# In the picture above, $s$ must be done before $a$; and if $s$ were used twice, both uses must be done before $s$.
#
# Such an order is a **topological** one.
# The function below makes it, the other way round: it visits the parents of a node and *then* puts the node on the list, each node once.
# In that list, everything stands after what it was made of.
# Walk it backwards.

# %%
def in_order(last):
    """All nodes that `last` was made of, each after its parents; `last` is the end of the list."""
    order, met = [], set()

    def visit(node):
        if node not in met:
            met.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(last)
    return order


[node.data for node in in_order(two)]


# %% [markdown]
# ### Exercise: the engine
#
# *3 points · about 25 minutes*
#
# Write the class `Value(Node)` with three methods.
#
# - `__mul__(self, other)`: the product of two Values;
# - `relu(self)`: the larger of the number and 0, with slope 0 at 0;
# - `backward(self)`: sets the gradient of this Value to 1 and lets all nodes hand on, in the right order, each once.
#
# Like PyTorch's, gradients of numbers from outside add up when two results are sent back one after the other.
# Nobody calls `backward` twice on results that share an intermediate number.

# %% course={"exercise": "Value", "role": "answer"} nbgrader={"grade": false, "grade_id": "Value", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Value(Node):
    """A number that can find its own gradients: +, *, relu() and backward()."""

    def __mul__(self, other):
        raise NotImplementedError

    def relu(self):
        raise NotImplementedError

    def backward(self):
        raise NotImplementedError


# %% course={"exercise": "Value", "role": "check"} nbgrader={"grade": true, "grade_id": "check-Value", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.Value(Value)

# %% [markdown]
# PyTorch's autograd is this engine with tensors for numbers, a great many rules, and much care for memory and speed.

# %% [markdown]
# ## The gradient moves nothing
#
# Popular articles say that backpropagation is what updates the weights.
# It does not: `loss.backward()` leaves a gradient in each parameter and every weight where it was.
# As in your engine, it *adds* to a gradient that is there already; `model.zero_grad()` clears them.
# The move is the optimizer's.
# The plainest, gradient descent, goes back to Cauchy, 1847: with a **learning rate** $\eta > 0$,
#
# $$w \leftarrow w - \eta\, g, \qquad g = \nabla L(w).$$
#
# Taken with the gradient of a batch that changes from step to step, it is called stochastic, **SGD**; Robbins and Monro began the theory of such steps in 1951.

# %%
model = torch.nn.Linear(3, 2)
before = model.weight.detach().clone()
F.cross_entropy(model(torch.randn(4, 3)), torch.tensor([0, 1, 1, 0])).backward()
print("after backward the weights are the same:", torch.equal(model.weight, before))
torch.optim.SGD(model.parameters(), lr=0.1).step()
print("after step they are what the rule says: ", torch.allclose(model.weight, before - 0.1 * model.weight.grad))

# %% [markdown]
# ## How long may a step be?
#
# Near a minimum, which we put at 0, a smooth loss looks like a quadratic, $L(w) = \frac{1}{2} w^{\mathsf T} A w$, with a symmetric matrix $A$, shape $(D, D)$, whose **eigenvalues** $\lambda_1 \le \dots \le \lambda_D$ are taken to be positive here.
# (Networks have flat directions too, with $\lambda = 0$; a step does nothing there.)
# Its gradient is $A w$.

# %% [markdown]
# Along an **eigenvector** $q$, where $A q = \lambda q$, the matrix acts like a number.
# A symmetric matrix has $D$ of them at right angles, $q_1, \dots, q_D$, so every $w$ is a sum $\sum_i c_i q_i$; the step then treats each coordinate by itself:
#
# $$w - \eta A w = \sum_i (1 - \eta \lambda_i)\, c_i\, q_i$$
#
# After $t$ steps coordinate $i$ is $(1 - \eta \lambda_i)^t c_i$.
# It dies out exactly when $|1 - \eta \lambda_i| < 1$, that is, $0 < \eta < 2 / \lambda_i$.
# The steepest direction decides for all: $\eta < 2 / \lambda_D$, where $\lambda_D = \lambda_{\max}$.

# %%
A = torch.tensor([[2.0, 1.2], [1.2, 3.0]], dtype=torch.float64)
limit = 2 / torch.linalg.eigvalsh(A)[-1]
for share in (0.5, 0.99, 1.01):
    w = torch.tensor([1.0, 1.0], dtype=torch.float64)
    for _ in range(1000):
        w = w - share * limit * (A @ w)
    print(f"{share:.2f} of 2 / λmax: length of w after 1000 steps {w.norm():.2e}")

# %% [markdown]
# ## The condition number
#
# How fast can it be?
# The slowest coordinate shrinks by the factor $\max_i |1 - \eta \lambda_i|$ a step.
# That is smallest when the two ends are equal, $1 - \eta \lambda_1 = \eta \lambda_D - 1$, so $\eta = 2 / (\lambda_1 + \lambda_D)$, and then it is
#
# $$\frac{\lambda_D - \lambda_1}{\lambda_D + \lambda_1} = \frac{\kappa - 1}{\kappa + 1}, \qquad \kappa = \frac{\lambda_D}{\lambda_1}.$$
#
# $\kappa$ is the **condition number**: how much steeper the valley's walls are than its floor.
# With $\kappa = 100$ a step keeps 98 % of the error.
# Polyak (1964) showed that momentum, the next idea, with the best settings replaces $\kappa$ by $\sqrt{\kappa}$ in the long run; from rest it first needs some steps to get going.

# %%
for kappa in (1, 10, 100, 1000):
    plain, heavy = ((k - 1) / (k + 1) for k in (kappa, math.sqrt(kappa)))
    steps = [math.ceil(math.log(0.01) / math.log(rate)) if rate else 1 for rate in (plain, heavy)]
    print(f"κ = {kappa:>4}: a step keeps {plain:.3f}, {steps[0]:>4} steps for a factor 100;  with momentum {heavy:.3f}, {steps[1]:>3} in the long run")


# %% [markdown]
# ## Momentum
#
# In a narrow valley the gradient points mostly across, and descent with long steps zigzags.
# **Momentum** remembers: what keeps its direction adds up, what changes sign cancels.
# PyTorch keeps a velocity $v$, at first 0:
#
# $$v \leftarrow \mu v + g, \qquad w \leftarrow w - \eta v$$
#
# Under a constant $g$ the velocity tends to $g (1 + \mu + \mu^2 + \dots) = g / (1 - \mu)$: with $\mu = 0.9$, steps ten times as long.

# %% [markdown]
# Sutskever and others (2013) write it with the rate inside, $v \leftarrow \mu v - \eta g$ and $w \leftarrow w + v$.
# With a constant $\eta$ the two are the same, for their $v$ is $-\eta$ times ours.
# When the rate changes, they differ: in PyTorch's form a new rate acts on the whole memory at once, in the other one the old steps keep the rate they were made with.

# %% [markdown]
# ## Nesterov: look ahead first
#
# Nesterov's method (1983) takes the gradient where the velocity is about to carry us.
# In Sutskever's form: $v' = \mu v - \eta\, \nabla L(w + \mu v)$, $w' = w + v'$.
#
# PyTorch keeps the point ahead, $u = w + \mu v$, as its weights.
# With $g = \nabla L(u)$:
#
# $$u' = w' + \mu v' = w + v' + \mu v' = (u - \mu v) + (\mu v - \eta g) + \mu v' = u - \eta g + \mu v'$$
#
# For a constant rate write $v' = -\eta\, b'$; then $b' = \mu b + g$ is PyTorch's velocity, and
#
# $$u' = u - \eta\, (g + \mu b') .$$
#
# That is all that `nesterov=True` changes.

# %% [markdown]
# ### Exercise: a step with momentum
#
# *2 points · about 12 minutes*
#
# Write `momentum_step(w, grad, state, lr, momentum, nesterov=False)`, which returns the new weights, with PyTorch's conventions.
# `w` and `grad` have the same shape.
# `state` is a dictionary, empty before the first step, in which you keep what you need; the same one comes back at the next step.
#
# The check takes 50 steps beside `torch.optim.SGD` in float64, with a rate that changes on the way.

# %% course={"exercise": "momentum_step", "role": "answer"} nbgrader={"grade": false, "grade_id": "momentum_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_step(w, grad, state, lr, momentum, nesterov=False):
    """One step of SGD with momentum: new weights, the shape of w. Keeps the velocity in `state`."""
    raise NotImplementedError


# %% course={"exercise": "momentum_step", "role": "check"} nbgrader={"grade": true, "grade_id": "check-momentum_step", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.momentum_step(momentum_step)

# %% [markdown]
# ## What momentum may be paired with
#
# Along one eigenvector, with eigenvalue $\lambda$, momentum does $v_{t+1} = \mu v_t + \lambda w_t$ and $w_{t+1} = w_t - \eta v_{t+1}$, with $0 \le \mu < 1.$
# Since $\eta v_t = w_{t-1} - w_t$,
#
# $$w_{t+1} = (1 + \mu - \eta\lambda)\, w_t - \mu\, w_{t-1} .$$

# %% [markdown]
# Try $w_t = r^t$: this solves it if $P(r) = r^2 - (1 + \mu - \eta\lambda)\, r + \mu = 0$.
# All solutions die out when both roots are less than 1 in size.
# Their product is $\mu < 1$.
# If they are complex, both have the size $\sqrt{\mu} < 1$.
# If they are real, they have the same sign and cannot both be beyond 1, so they stay inside exactly if $P(1) = \eta\lambda > 0$ and $P(-1) = 2 + 2\mu - \eta\lambda > 0$. Hence
#
# $$0 < \eta < \frac{2\,(1 + \mu)}{\lambda_{\max}} .$$

# %% [markdown]
# So momentum allows a *larger* rate, up to nearly twice as large, though it makes each gradient count $1/(1-\mu)$ times.
# Move the point in the map: the left side says how much of the error a step keeps in the long run, the right side shows it happen.
# Where the roots are complex, $w$ swings around the minimum.

# %% tags=["nbval-ignore-output"]
stability_map()


# %% [markdown]
# ### Exercise: the largest stable learning rate
#
# *2 points · about 10 minutes*
#
# Write `largest_stable_lr(hessian, momentum=0.0)`: the number $\eta^*$ such that gradient descent with this momentum on $\frac{1}{2} w^{\mathsf T} A w$ dies out from every start for $\eta < \eta^*$ and not for $\eta > \eta^*$.
# `hessian` is $A$, shape $(D, D)$, float64, symmetric with positive eigenvalues and in general not diagonal.

# %% course={"exercise": "largest_stable_lr", "role": "answer"} nbgrader={"grade": false, "grade_id": "largest_stable_lr", "locked": false, "schema_version": 3, "solution": true, "task": false}
def largest_stable_lr(hessian, momentum=0.0):
    """The rate at which SGD with momentum on a quadratic ceases to be stable (a number)."""
    raise NotImplementedError


# %% course={"exercise": "largest_stable_lr", "role": "check"} nbgrader={"grade": true, "grade_id": "check-largest_stable_lr", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.largest_stable_lr(largest_stable_lr)

# %% [markdown]
# ## A scale for each weight
#
# One rate must serve all directions, and the steepest decides.
# What if each weight had a scale of its own?
# AdaGrad (Duchi, Hazan and Singer, 2011) divides each weight's step by the root of the sum of its squared gradients.
# The sum only grows, so each weight's own rate only shrinks.
# **RMSProp**, which Hinton presented in a lecture in 2012, takes a running mean instead: with $0 < \beta < 1$, at first $s = 0$, entry by entry
#
# $$s \leftarrow \beta s + (1 - \beta)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s} + \varepsilon} .$$
#
# $\varepsilon$, such as $10^{-8}$, keeps a weight without gradients from a division by zero.

# %%
generator = torch.Generator().manual_seed(0)
gradients = torch.randn(50, 4, dtype=torch.float64, generator=generator)
weight = torch.nn.Parameter(torch.ones(4, dtype=torch.float64))
w, s, optimizer = torch.ones(4, dtype=torch.float64), 0.0, torch.optim.RMSprop([weight], lr=0.01, alpha=0.9, eps=1e-8)
for g in gradients:
    s = 0.9 * s + 0.1 * g**2
    w = w - 0.01 * g / (s.sqrt() + 1e-8)
    weight.grad = g
    optimizer.step()
print("equal to torch.optim.RMSprop after 50 steps:", torch.allclose(w, weight, rtol=1e-12, atol=0))

# %% [markdown]
# ## Adam, and why it divides by $1 - \beta^t$
#
# **Adam** (Kingma and Ba, 2015) keeps running means of the gradient and of its square:
#
# $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2, \qquad m_0 = v_0 = 0 .$$

# %% [markdown]
# Written out, $m_t = (1 - \beta_1) \sum_{i=1}^{t} \beta_1^{t-i} g_i$.
# The factors add up to $(1 - \beta_1) \frac{1 - \beta_1^t}{1 - \beta_1} = 1 - \beta_1^t$, less than 1: a mean that starts at 0 is too small at first.
# If all $g_i$ have the same expectation, $\mathbb{E}[m_t]$ is $1 - \beta_1^t$ times that; likewise $v_t$ and $\beta_2$.
# So Adam divides it out:
#
# $$\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}, \qquad w \leftarrow w - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon}$$

# %% [markdown]
# Count steps from $t = 1$.
# In the first step $\hat m_1 = g_1$ and $\hat v_1 = g_1^2$, so every weight with a gradient well above $\varepsilon$ moves by almost exactly $\eta$, whatever the size of its gradient.
#
# Without the correction the first step is $\frac{1 - \beta_1}{\sqrt{1 - \beta_2}} \eta$, with the paper's $\beta_1 = 0.9$ and $\beta_2 = 0.999$ about 3.16 times too long, and the steps grow before they shrink.
# The picture feeds both with a gradient that is always 1.

# %%
t = torch.arange(1, 3001, dtype=torch.float64)
m, v = 1 - 0.9**t, 1 - 0.999**t  # running means of a gradient that is always 1
figure, ax = plt.subplots(figsize=(6.2, 3.3), dpi=90, layout="constrained")
ax.semilogx(t, m / v.sqrt(), color=RED, linestyle="--", label="without correction")
ax.semilogx(t, torch.ones_like(t), color=BLUE, label="Adam")
ax.set(title="Length of Adam's steps under a constant gradient", xlabel="step t (logarithmic)", ylabel="length (in units of η)")
ax.set_ylim(bottom=0)
ax.legend(frameon=False)
print(f"first step without correction {m[0] / v[0].sqrt():.2f} η, longest {(m / v.sqrt()).max():.2f} η, after 3000 steps {m[-1] / v[-1].sqrt():.2f} η")
with_text(figure, "Corrected steps have length one from the start; uncorrected ones begin above three, rise, and come down only after a thousand steps or more.")


# %% [markdown]
# ### Exercise: a step of Adam
#
# *3 points · about 18 minutes*
#
# Write `adam_step(w, grad, state, lr, betas, eps)`, which returns the new weights, as in the paper and in `torch.optim.Adam`.
# `betas` is the pair $(\beta_1, \beta_2)$; `state` is as before.
# $\varepsilon$ stands outside the root, and some cases use a large one, so that its place shows.

# %% course={"exercise": "adam_step", "role": "answer"} nbgrader={"grade": false, "grade_id": "adam_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adam_step(w, grad, state, lr, betas, eps):
    """One step of Adam: new weights, the shape of w. Keeps both means and the count in `state`."""
    raise NotImplementedError


# %% course={"exercise": "adam_step", "role": "check"} nbgrader={"grade": true, "grade_id": "check-adam_step", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.adam_step(adam_step)

# %% [markdown]
# ## A race through a valley
#
# The valley below has $\lambda_{\max} = 1$, and its floor is $\kappa$ times flatter.
# Three questions to try:
#
# - How far can you raise the rate before plain descent, or momentum, flies out? (You have a formula.)
# - Which $\mu$ is best for $\kappa = 100$? Polyak's answer is $\mu = \bigl( \frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1} \bigr)^2$, with $\eta = 4 / (1 + 1/\sqrt{\kappa})^2$ here. (On the sliders take 0.7 and 3.3.)
# - Adam scales each weight, so it likes a valley along an axis. With $\kappa = 100$ and Adam's rate at 0.5 it gets far ahead of plain descent. Turn the valley: what is left of that, and what changes for the other two?

# %% tags=["nbval-ignore-output"]
valley_race()

# %% [markdown]
# ## Small weights: a penalty, or a decay
#
# There are two ways to keep weights small, and they have been called by one name.
#
# An **L2 penalty** adds $\frac{\lambda}{2} \lVert w \rVert^2$ to the loss.
# Its gradient is $\lambda w$, so every $g$ becomes $g + \lambda w$.
#
# **Weight decay** multiplies the weights in each step by a little less than 1, beside whatever the optimizer does.
#
# For plain SGD they are one: $w - \eta (g + \lambda w) = (1 - \eta\lambda)\, w - \eta g$, a decay of $\eta\lambda$ a step.
# A decay that is not tied to the rate, $(1 - \lambda')\, w - \eta g$, is the same with $\lambda' = \eta \lambda$: equal up to rescaling.

# %% [markdown]
# For Adam they are not: with the penalty, $\lambda w$ enters $m$ and $v$ and is then *divided* by $\sqrt{\hat v}$.
# Where the gradients are large, the pull all but disappears; where $\lambda w$ is larger, it is divided by itself, and the weight moves by about $\eta$ a step, whatever $\lambda$ is.
# Neither is a share of $w$.
#
# Loshchilov and Hutter (2019) **decouple** the two: Adam sees only $g$, and the decay acts by itself.
# In PyTorch's form, **AdamW** is
#
# $$w \leftarrow w - \eta \Bigl( \frac{\hat m}{\sqrt{\hat v} + \varepsilon} + \lambda w \Bigr).$$
#
# One step of AdamW is one of Adam minus $\eta \lambda w$, with $w$ the weights *before* the step.
# (In the paper only a schedule's factor multiplies $\lambda$; in PyTorch the whole rate does.)

# %% [markdown]
# The test is a weight whose gradients are pure noise around zero: only the decay should move it.
# Below are ten such weights; from one to the next the noise is three times as strong.
# The line says what a decay of $(1 - \eta\lambda)^{t}$ should leave of each.

# %%
noise = torch.randn(2000, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
scale = 3.0 ** torch.arange(-6, 4, dtype=torch.float64)  # (10,)
left = {}
for name, kind in (("Adam + L2", torch.optim.Adam), ("AdamW", torch.optim.AdamW)):
    weight = torch.nn.Parameter(torch.full((10,), 5.0, dtype=torch.float64))
    optimizer = kind([weight], lr=1e-3, weight_decay=0.5)
    for g in noise * scale:
        weight.grad = g + 0.0
        optimizer.step()
    left[name] = weight.detach() / 5

# %%
for name, share in left.items():
    print(f"left of each weight, {name:<10}", *(f"{value:.3f}" for value in share))

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.5), dpi=90, layout="constrained")
for (name, shares), colour, marker in zip(left.items(), (RED, BLUE), ("s", "o"), strict=True):
    ax.semilogx(scale, shares, marker=marker, color=colour, label=name)
ax.axhline((1 - 1e-3 * 0.5) ** 2000, color="black", linestyle=":", label="(1 − ηλ) to the power 2000")
ax.set(title="What is left of a weight after 2000 steps of noise", xlabel="size of its gradients (standard deviation)", ylabel="share of its first value", ylim=(-0.1, 1.1))
ax.legend(frameon=False, loc="lower right")
with_text(figure, "AdamW leaves nearly the same share of every weight, near the dotted line; with Adam and a penalty the share depends on the size of the gradients.")


# %% [markdown]
# ### Exercise: a step of AdamW
#
# *2 points · about 10 minutes*
#
# Write `adamw_step(w, grad, state, lr, betas, eps, weight_decay)`, which returns the new weights, as `torch.optim.AdamW` does.
# You may call your `adam_step`.

# %% course={"exercise": "adamw_step", "role": "answer"} nbgrader={"grade": false, "grade_id": "adamw_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adamw_step(w, grad, state, lr, betas, eps, weight_decay):
    """One step of AdamW: new weights, the shape of w. `state` as for Adam."""
    raise NotImplementedError


# %% course={"exercise": "adamw_step", "role": "check"} nbgrader={"grade": true, "grade_id": "check-adamw_step", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.adamw_step(adamw_step)

# %% [markdown]
# ### Which weights decay
#
# A bias shifts, and the scale of a normalisation stretches; there is little reason to pull them to zero, and it is common to leave both alone (T. He and others, 2019).
# An optimizer takes **parameter groups**, each with settings of its own.
# The library of the course sorts by the number of dimensions: two or more is a weight, one is a bias or a scale.

# %%
from course_utils.training.optimizers import parameter_groups

model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(16, 2))
for group in parameter_groups(model, weight_decay=0.05):
    print(f"decay {group['weight_decay']}:", [tuple(parameter.shape) for parameter in group["params"]])

# %% [markdown]
# ## The noise of a mini-batch
#
# Let $g_1, \dots, g_n$ be the gradients of the $n$ training images for one weight, with mean $\bar g$ and variance $\sigma^2 = \frac{1}{n} \sum_i (g_i - \bar g)^2$.
# A batch of $B$ gives the mean of $B$ of them.
# A single image's step, $w - \eta g_i$, is the case $B = 1$; papers that minimise a mean and step with one image do SGD, whether they say so or not.
#
# Drawn *with* replacement, the $B$ draws are independent: the sum has the variance $B \sigma^2$, the mean $\sigma^2 / B$.
# On average a batch is right, $\mathbb{E} = \bar g$, and four times the images halve the spread.

# %% [markdown]
# Without replacement, as loaders do within an epoch, two draws know of each other.
# Let $c$ be their covariance.
# All $n$ together always give the same sum, so its variance is 0: $n \sigma^2 + n (n - 1)\, c = 0$, hence $c = -\frac{\sigma^2}{n - 1}$.
# For $B$ draws, then,
#
# $$\frac{1}{B^2} \bigl( B \sigma^2 + B (B - 1)\, c \bigr) = \frac{\sigma^2}{B} \Bigl( 1 - \frac{B - 1}{n - 1} \Bigr) = \frac{\sigma^2}{B} \cdot \frac{n - B}{n - 1} .$$
#
# A full batch has no noise, as it should be; for small batches the two hardly differ.
# Below we measure it on the gradients of real photographs: for the biases of a linear classifier they are the rows of $P - Y$.

# %%
patches = load_photo_patches(size=16, grey=False, train_per_class=40, val_per_class=20)
x = torch.as_tensor(patches.train.images).flatten(1).float() / 255  # (n, 768)
y = torch.as_tensor(patches.train.labels)
torch.manual_seed(0)
rows = (torch.nn.Linear(768, patches.num_classes)(x).softmax(dim=1) - F.one_hot(y)).detach().double()  # (n, K)
n, variance = len(rows), rows.var(dim=0, correction=0).sum()
for B in (4, 16, 64, 256, n):
    drawn = torch.stack([rows[torch.randint(n, (B,))].mean(dim=0) for _ in range(1500)])
    apart = torch.stack([rows[torch.randperm(n)[:B]].mean(dim=0) for _ in range(1500)])
    spread = [(means - rows.mean(dim=0)).pow(2).sum(dim=1).mean() / variance for means in (drawn, apart)]
    print(f"B = {B:>3}: with {spread[0]:.4f}, formula {1 / B:.4f};  without {spread[1]:.4f}, formula {(n - B) / (n - 1) / B:.4f}")


# %% [markdown]
# Larger batches, then, allow longer steps.
# A common rule of thumb multiplies the rate by $k$ when the batch grows $k$ times: Goyal and others (2017) trained ResNet-50 on ImageNet so, with a rate that was warmed up first, and lost no accuracy with batches of up to 8,192.
# It is an observation with limits, no theorem: the step must also stay below what the curvature allows.

# %% [markdown]
# ## Finding a rate by trial
#
# For a network nobody knows $\lambda_{\max}$, and it changes.
# Smith (2017) proposed the **range test**: raise the rate from step to step and watch. He watched the accuracy; we note the loss, and stop when it blows up.
# The rate where it starts to fall and the rate where it turns ragged bound the useful ones.
#
# The loss of one batch is noisy, and each point of the curve also stands on all steps before it.
# So read it roughly: take a rate clearly below the blow-up, a third or a quarter, say, and try it.

# %% [markdown]
# ### Exercise: the range test
#
# *3 points · about 20 minutes*
#
# Write `lr_range_test(model, batches, lrs)`: a list of losses, as Python numbers.
#
# - For each rate in turn take the next batch, a pair (images, labels), note its mean cross-entropy *before* the step, and take one step of plain SGD with that rate. When the batches run out, begin again with the first.
# - When a loss is not finite, or above four times the lowest so far, it is the last in the list: stop.
# - The model comes in training mode. In the end it must be as it was: weights and **buffers** (numbers that a layer keeps and no gradient trains, such as the running means of batch norm, lesson 08).

# %% course={"exercise": "lr_range_test", "role": "answer"} nbgrader={"grade": false, "grade_id": "lr_range_test", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lr_range_test(model, batches, lrs):
    """Losses before each step of SGD with rising rates (list of float); the model is left as it was."""
    raise NotImplementedError


# %% course={"exercise": "lr_range_test", "role": "check"} nbgrader={"grade": true, "grade_id": "check-lr_range_test", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.lr_range_test(lr_range_test)

# %% [markdown]
# Here is such a test, of a small CNN on squares of colour photographs (which photograph is it from?), three times with other first weights and other batches.
# The loop is the one that you have written, without the stop.

# %%
mean, std = (torch.as_tensor(numbers).float().view(3, 1, 1) for numbers in (patches.mean, patches.std))
images = (torch.as_tensor(patches.train.images).float() / 255 - mean) / std  # (n, 3, 16, 16)


def batches_of(seed, size=32, steps=60):
    """`steps` random batches of the training patches."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        picked = torch.randint(len(images), (size,), generator=generator)
        yield images[picked], y[picked]


# %%
def range_test(seed, lrs):
    torch.manual_seed(seed)
    model, losses = models.SmallCNN(3, patches.num_classes), []
    for lr, batch in zip(lrs, batches_of(seed, steps=len(lrs)), strict=True):
        losses.append(training.train_step(model, *batch, torch.optim.SGD(model.parameters(), lr=lr))[0])
    return losses


rates = torch.logspace(-2, 0.8, 150).tolist()
curves = [range_test(seed, rates) for seed in (0, 1, 2)]
[len(losses) for losses in curves]

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for seed, (losses, colour, line) in enumerate(zip(curves, (BLUE, GREEN, ORANGE), ("-", "--", "-."), strict=True)):
    ax.semilogx(rates, losses, color=colour, linestyle=line, label=f"seed {seed}")
ax.axhline(math.log(patches.num_classes), color="black", linestyle=":", label="chance, log K")
ax.set(title="A range test, three times", xlabel="learning rate of SGD (rising from step to step)", ylabel="loss of the batch (nats per image)", ylim=(1.5, 5))
ax.legend(frameon=False, loc="upper left")
with_text(figure, "The loss of a batch over the rising learning rate, for three seeds: flat near chance, then lower, then ragged, then beyond the top of the axis, which does not start at zero; one curve may come back to chance.")

# %% [markdown]
# ## Three optimizers on photographs
#
# Now each optimizer gets the same network, the same first weights and the same 60 batches, with four rates a factor of about three apart, and three seeds.
# The number is the mean training loss of the last ten batches, one point a seed.

# %%
MAKE = {
    "SGD": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr),
    "momentum 0.9": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "AdamW": lambda parameters, lr: torch.optim.AdamW(parameters, lr=lr),
}


def last_losses(name, lr, seed):
    torch.manual_seed(seed)
    model = models.SmallCNN(3, patches.num_classes)
    optimizer = MAKE[name](model.parameters(), lr)
    return sum([training.train_step(model, *batch, optimizer)[0] for batch in batches_of(seed)][-10:]) / 10


# %% tags=["nbval-ignore-output"]
tried = {"SGD": (0.02, 0.06, 0.2, 0.6), "momentum 0.9": (0.005, 0.015, 0.05, 0.15), "AdamW": (0.001, 0.003, 0.01, 0.03)}
table = {name: [[last_losses(name, lr, seed) for seed in (0, 1, 2)] for lr in lrs] for name, lrs in tried.items()}
for name, lrs in tried.items():
    print(f"{name:<13}", *(f"{lr:g}: {min(three):.2f} to {max(three):.2f}  " for lr, three in zip(lrs, table[name], strict=True)))

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for (name, lrs), colour, marker in zip(tried.items(), (ORANGE, GREEN, BLUE), "s^o", strict=True):
    for lr, three in zip(lrs, table[name], strict=True):
        ax.semilogx([lr] * 3, three, marker, color=colour, label=name if lr == lrs[0] else None, markersize=5)
    ax.semilogx(lrs, [sum(three) / 3 for three in table[name]], color=colour, linewidth=1)
ax.axhline(math.log(patches.num_classes), color="black", linestyle=":", label="chance, log K")
ax.set(title="Loss after 60 steps, one point a seed", xlabel="learning rate", ylabel="training loss (nats per image)", ylim=(0, 4))
ax.legend(frameon=False, loc="lower left")
with_text(figure, "Training loss after sixty steps over the learning rate, three seeds a point: the useful rates of the three optimizers lie apart.")

# %% [markdown]
# Read two things from it, and not a third.
# Each optimizer has a range of rates of its own, so a rate is never good as such: carried over from one optimizer to another it says little.
# And within one optimizer the rate matters a great deal.
#
# What it does *not* say is which optimizer is best: sixty steps on a few hundred squares of sixteen photographs, training loss only, four rates each.
# For that one would tune all of them with the same care and look at validation images (lessons 06 and 08).

# %% [markdown]
# ## Schedules, in short
#
# The noise of the batches keeps SGD at a constant rate from settling (measured below), and a long first step on raw weights can throw it out.
# So rates are often warmed up at first and lowered towards the end.
# The library's four shapes are below; lesson 08 measures one of them, one cycle, against a constant rate.
# (Cosine: Loshchilov and Hutter, 2017. One cycle: Smith and Topin, 2017.)

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.2), dpi=90, layout="constrained")
for name, colour, line in zip(("one_cycle", "cosine", "step", "constant"), (BLUE, RED, GREEN, "black"), ("-", "--", "-.", ":"), strict=True):
    config = training.TrainConfig(lr=1.0, schedule=name, warmup=0.2)
    ax.plot([training.schedules.learning_rate(step, 200, config) for step in range(200)], color=colour, linestyle=line, label=name)
ax.set(title="Four schedules, each after a warm-up of a fifth", xlabel="step of 200", ylabel="learning rate (share of the highest)")
ax.legend(frameon=False, loc=(0.64, 0.5))
with_text(figure, "Four learning rates over 200 steps: all rise along a line, then one falls in a line, one as a cosine, one in steps, one stays.")


# %% [markdown]
# ## Has it converged?
#
# "Repeat until converged" is how articles put it, and a loop needs a rule.
# With a constant rate SGD does not come to rest where the batches disagree: it goes on trembling around a minimum.
# So one stops after a fixed number of steps with a rate that falls to nothing, or when a *validation* number has not improved for a while (lesson 08).
# The training loss alone is no rule, because it may fall on while other images get worse.

# %%
def trembling(lr, steps=4000):
    """Mean squared distance from the minimum of w²/2 in the second half, under gradient noise of variance 1."""
    noise, w, total = torch.randn(steps, generator=torch.Generator().manual_seed(0)).tolist(), 3.0, 0.0
    for step in range(steps):
        w -= lr * (w + noise[step])
        total += w * w if step >= steps // 2 else 0.0
    return total / (steps // 2)


# %%
for lr in (0.4, 0.1, 0.025):
    print(f"rate {lr:.3f}: mean squared distance {trembling(lr):.3f}, formula η / (2 − η) = {lr / (2 - lr):.3f}")


# %% [markdown]
# The formula comes from one line.
# In the step $w' = (1 - \eta) w - \eta \xi$ the noise $\xi$, of variance 1, is independent of $w$, so at rest $V = (1 - \eta)^2 V + \eta^2$, hence $V = \eta^2 / (2\eta - \eta^2) = \eta / (2 - \eta)$.
# A smaller rate trembles less, and takes longer to arrive: that is what schedules trade.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# The faults below come from popular articles on image classification, restated in our own words.

# %% [markdown]
# ## Hunt 1: the objective that the rule does not have
#
# An article sets out to find the weights with the smallest loss $L$, and then prints the rule
#
# $$w \leftarrow w - \eta \nabla L(w) - \eta \lambda w,$$
#
# for SGD, Adam and their like.
# A step that pulls all weights towards 0 does not come to rest where $\nabla L = 0$.
# It rests where $\nabla L(w) + \lambda w = 0$: that is the minimum of another function, which the article never wrote down.
# (You know which.)
# And Adam does not step along $\nabla L$ at all: for it the line describes neither the penalty nor AdamW.

# %% [markdown]
# ### Exercise: bug hunt, where the rule comes to rest
#
# *2 points · about 12 minutes*
#
# Let the loss be $L(w) = \frac{1}{2} (w - a)^{\mathsf T} H (w - a)$, with its minimum at $a$.
# Write `resting_point(hessian, minimum, weight_decay)`: the point $w$ where the rule above, with a small enough rate, stops moving, shape $(D,)$.
# `hessian` is $H$, shape $(D, D)$, symmetric with positive eigenvalues, `minimum` is $a$, shape $(D,)$, `weight_decay` is $\lambda$.

# %% course={"exercise": "resting_point", "role": "answer"} nbgrader={"grade": false, "grade_id": "resting_point", "locked": false, "schema_version": 3, "solution": true, "task": false}
def resting_point(hessian, minimum, weight_decay):
    """Where w <- w - lr * (H (w - a)) - lr * weight_decay * w stops: (D,)."""
    raise NotImplementedError


# %% course={"exercise": "resting_point", "role": "check"} nbgrader={"grade": true, "grade_id": "check-resting_point", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.resting_point(resting_point)

# %% [markdown]
# Along an eigenvector of $H$ with eigenvalue $h$ the rule keeps the share $h / (h + \lambda)$ of $a$.
# Directions that the loss cares for (large $h$) stay, the others shrink towards zero.
# That is what a penalty is for, and why it must stand in the objective: without it nobody can say what was minimised.

# %%
for h in (10.0, 1.0, 0.1, 0.01):
    print(f"curvature {h:>5}: keeps {h / (h + 0.1):.1%} with a penalty of 0.1")


# %% [markdown]
# ## Hunt 2: the validation set that trains
#
# Another article's list of steps says, in short: evaluate the model on the validation set, and adjust its parameters.
# If that were done, the validation set would be a second training set, and no honest number would be left to choose by.
# What validation may adjust are *hyper-parameters*: choices that no gradient makes.
#
# A set that decides anything is used up for judging; that holds for choices as for gradients (lesson 06).

# %% [markdown]
# ### Exercise: bug hunt, who decides what
#
# *1 point · about 5 minutes*
#
# Which set of images decides each of these: `"training"`, `"validation"` or `"test"`?
# For the one that only is reported, answer with the set that it is measured on.
# The words in quotes are the keys of your dictionary.
#
# - `"the filters of the first convolution"`
# - `"the learning rate"`
# - `"the number of epochs"`
# - `"the biases"`
# - `"Adam's running means"`
# - `"the strength of the weight decay"`
# - `"the mean to subtract from the images"`
# - `"the accuracy in the final report"`

# %% course={"exercise": "who_decides", "role": "answer"} nbgrader={"grade": false, "grade_id": "who_decides", "locked": false, "schema_version": 3, "solution": true, "task": false}
def who_decides():
    """A dictionary with "training", "validation" or "test" for each question."""
    raise NotImplementedError


# %% course={"exercise": "who_decides", "role": "check"} nbgrader={"grade": true, "grade_id": "check-who_decides", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 1}
check.who_decides(who_decides)


# %% [markdown]
# ## Stretch: gradients and broadcasting
#
# An engine for tensors needs one thing more.
# In `x + b` with $x$ of shape $(N, K)$ and $b$ of shape $(K,)$, the bias is **broadcast**: used once for every row.
# Used several times: so its gradients add.
#
# PyTorch lines shapes up at the *right*.
# An axis that is missing on the left, or has the length 1 where the other has more, is stretched.
# The gradient, which comes in the large shape, must be added up over just these axes.

# %% [markdown]
# ### Exercise (stretch): back to the small shape
#
# *3 points · about 18 minutes*
#
# Write `unbroadcast(grad, shape)`: `grad` is the gradient of a tensor after broadcasting, `shape` (a tuple) the tensor's shape before.
# Return the gradient in that shape, without autograd or `sum_to_size`.
# It may have fewer axes, axes of length 1 anywhere, or none at all.

# %% course={"exercise": "unbroadcast", "role": "answer"} nbgrader={"grade": false, "grade_id": "unbroadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unbroadcast(grad, shape):
    """Add a gradient up over the axes that broadcasting stretched: -> tensor of `shape`."""
    raise NotImplementedError


# %% course={"exercise": "unbroadcast", "role": "check"} nbgrader={"grade": true, "grade_id": "check-unbroadcast", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.unbroadcast(unbroadcast)

# %% tags=["nbval-ignore-output"]
check.progress()

# %% [markdown]
# ## What you now know
#
# - You can **derive** each layer's backward pass: the gradient that comes in, times the Jacobian, never written down; and you have chained them through a whole CNN.
# - You have **built** an engine: gradients that add, handed on in topological order, each once.
# - You have **written** momentum, Adam and AdamW, and can **tell** a missing correction, a misplaced $\varepsilon$ and a coupled decay by their numbers.
# - You can **compute** the largest stable rate, $2(1 + \mu)/\lambda_{\max}$, and **measure** a useful one with a range test.
# - You can **explain** the noise $\sigma^2 / B$ of a batch, and why an L2 penalty is a decay for SGD and not for Adam.
# - You can **find** what an update rule minimises: look where it rests.

# %% [markdown]
# ## References
#
# - Augustin-Louis Cauchy, *Méthode générale pour la résolution des systèmes d'équations simultanées*, Comptes rendus hebdomadaires des séances de l'Académie des sciences 25, 1847.
# - Herbert Robbins and Sutton Monro, *A Stochastic Approximation Method*, The Annals of Mathematical Statistics 22, 1951.
# - Boris T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Computational Mathematics and Mathematical Physics 4(5), 1964.
# - Seppo Linnainmaa, *The representation of the cumulative rounding error of an algorithm as a Taylor expansion of the local rounding errors*, Master's thesis (in Finnish), University of Helsinki, 1970.
# - Yurii Nesterov, *A method of solving a convex programming problem with convergence rate O(1/k²)*, Soviet Mathematics Doklady 27, 1983.
# - David E. Rumelhart, Geoffrey E. Hinton and Ronald J. Williams, *Learning representations by back-propagating errors*, Nature 323, 1986.
# - John Duchi, Elad Hazan and Yoram Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization*, Journal of Machine Learning Research 12, 2011.
# - Tijmen Tieleman and Geoffrey Hinton, *Lecture 6.5 – rmsprop: Divide the gradient by a running average of its recent magnitude*, COURSERA: Neural Networks for Machine Learning, 2012.
# - Ilya Sutskever, James Martens, George Dahl and Geoffrey Hinton, *On the importance of initialization and momentum in deep learning*, ICML 2013.
# - Diederik P. Kingma and Jimmy Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015.
# - Leslie N. Smith, *Cyclical Learning Rates for Training Neural Networks*, WACV 2017.
# - Ilya Loshchilov and Frank Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*, ICLR 2017.
# - Leslie N. Smith and Nicholay Topin, *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates*, arXiv:1708.07120, 2017.
# - Priya Goyal and others, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, arXiv:1706.02677, 2017.
# - Ilya Loshchilov and Frank Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019.
# - Tong He, Zhi Zhang, Hang Zhang, Zhongyue Zhang, Junyuan Xie and Mu Li, *Bag of Tricks for Image Classification with Convolutional Neural Networks*, CVPR 2019.
