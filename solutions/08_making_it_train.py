# ---
# jupyter:
#   course:
#     title: "Making it train"
#     minutes: 240
#     prerequisites: [05_backprop_and_optimizers, 06_first_cnn, 07_data_pipeline]
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 08 · Making it train
#
# The same network, the same photographs, and one run learns while the other stands still.
# The difference is craft: the scale of the first weights, a norm between the layers, a learning rate that moves, a way to stop, an eye for curves.
# You derive each of these, write it by hand, and measure what it is worth.

# %% [markdown]
# ## You will be able to
#
# - **derive** how large the first weights of a layer must be, and **initialise** a deep network so that its signal survives;
# - **write** batch norm forward and backward, and **say** what it does in training, in evaluation and in small batches;
# - **build** dropout, a learning-rate schedule and early stopping, each exactly;
# - **diagnose** a sick training run from its curves;
# - **measure** what one change is worth, with several seeds and an interval.

# %% [markdown]
# You need the backward pass and the optimizers of lesson 05, the training loop of lesson 06, and the loaders of lesson 07.
# Means and variances of sums are explained where they are used.
# Nothing here needs a GPU or an internet connection.
#
# Write each answer, with any helper it needs, into its own cell: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.
# *Run All* stops at the first check that is not passed; select the cell below it and choose *Run Selected Cell and All Below*.

# %%
import copy
import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import training
from course_utils.checks.making_it_train import check
from course_utils.data import Batches, CourseDataError, load_dataset, load_photo_patches
from course_utils.plots import OKABE_ITO, with_text
from course_utils.training.optimizers import parameter_groups
from course_utils.training.sick_runs import sick_runs
from course_utils.widgets import depth_explorer, sick_run_explorer

BLUE, RED, GREEN, PURPLE = (OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple"))

# %% [markdown]
# ## Twenty layers
#
# Send random images through twenty convolutions with a ReLU after each, and watch one number: how large the values are, as a **root mean square** (rms), the square root of their mean square.
# The layers differ in nothing but the standard deviation of their random first weights.
#
# Each layer has 64 channels in and out and 3×3 windows, so one output value is a sum over $n = 64 \cdot 3 \cdot 3 = 576$ inputs.
# This $n$ is called the **fan-in**.
# The windows wrap around at the borders, so that none has fewer inputs than the others.

# %%
DEPTH, CHANNELS = 20, 64
FAN_IN = CHANNELS * 3 * 3


def sizes_through(weight_std, seed=0):
    """The rms before the ReLU of each of `DEPTH` convolutions with random weights."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, CHANNELS, 12, 12, generator=generator, dtype=torch.float64)
    rms = []
    for _ in range(DEPTH):
        weight = weight_std * torch.randn(CHANNELS, CHANNELS, 3, 3, generator=generator, dtype=torch.float64)
        y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), weight)  # (2, 64, 12, 12)
        rms.append(y.square().mean().sqrt().item())
        x = torch.relu(y)
    return rms

# %%
STDS = {
    "N(0, 1)": 1.0,
    "He": math.sqrt(2 / FAN_IN),
    "Xavier": math.sqrt(2 / (FAN_IN + FAN_IN)),
    "PyTorch's default": math.sqrt(1 / (3 * FAN_IN)),
}
{name: round(std, 4) for name, std in STDS.items()}

# %%
sizes = {name: sizes_through(std) for name, std in STDS.items()}
for name, rms in sizes.items():
    print(f"{name:<18} weight std {STDS[name]:.4f}   rms in layer 1 {rms[0]:>8.2g}   in layer 20 {rms[-1]:>8.2g}")

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for (name, rms), style, colour in zip(sizes.items(), ("^-", "o-", "s--", "v:"), (RED, BLUE, GREEN, PURPLE), strict=True):
    ax.semilogy(range(1, DEPTH + 1), rms, style, color=colour, markersize=4, label=name)
ax.set_xticks([1, 5, 10, 15, 20])
ax.set(title="How large the values are, layer by layer", xlabel="layer", ylabel="rms before the ReLU (no unit)")
ax.legend(frameon=False)
with_text(figure, "The size of the values over twenty layers on a logarithmic axis: it explodes with weights of standard deviation 1, stays level with He's, and shrinks with Xavier's and with PyTorch's default.")

# %% [markdown]
# Only one of the four keeps its size.
# With weights of standard deviation 1 the numbers leave the range of common sense, and the loss with them.
# With the smaller weights almost nothing of the image arrives in layer 20, and, as you will see, almost nothing of the gradient comes back.
# Every curve is nearly a straight line on the logarithmic axis: each layer multiplies by about the same factor.
# That factor can be computed.

# %% [markdown]
# ## The variance of a sum of products
#
# One value before the ReLU is $y = \sum_{i=1}^{n} w_i x_i$, with $n$ inputs $x_i$ and weights $w_i$ (no bias at the start).
# Draw the weights independently of each other and of the inputs, with mean $0$ and variance $\sigma^2$.
# The mean of $y$ is then $\mathbb{E}[y] = \sum_i \mathbb{E}[w_i]\, \mathbb{E}[x_i] = 0$, so its variance is $\mathbb{E}[y^2]$.
# Multiply the sum by itself:
#
# $$\mathbb{E}[y^2] = \sum_{i} \sum_{j} \mathbb{E}[w_i w_j x_i x_j] = \sum_{i} \sum_{j} \mathbb{E}[w_i w_j]\; \mathbb{E}[x_i x_j].$$
#
# For $i \ne j$, $\mathbb{E}[w_i w_j] = \mathbb{E}[w_i]\, \mathbb{E}[w_j] = 0$.
# For $i = j$ it is $\sigma^2$.

# %% [markdown]
# Only the diagonal is left:
#
# $$\mathbb{E}[y^2] = \sigma^2 \sum_{i=1}^{n} \mathbb{E}[x_i^2] = n\, \sigma^2\, \mathbb{E}[x^2],$$
#
# where $\mathbb{E}[x^2]$ is the mean over the inputs.
# Two things are worth a second look.
#
# - What counts is the **second moment** $\mathbb{E}[x^2]$, not the variance: the inputs may have any mean.
# - Nothing was assumed about the inputs among themselves. Neighbouring pixels are anything but independent, and the formula holds all the same.

# %%
torch.manual_seed(0)
n, sigma = 300, 0.1
x = 2 + torch.randn(n, dtype=torch.float64)  # mean 2, variance 1
y = sigma * torch.randn(20_000, n, dtype=torch.float64) @ x  # 20,000 draws of the weights
print(f"measured E[y²] {y.square().mean():.2f}   n σ² E[x²] {n * sigma**2 * x.square().mean():.2f}   n σ² Var[x] {n * sigma**2 * x.var():.2f}")

# %% [markdown]
# ## What the ReLU takes away
#
# After the layer comes the ReLU, and the next layer gets $x = \max(0, y)$.
# If the weights are as likely to be $w$ as $-w$, so is $y$ as likely as $-y$.
# The square does not see the sign, so the negative half of the values holds exactly half of $\mathbb{E}[y^2]$, and the ReLU sets that half to zero:
#
# $$\mathbb{E}[x^2] = \tfrac12\, \mathbb{E}[y^2].$$
#
# The *variance* shrinks by another factor, because $x$ has a positive mean: for a normal $y$ it is $\tfrac12 - \tfrac{1}{2\pi} \approx 0.34$ of $\mathbb{E}[y^2].$
# Whoever takes that one gets the next layer wrong.

# %%
y = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
print(f"second moment after the ReLU {torch.relu(y).square().mean():.3f}, variance {torch.relu(y).var():.3f}, 1/2 - 1/2π = {0.5 - 0.5 / math.pi:.3f}")

# %% [markdown]
# Put both together.
# From one layer's values before the ReLU to the next layer's,
#
# $$\mathbb{E}[y_{\ell+1}^2] = \frac{n\, \sigma^2}{2}\; \mathbb{E}[y_{\ell}^2] .$$
#
# The factor is $n \sigma^2 / 2$, the same in every layer.
# It is 1 exactly for $\sigma^2 = 2 / n$: the initialisation of **He** and others (2015).
# Without a ReLU the $\tfrac12$ is missing, and $\sigma^2 = 1/n$ keeps the size.
#
# The first layer is special: it sees the image, which no ReLU has halved, so there the factor is $n \sigma^2$.

# %%
for name, std in STDS.items():
    predicted = math.sqrt(FAN_IN * std**2) * math.sqrt(FAN_IN * std**2 / 2) ** (DEPTH - 1)
    print(f"{name:<18} factor a layer {FAN_IN * std**2 / 2:>7.3f}   rms in layer 20: predicted {predicted:.2g}, measured {sizes[name][-1]:.2g}")

# %% [markdown]
# The prediction is a mean over all draws of the weights, and a single network wanders around it.
# PyTorch's default for convolutions and linear layers is uniform with variance $1 / (3 n)$, so each layer with a ReLU keeps one sixth of the second moment.
# Shallow networks forgive that, and batch norm repairs it; a deep plain network does not learn with it.

# %% [markdown]
# ### Exercise: predict the size
#
# Write `second_moments(fan_ins, weight_stds, first)` for a network of layers with a ReLU after each.
# `fan_ins` and `weight_stds` are lists with one entry a layer, and `first` is the second moment of the network's input, which has passed no ReLU.
# Return the list of $\mathbb{E}[y^2]$ of each layer, *before* its ReLU.

# %% exercise="second_moments"
def second_moments(fan_ins, weight_stds, first):
    """E[y²] before the ReLU of each layer: a list of floats as long as `fan_ins`."""
    ### BEGIN SOLUTION
    moments, incoming = [], first
    for fan_in, std in zip(fan_ins, weight_stds, strict=True):
        moments.append(fan_in * std**2 * incoming)
        incoming = moments[-1] / 2  # what the ReLU leaves for the next layer
    return moments
    ### END SOLUTION

# %% check="second_moments"
check.second_moments(second_moments)

# %% [markdown]
# ## The way back, and Xavier's compromise
#
# Gradients pass the same weights the other way.
# Write $g$ for the derivative of the loss by a value.
# An input $x_i$ goes into several outputs, as many as the **fan-out** $m$, and by the chain rule (lesson 05) $g(x_i) = \sum_{j=1}^{m} w_{ji}\, g(y_j)$.
# That is again a sum of products.
# Taking weights and gradients as independent, which holds nearly but not exactly,
#
# $$\mathbb{E}[g(x)^2] = m\, \sigma^2\, \mathbb{E}[g(y)^2], \qquad \mathbb{E}[g(y)^2] = \tfrac12\, \mathbb{E}[g(x_{\text{after}})^2],$$
#
# because the ReLU lets through the gradients of the positive half only.
# So the way back wants $\sigma^2 = 2 / m$.

# %% [markdown]
# For a weight of shape (out, in, rows, columns), the fan-in is in × rows × columns and the fan-out is out × rows × columns (with stride 1).
#
# **Glorot and Bengio** (2010) thought of units without the ReLU's half, so forward they wanted $\sigma^2 = 1/n$ and backward $1/m$, and took the compromise $\sigma^2 = 2 / (n + m)$.
# By Glorot's first name it is called **Xavier**.
#
# **He** and others put the $\tfrac12$ of the ReLU in, and noted that one need not choose: with $2/n$ everywhere, the factors of the way back are $m_\ell / n_\ell$.
# As $m_\ell = n_{\ell + 1}$ when layers with equal windows follow each other, almost all of them cancel in the product, and what is left does not grow with depth.

# %%
out_channels, in_channels, rows, columns = 128, 64, 3, 3
n, m = in_channels * rows * columns, out_channels * rows * columns
weight = nn.init.kaiming_normal_(torch.empty(out_channels, in_channels, rows, columns), generator=torch.Generator().manual_seed(0))
print(f"fan-in {n}, fan-out {m}; std: He {math.sqrt(2 / n):.4f} (PyTorch's kaiming_normal_ {weight.std():.4f}), Xavier {math.sqrt(2 / (n + m)):.4f}")

# %% [markdown]
# ### Exercise: He's initialisation
#
# Write `he_init(noise)`.
# `noise` holds independent draws from the standard normal distribution, in the shape of a weight: (out, in) for a linear layer, or (out, in, rows, columns) for a convolution.
# Return weights of the same shape with mean 0 and He's variance, by the fan-in.
#
# Taking the noise as an input makes the answer exact, so that the check can compare every number.

# %% exercise="he_init"
def he_init(noise):
    """Standard normal noise (out, in) or (out, in, rows, columns) -> weights of the same shape."""
    ### BEGIN SOLUTION
    fan_in = noise[0].numel()
    return noise * math.sqrt(2 / fan_in)
    ### END SOLUTION

# %% check="he_init"
check.he_init(he_init)

# %% [markdown]
# Now turn the scale yourself.
# The slider sets $n \sigma^2$, the variance of a weight times the fan-in; the left panel shows the values on the way forward, the right one the gradients on the way back.
# Where does each of the three nonlinearities want it, and how wide is the range that twenty layers forgive?
# Watch what $\tanh$ does when the weights are too large: the values stay bounded, the gradients do not.

# %% output="varies"
depth_explorer()

# %% [markdown]
# ## Batch norm
#
# A good start is soon left behind: the weights move, and the scales with them.
# **Batch norm** (Ioffe and Szegedy, 2015) sets mean and spread anew in every layer and every step.
#
# Its input $x$ has the shape $(N, C, H, W)$.
# Take one channel; it holds $M = N \cdot H \cdot W$ numbers $x_1, \dots, x_M$ over the whole batch.
#
# $$\mu = \frac1M \sum_i x_i, \qquad v = \frac1M \sum_i (x_i - \mu)^2, \qquad \hat x_i = \frac{x_i - \mu}{\sqrt{v + \varepsilon}}, \qquad y_i = \gamma\, \hat x_i + \beta$$
#
# The small $\varepsilon$ keeps the root away from zero.
# The scale $\gamma$ and the shift $\beta$, one each a channel, are learnt: the layer may undo what the norm did, where that helps.

# %%
torch.manual_seed(0)
x = 5 + 3 * torch.randn(8, 4, 6, 6, dtype=torch.float64)  # (N, C, H, W)
mean = x.mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
variance = (x - mean).square().mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
x_hat = (x - mean) / (variance + 1e-5).sqrt()  # (N, C, H, W)
tuple(mean.shape), tuple(variance.shape), tuple(x_hat.shape)

# %%
expected = F.batch_norm(x, None, None, training=True)
print("as PyTorch:", torch.allclose(x_hat, expected), "  mean and std of channel 0:", f"{x_hat[:, 0].mean().abs():.3f} {x_hat[:, 0].std(correction=0):.3f}")

# %% [markdown]
# ## Training and evaluation
#
# In training an image's output depends on the other images of its batch.
# In evaluation it must not: there may be no batch, and an answer should not depend on who else asks.
# So the layer keeps **running** averages of mean and variance, and uses them in evaluation.
# After each training batch, with PyTorch's convention,
#
# $$\text{new} = (1 - \text{momentum}) \cdot \text{old} + \text{momentum} \cdot \text{batch}, \qquad \text{momentum} = 0.1 .$$
#
# That is the other way round than an optimizer's momentum: here 0.1 means that the *new* has little weight.
#
# And a detail: $v$ above, divided by $M$, normalises the batch.
# Into the running average goes the unbiased estimate, divided by $M - 1$.

# %%
layer = nn.BatchNorm2d(4).double()
layer(x)
batch_mean, unbiased = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=1)
print(torch.allclose(layer.running_mean, 0.9 * 0 + 0.1 * batch_mean), torch.allclose(layer.running_var, 0.9 * 1 + 0.1 * unbiased))

# %% [markdown]
# ### Exercise: batch norm, forward
#
# Write `batch_norm(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5)`.
# `x` has the shape $(N, C, H, W)$, the four that follow $(C,)$.
# Return three tensors: the output, and the running mean and running variance after this call, as new tensors; in evaluation these two are as they came.
# Leave the inputs as they were.

# %% exercise="batch_norm"
def batch_norm(x, scale, shift, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """x (N, C, H, W), the rest (C,).

    Returns output (N, C, H, W), new running mean (C,), new running variance (C,).
    """
    ### BEGIN SOLUTION
    mean, var = running_mean, running_var
    if training:
        mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
        count = x.numel() // x.shape[1]
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * count / (count - 1)
    x_hat = (x - mean[:, None, None]) / (var + eps).sqrt()[:, None, None]
    return scale[:, None, None] * x_hat + shift[:, None, None], running_mean, running_var
    ### END SOLUTION

# %% check="batch_norm"
check.batch_norm(batch_norm)

# %% [markdown]
# ## What a forgotten mode costs
#
# A popular article on image classification trains and evaluates without ever calling `model.train()` or `model.eval()`.
# Its network has no layer that minds, so nothing happens.
# Add batch norm, as its readers will, and look at one and the same image.

# %% output="varies"
patches = load_photo_patches(size=16, train_per_class=60, val_per_class=50)
images = (torch.from_numpy(patches.val.images).float() / 255 - float(patches.mean[0])) / float(patches.std[0])
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
with torch.no_grad():
    before = net[1].running_mean.clone()
    apart = [net.eval()(images[:1]), net.train()(images[:8])[:1], net.train()(images[::100])[:1]]
for name, logits in zip(("evaluation mode", "training mode, one batch", "training mode, another batch"), apart, strict=True):
    print(f"{name:<29} logits", *(f"{value:7.3f}" for value in logits[0]))
print(f"and the running mean has moved by {(net[1].running_mean - before).abs().max():.3f}, without any training step")

# %% [markdown]
# Three answers for one image, and the evaluation has changed the model that it measures.
# `training.evaluate` switches to evaluation mode and back, as you wrote it in lesson 06; it remembers the mode of each layer by itself.

# %% [markdown]
# ## Batch norm, backward
#
# The mean and the variance depend on every $x_i$, so each output of the channel depends on each input.
# Let $s = \sqrt{v + \varepsilon}$, and let $g_j = \partial L / \partial y_j$ come from the layer above.
# Scale and shift are easy, because $y_j = \gamma \hat x_j + \beta$:
#
# $$\frac{\partial L}{\partial \beta} = \sum_j g_j, \qquad \frac{\partial L}{\partial \gamma} = \sum_j g_j\, \hat x_j .$$
#
# For the input, first how $\mu$, $v$ and $s$ answer to one $x_i$:
#
# $$\frac{\partial \mu}{\partial x_i} = \frac1M, \qquad \frac{\partial v}{\partial x_i} = \frac2M (x_i - \mu) - \frac2M \frac1M \sum_j (x_j - \mu) = \frac2M (x_i - \mu).$$
#
# The last sum is zero, by what a mean is.

# %% [markdown]
# From $s = (v + \varepsilon)^{1/2}$ and $x_i - \mu = s\, \hat x_i$,
#
# $$\frac{\partial s}{\partial x_i} = \frac{1}{2 s} \cdot \frac{2}{M} (x_i - \mu) = \frac{\hat x_i}{M}.$$
#
# Now the quotient $\hat x_j = (x_j - \mu) / s$, with $\delta_{ij} = 1$ for $i = j$ and $0$ otherwise:
#
# $$\frac{\partial \hat x_j}{\partial x_i} = \frac{\delta_{ij} - \frac1M}{s} - \frac{x_j - \mu}{s^2} \cdot \frac{\hat x_i}{M} = \frac1s \Bigl( \delta_{ij} - \frac1M - \frac{\hat x_i\, \hat x_j}{M} \Bigr).$$
#
# Three terms: the direct way, the way through the mean, the way through the variance.
# What is left is the chain rule, $\frac{\partial L}{\partial x_i} = \sum_j g_j\, \gamma\, \frac{\partial \hat x_j}{\partial x_i}$: that is yours.

# %%
x = torch.randn(7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))  # one channel, M = 7
jacobian = torch.autograd.functional.jacobian(lambda x: (x - x.mean()) / (x.var(correction=0) + 1e-2).sqrt(), x)  # (7, 7)
s = (x.var(correction=0) + 1e-2).sqrt()
x_hat = (x - x.mean()) / s
formula = (torch.eye(7, dtype=torch.float64) - 1 / 7 - torch.outer(x_hat, x_hat) / 7) / s
print("the formula is autograd's Jacobian:", torch.allclose(jacobian, formula, rtol=0, atol=1e-12))

# %% [markdown]
# ### Exercise: batch norm, backward
#
# Write `batch_norm_backward(grad, x, scale, eps=1e-5)` for training mode.
# `grad` is $\partial L / \partial y$, of the shape $(N, C, H, W)$ of `x`; `scale` has the shape $(C,)$.
# Return the gradients with respect to `x`, the scale and the shift.
# Work by hand, without autograd.

# %% exercise="batch_norm_backward"
def batch_norm_backward(grad, x, scale, eps=1e-5):
    """grad and x (N, C, H, W), scale (C,).

    Returns the gradients of x (N, C, H, W), of the scale (C,) and of the shift (C,).
    """
    ### BEGIN SOLUTION
    over = (0, 2, 3)
    s = (x.var(dim=over, correction=0, keepdim=True) + eps).sqrt()  # (1, C, 1, 1)
    x_hat = (x - x.mean(dim=over, keepdim=True)) / s
    through_mean = grad.mean(dim=over, keepdim=True)
    through_variance = x_hat * (grad * x_hat).mean(dim=over, keepdim=True)
    grad_x = scale[:, None, None] / s * (grad - through_mean - through_variance)
    return grad_x, (grad * x_hat).sum(dim=over), grad.sum(dim=over)
    ### END SOLUTION

# %% check="batch_norm_backward"
check.batch_norm_backward(batch_norm_backward)

# %% [markdown]
# ### The sum in full
#
# To compare with your paper: the $\delta_{ij}$ picks $g_i$, and the other two terms are means over the channel,
#
# $$\frac{\partial L}{\partial x_i} = \frac{\gamma}{s} \Bigl( g_i - \frac1M \sum_j g_j - \hat x_i\, \frac1M \sum_j g_j\, \hat x_j \Bigr).$$
#
# Add this up over $i$: since $\sum_i \hat x_i = 0$, the sum is zero.
# So adding a constant to all $x_i$ of a channel changes nothing, and **a bias in the convolution before a batch norm is useless**: in training mode its gradient is always zero.
# Write `bias=False` there; $\beta$ does the bias's work.

# %%
torch.manual_seed(0)
conv, norm = nn.Conv2d(3, 4, 3).double(), nn.BatchNorm2d(4).double()
out = norm(conv(torch.randn(8, 3, 6, 6, dtype=torch.float64)))
(out * torch.randn_like(out)).sum().backward()
print(f"gradient of the bias below 1e-12: {conv.bias.grad.abs().max() < 1e-12};  of the weights: {conv.weight.grad.abs().max():.2f}")

# %% [markdown]
# ## Small batches
#
# The batch's mean and variance are estimates from $M$ numbers, and they are noisy when the batch is small.
# Take one photograph's square, put it into many random batches, and see how much its output moves from batch to batch.
#
# A little of this noise may even help, as dropout's does.
# With two or four images it is no longer little, and the running averages no longer fit what training saw.

# %%
def movement(batch_size, tries=200):
    """How much the normalised image 0 moves with its batch: std over batches, as rms over its pixels."""
    generator = torch.Generator().manual_seed(0)
    outputs = []
    for _ in range(tries):
        others = torch.randperm(len(images) - 1, generator=generator)[: batch_size - 1] + 1
        batch = torch.cat([images[:1], images[others]])
        outputs.append(F.batch_norm(batch, None, None, training=True)[0])
    return torch.stack(outputs).var(dim=0).mean().sqrt().item()


f"with one companion {movement(2):.2f}, with 127 companions {movement(128):.2f}"

# %%
batch_sizes = [2, 4, 8, 16, 32, 64, 128]
moved = [movement(batch_size) for batch_size in batch_sizes]
print(*(f"{batch_size}: {value:.2f}  " for batch_size, value in zip(batch_sizes, moved, strict=True)))

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.4), dpi=90, layout="constrained")
ax.loglog(batch_sizes, moved, "o-", color=BLUE, label="batch norm, training mode")
ax.loglog(batch_sizes, [moved[3] * math.sqrt(16 / size) for size in batch_sizes], ":", color="black", label="1/√N for comparison")
ax.set_xticks(batch_sizes, batch_sizes)
ax.set_yticks([0.04, 0.1, 0.2, 0.4], ["0.04", "0.1", "0.2", "0.4"])
ax.minorticks_off()
ax.set(title="How much one image's output depends on its companions", xlabel="images in the batch, N", ylabel="movement of the output (std)")
ax.legend(frameon=False)
with_text(figure, "The movement of one image's normalised output over the size of its batch, on logarithmic axes: from four images on it falls about as one over the square root of the batch size.")

# %% [markdown]
# ## Why does it help?
#
# With batch norm, networks train at learning rates, depths and initial scales where they do not without it.
# Why, is less certain.
#
# *Believed:* the paper of 2015 blamed **internal covariate shift**: each layer's inputs change their distribution as earlier layers learn, and batch norm holds them still.
#
# *Found:* Santurkar and others (2018) put random, changing noise behind their batch-norm layers, so that the distributions became less stable than without any norm; the networks still trained about as well as with plain batch norm.
# They also measured, and in a simple setting proved, that batch norm makes the loss and its gradient change less abruptly along a step.
#
# That speaks against the first story and for a second, without settling the matter.

# %% [markdown]
# One mechanism you can prove in a line.
# Multiply the weights before a batch norm by $a > 0$: $\mu$ and $\sqrt{v}$ grow by $a$ too, and $\hat x$ stays (but for $\varepsilon$).
# The output does not know the scale of the weights, so the initial scale of such a layer cannot make the signal grow or vanish.
# And since $L(a w) = L(w)$ for all $a$, differentiating by $w$ gives $a\, \nabla L(a w) = \nabla L(w)$: weights twice as large get half the gradient.
# A layer whose weights have grown in a too bold step takes smaller relative steps afterwards.
# So the initial scale still counts in one way: it sets how large the first steps are, relative to the weights.

# %%
torch.manual_seed(0)
x, weight, target = torch.randn(16, 3, 8, 8).double(), torch.randn(4, 3, 3, 3).double(), torch.randn(16, 4, 6, 6).double()


def loss_and_gradient(weight):
    weight = weight.clone().requires_grad_()
    loss = (F.batch_norm(F.conv2d(x, weight), None, None, training=True, eps=1e-12) - target).square().mean()
    return loss.item(), torch.autograd.grad(loss, weight)[0].norm().item()


(loss, gradient), (loss_of_double, gradient_of_double) = loss_and_gradient(weight), loss_and_gradient(2 * weight)
print(f"loss {loss:.4f} and {loss_of_double:.4f}; the gradient of the doubled weights is {gradient_of_double / gradient:.3f} of the other")

# %% [markdown]
# ## Layer norm and group norm
#
# The same formula, other numbers to average over.
# For `x` of shape $(N, C, H, W)$:
#
# | norm | mean and variance over | one pair for each |
# |---|---|---|
# | batch norm (2015) | $N, H, W$ | channel |
# | layer norm (Ba, Kiros, Hinton 2016) | $C, H, W$ | image |
# | group norm (Wu and He 2018) | $H, W$ and the channels of a group | image and group |
#

# %% [markdown]
# The last two never look at another image.
# So they need no running averages, work alike in training and evaluation, and do not mind small batches.
# Group norm's scale and shift stay one each a channel; PyTorch's `nn.LayerNorm((C, H, W))` has one each for every value of an image.
#
# Layer norm is at home in transformers (lesson 19, where it averages over channels alone), group norm where large images leave room for few in a batch, as in detection.

# %%
x = torch.randn(5, 6, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
groups = x.view(5, 2, 3, 4, 4)  # two groups of three neighbouring channels
by_hand = (groups - groups.mean(dim=(2, 3, 4), keepdim=True)) / (groups.var(dim=(2, 3, 4), correction=0, keepdim=True) + 1e-5).sqrt()
print(torch.allclose(by_hand.view_as(x), F.group_norm(x, 2)), torch.allclose(F.group_norm(x, 1), F.layer_norm(x, (6, 4, 4))))

# %% [markdown]
# ## Dropout
#
# **Dropout** (Srivastava and others, 2014) throws values away at random during training, each with probability $p$, so that no unit can rely on one particular other.
# Let $b$ be 1 with probability $1 - p$ and 0 otherwise.
# Then $\mathbb{E}[b\, x] = (1 - p)\, x$: the next layer gets less than it will get in evaluation, where nothing is dropped.
#
# The paper multiplies the weights by $1 - p$ in evaluation.
# Today one divides in training instead, which is called **inverted** dropout:
#
# $$\mathbb{E}\Bigl[\frac{b\, x}{1 - p}\Bigr] = x, \qquad \mathrm{Var}\Bigl[\frac{b\, x}{1 - p}\Bigr] = \frac{x^2\, (1 - p)\, p}{(1 - p)^2} = \frac{p}{1 - p}\, x^2 .$$
#
# The mean is right, evaluation has nothing to do, and the noise grows fast with $p$.

# %%
torch.manual_seed(0)
p, x = 0.3, 2.0
draws = F.dropout(torch.full((1_000_000,), x, dtype=torch.float64), p)
print(f"mean {draws.mean():.2f}, variance {draws.var():.2f}, formula {p / (1 - p) * x**2:.2f}")

# %% [markdown]
# ### Exercise: dropout
#
# Write `dropout(x, u, p, training)`.
# `u` has the shape of `x` and holds uniform random numbers from 0 to 1.
# In training drop exactly the values with `u < p`, and scale the rest so that the mean is kept; in evaluation return `x` as it is.
# $p$ is at least 0 and below 1.

# %% exercise="dropout"
def dropout(x, u, p, training):
    """Inverted dropout: x and u of one shape, p the probability to drop -> a tensor of that shape."""
    ### BEGIN SOLUTION
    if not training:
        return x
    return x * (u >= p) / (1 - p)
    ### END SOLUTION

# %% check="dropout"
check.dropout(dropout)

# %% [markdown]
# ## Weight decay, and on what
#
# Lesson 05 showed decay as a pull of every weight towards zero, $w \leftarrow w - \eta \lambda w$, apart from the gradient.
# It is meant for the weights of convolutions and linear layers.
# A bias or a norm's scale and shift have no reason to be near zero: a scale pulled to zero turns its channel off.
# So one gives the optimizer two groups, and decays only parameters with two or more dimensions.
#
# In front of a batch norm, decay does something else than it seems to: the size of those weights does not change the output at all, as you just proved.
# It keeps them small, and by the half-the-gradient rule it so keeps their relative steps large.

# %%
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10))
for group in parameter_groups(model, weight_decay=0.05):
    print(f"decay {group['weight_decay']:<5} shapes", *(tuple(p.shape) for p in group["params"]))

# %% [markdown]
# ## Clipping the gradient
#
# Now and then a batch has a gradient far larger than all others, and one step undoes a hundred.
# Pascanu, Mikolov and Bengio (2013), who trained recurrent networks, proposed to **clip** its norm.
# Let $\|g\|$ be the length of *all* gradients of the model laid end to end, and $c$ a limit:
#
# $$g \leftarrow g \cdot \min\Bigl(1, \frac{c}{\|g\|}\Bigr).$$
#
# The direction stays, only the length is limited.
# Clipping each number by itself would turn the direction.
# If nearly every step is clipped, every SGD step has the same length, rate times limit, however steep the loss is: look at the norm that `clip_grad_norm_` returns.

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3))
F.cross_entropy(10 * model(torch.randn(5, 1, 6, 6)), torch.tensor([0, 1, 2, 0, 1])).backward()
flat = torch.cat([p.grad.flatten() for p in model.parameters()])
norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
clipped = torch.cat([p.grad.flatten() for p in model.parameters()])
print(f"norm before {norm:.2f}, after {clipped.norm():.2f}, angle kept: {torch.allclose(clipped, flat / flat.norm(), atol=1e-5)}")

# %% [markdown]
# ## A learning rate that moves
#
# At the start the weights are random and the gradients often large and contradictory; near the end a large step only jumps around the minimum.
# A **schedule** gives each step its own rate.
#
# - **Warm-up**: the rate rises from a small one. Goyal and others (2017) used it to train with batches of 8,192 images.
# - **Cosine** (Loshchilov and Hutter, 2017): from the top down along half a cosine, slowly at both ends.
# - **One cycle** (Smith and Topin, 2017): up to a rate that would be too large for long, and down to almost nothing.

# %% [markdown]
# Between two rates $a$ and $b$ the cosine goes, for a share $q$ of the way from 0 to 1, as $b + \tfrac12 (a - b) (1 + \cos \pi q)$.

# %%
def rates_of(schedule, total=100, **options):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = schedule(optimizer, **options)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if len(rates) < total else None
    return rates


schedules = {
    "one cycle": rates_of(torch.optim.lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=100),
    "cosine": rates_of(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=100),
    "steps": rates_of(torch.optim.lr_scheduler.MultiStepLR, milestones=[50, 75]),
    "linear warm-up, then constant": rates_of(torch.optim.lr_scheduler.LinearLR, start_factor=0.04, total_iters=20),
}

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.9), dpi=90, layout="constrained")
for (name, rates), style, colour in zip(schedules.items(), ("-", "--", "-.", ":"), (BLUE, RED, GREEN, PURPLE), strict=True):
    ax.plot(rates, style, color=colour, linewidth=2, label=name)
ax.set(title="Four schedules", xlabel="step", ylabel="learning rate (share of the highest)", ylim=(0, 1.05))
ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
with_text(figure, "Learning rate over a hundred steps: one cycle rises to the top at step 29 and falls to almost nothing, the cosine falls all the way, steps fall tenfold twice, the warm-up rises and stays.")

# %% [markdown]
# ### Exercise: one cycle
#
# Write `one_cycle(step, total, max_lr, warmup=0.3)`: the rate that PyTorch's `OneCycleLR` has at `step`, from 0 to `total - 1`.
# Both parts are cosines.
#
# - The rate begins at `max_lr / 25`.
# - It reaches `max_lr` at step $u = \text{warmup} \cdot \text{total} - 1$, which need not be a whole number.
# - At the last step, `total - 1`, it is the first rate divided by 10,000.

# %% exercise="one_cycle"
def one_cycle(step, total, max_lr, warmup=0.3):
    """The learning rate (float) at `step`, counted from 0, of a run of `total` steps."""
    ### BEGIN SOLUTION
    first, last = max_lr / 25, max_lr / 25 / 10_000
    top = warmup * total - 1
    if step <= top:
        start, end, share = first, max_lr, step / top
    else:
        start, end, share = max_lr, last, (step - top) / (total - 1 - top)
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
    ### END SOLUTION

# %% check="one_cycle"
check.one_cycle(one_cycle)

# %% [markdown]
# ## Softer targets, slower weights
#
# **Label smoothing**, derived in lesson 04, spreads a share of each target over all classes, so that no logit needs to run away.
# Mind that the loss then has a floor above zero, and that smoothed and plain losses cannot be compared.
#
# An **exponential moving average** (EMA) of the weights $w_t$ calms the last steps: $a_t = d\, a_{t-1} + (1 - d)\, w_t$, with a decay $d$ such as 0.999.
# One evaluates with $a$, and goes on training with $w$.
# Unrolled,
#
# $$a_t = d^{\,t} a_0 + (1 - d) \sum_{s=1}^{t} d^{\,t - s}\, w_s, \qquad (1 - d) \sum_{s=1}^{t} d^{\,t-s} = 1 - d^{\,t} .$$

# %% [markdown]
# So after $t$ steps the share $d^{\,t}$ is still the start.
# With $d = 0.999$ that is more than a third after 1,000 steps: a third of the random first weights.
# Two cures: start at $a_0 = 0$ and divide by $1 - d^{\,t}$, as Adam does with its averages (lesson 05); or let the decay itself grow, as the course's `training` does with $\min(d, (1 + t)/(10 + t))$.
# The sketch averages one weight that trains from 5 to 1 in a hundred steps and then stays.

# %%
decay = 0.999
weights = [5 - 4 * min(t / 100, 1) for t in range(1, 1001)]
plain, zero, grown = 5.0, 0.0, 5.0
for t, weight in enumerate(weights, start=1):
    plain = decay * plain + (1 - decay) * weight
    zero = decay * zero + (1 - decay) * weight
    rising = min(decay, (1 + t) / (10 + t))
    grown = rising * grown + (1 - rising) * weight
print(f"share of the start {decay**1000:.3f}; average: plain {plain:.2f}, corrected {zero / (1 - decay**1000):.2f}, rising decay {grown:.2f}; the weight is {weights[-1]:.2f}")

# %% [markdown]
# ## When to stop
#
# Training on after the validation loss has turned costs time and, often, quality.
# **Early stopping** waits for `patience` epochs without a new best and then goes back to the best weights.
# Prechelt (1998) compared such rules and found that waiting longer bought a little quality for much time.
#
# Three details decide whether it works.
# The counter is about the *best* loss so far, not about the loss before.
# What is kept must be a copy, buffers and all.
# And the best of many noisy validation losses is a little too rosy, as lesson 06 showed.

# %% [markdown]
# ### Exercise: early stopping
#
# Write `early_stopping(model, train_one_epoch, validation_loss, patience, max_epochs)`.
# In each epoch call `train_one_epoch(model)` once, then `validation_loss(model)` once, which returns a number.
# Only a loss *below* the best so far is a new best; `nan` is never one.
# Stop right after the epoch that makes it `patience` epochs in a row without a new best, or after `max_epochs`.
# Leave the model with the state of the best epoch, and return that epoch's number, counted from 1, and how many epochs were trained.
# The first epoch's loss is always finite.

# %% exercise="early_stopping"
def early_stopping(model, train_one_epoch, validation_loss, patience, max_epochs):
    """Train until `patience` epochs bring nothing new, and put the best state back.

    Returns (best epoch, epochs trained).
    """
    ### BEGIN SOLUTION
    best_loss, best_epoch, state = math.inf, 0, None
    for epoch in range(1, max_epochs + 1):
        train_one_epoch(model)
        loss = validation_loss(model)
        if loss < best_loss:
            best_loss, best_epoch, state = loss, epoch, copy.deepcopy(model.state_dict())
        if epoch - best_epoch >= patience:
            break
    model.load_state_dict(state)
    return best_epoch, epoch
    ### END SOLUTION

# %% check="early_stopping"
check.early_stopping(early_stopping)

# %% [markdown]
# ## Reading curves
#
# Curves are the patient's chart.
# Four questions, in this order:
#
# 1. *The first point*: is it near $\ln K$ (lesson 06)? Far above, the first weights or the images are too large.
# 2. *The training loss*: does it fall? Not at all, hardly, in jumps, or down to a floor that should not be there?
# 3. *Training against validation*: do they part, and when?
# 4. *Validation against chance*: is the accuracy above $1/K$ at all?
#
# Look at loss *and* accuracy.
# A loss that does not fit its accuracy is a finding of its own.

# %% [markdown]
# ## Six sick runs
#
# Six small networks are now trained on squares from six photographs, on your machine, and a healthy one for comparison.
# For each of the six one diagnosis explains its curves best; not all have the network or the optimizer of the healthy run.
# They always use these small squares, so that the diagnoses are the same for everyone.
# `sick_runs` does the training; its source says what is wrong with each, so read it afterwards.

# %%
NAMES = ("brick", "grass", "gravel", "hubble", "page", "handwriting")
chosen = [patches.classes.index(name) for name in NAMES]


def tensors(split):
    """Normalised images (N, 1, 16, 16) of the six classes, and their labels 0 to 5."""
    rows = np.flatnonzero(np.isin(split.labels, chosen))
    images = (torch.from_numpy(split.images[rows]).float() / 255 - float(patches.mean[0])) / float(patches.std[0])
    return images, torch.from_numpy(np.searchsorted(chosen, split.labels[rows]))


[tuple(images.shape) for images, _ in (tensors(patches.train), tensors(patches.val))]

# %%
runs = sick_runs(tensors(patches.train), tensors(patches.val), len(NAMES))
print(f"{len(runs)} runs of {len(runs['A']) - 1} epochs; chance: loss ln 6 = {math.log(6):.2f}, accuracy {1 / 6:.0%}")

# %% output="varies"
print(f"{'':<9}{'loss before, training':>22}{'loss after':>12}{'validation':>12}{'accuracy after':>17}{'validation':>12}")
for name, rows in runs.items():
    last = rows[-1]
    print(f"{name:<9}{rows[0]['train_loss']:>22.2f}{last['train_loss']:>12.2f}{last['val_loss']:>12.2f}{last['train_accuracy']:>17.0%}{last['val_accuracy']:>12.0%}")

# %% [markdown]
# Choose a run, and move the epoch to read the numbers.
# The healthy run is drawn in grey behind it, dotted lines mark chance, and epoch 0 is the untrained network.

# %% output="varies"
sick_run_explorer(runs)

# %% [markdown]
# ### Exercise: six diagnoses
#
# Write `diagnoses()`: a dictionary with one of these for each of "A" to "F".
#
# - `"rate too small"` or `"rate too large"`: the learning rate;
# - `"weights too large"`: the first weights, before any training;
# - `"overfitting"`: it learns its training images and little that carries over, from right labels;
# - `"labels shuffled"`: the training labels do not belong to their images;
# - `"softmax twice"`: the model ends with a softmax and the loss applies another;
# - `"model too small"`: it cannot fit even the training images;
# - `"healthy"`.
#
# Give each run its main sickness; not every word is used.

# %% exercise="diagnoses"
def diagnoses():
    """A diagnosis for each of the runs "A", "B", "C", "D", "E" and "F"."""
    ### BEGIN SOLUTION
    return {
        "A": "softmax twice",
        "B": "overfitting",
        "C": "rate too large",
        "D": "weights too large",
        "E": "labels shuffled",
        "F": "rate too small",
    }
    ### END SOLUTION

# %% check="diagnoses"
check.diagnoses(diagnoses)

# %% [markdown]
# ## An honest ablation
#
# Which of all this is worth having *here*?
# An **ablation** takes a recipe and changes one thing at a time.
# To be honest it needs four rules.
#
# - One change, and everything else as it was, the same seeds included.
# - Several seeds, because first weights and order are luck.
# - An interval for the *difference*, and no word about what lies within it.
# - All variants reported, the disappointing ones too.
#
# The recipe: a CNN of three convolutions with batch norm and He's weights, SGD with momentum, one cycle and weight decay.
# The course's `training` goes up and down in straight lines, as Smith and Topin did, where PyTorch takes cosines.

# %% output="varies"
try:
    dataset = load_dataset("imagenette", size=64)
except CourseDataError:
    dataset = load_photo_patches(size=32, train_per_class=50)
rng = np.random.default_rng(0)
train = dataset.train.subset(rng.permutation(len(dataset.train))[:512])
val = dataset.val.subset(rng.permutation(len(dataset.val))[:800])
print(f"{dataset.name}: {len(train)} training and {len(val)} validation images, {dataset.num_classes} classes")

# %% output="varies"
def build(norm=True, he=True, drop=0.0):
    layers, channels = [], dataset.in_channels
    for width in (16, 32, 32):
        layers.append(nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=not norm))
        layers += [nn.BatchNorm2d(width), nn.ReLU()] if norm else [nn.ReLU()]
        channels = width
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(drop), nn.Linear(channels, dataset.num_classes))
    for layer in model:
        if he and isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return model


print(f"{sum(parameter.numel() for parameter in build().parameters()):,} parameters with batch norm")

# %%
recipe = training.TrainConfig(epochs=6, optimizer="sgd", lr=0.1, schedule="one_cycle", weight_decay=5e-4, precision="float32")
VARIANTS = {
    "the recipe": ({}, recipe),
    "no batch norm": ({"norm": False}, recipe),
    "PyTorch's weights": ({"he": False}, recipe),
    "constant rate": ({}, replace(recipe, schedule="constant", warmup=0.0)),
    "with dropout 0.3": ({"drop": 0.3}, recipe),
    "with smoothing 0.1": ({}, replace(recipe, label_smoothing=0.1)),
}
list(VARIANTS)

# %% [markdown]
# Every variant is trained from the same four seeds, which decide the first weights and the order of the images.
# Then the difference to the recipe is taken *seed by seed*, so that the luck that both share drops out.
# Of $S$ such differences with mean $\bar d$ and standard deviation $s_d$, a 95 % interval is $\bar d \pm t\, s_d / \sqrt{S}$.
# For $S = 4$ Student's factor is $t = 3.18$, not 1.96: four numbers say little about their own spread.
# It assumes that the differences are about normally distributed.
#
# This covers the luck of the seeds.
# It does not cover the choice of these 512 images, nor that the rate 0.1 was chosen for the recipe and not for each variant.

# %%
SEEDS = (0, 1, 2, 3)


def accuracy(options, config, seed):
    """Validation accuracy after the last epoch of one run."""
    training.seed_everything(seed)
    model = build(**options)
    train_loader = Batches(train, 32, shuffle=True, seed=seed, mean=dataset.mean, std=dataset.std)
    val_loader = Batches(val, 256, mean=dataset.mean, std=dataset.std)
    return training.fit(model, train_loader, val_loader, replace(config, seed=seed, progress=False)).history[-1]["val_accuracy"]


f"{len(VARIANTS)} variants from {len(SEEDS)} seeds: {len(VARIANTS) * len(SEEDS)} runs"

# %% output="varies"
results = {name: np.array([accuracy(*variant, seed) for seed in SEEDS]) for name, variant in VARIANTS.items()}
for name, values in results.items():
    print(f"{name:<18}", *(f"{value:.3f}" for value in values))

# %% output="varies"
T = 3.18  # Student's t for a 95 % interval with 3 degrees of freedom
differences = {name: values - results["the recipe"] for name, values in results.items() if name != "the recipe"}
intervals = {name: (d.mean(), T * d.std(ddof=1) / math.sqrt(len(d))) for name, d in differences.items()}
print(f"the recipe: {results['the recipe'].mean():.1%} (seeds from {results['the recipe'].min():.1%} to {results['the recipe'].max():.1%})")
for name, (middle, half) in intervals.items():
    verdict = "too close to call" if abs(middle) <= half else "better" if middle > 0 else "worse"
    print(f"{name:<20}{100 * middle:+6.1f} ± {100 * half:.1f} points   {verdict}")

# %%
figure, ax = plt.subplots(figsize=(6.4, 3.9), dpi=90, layout="constrained")
for place, (name, (middle, half)) in enumerate(intervals.items()):
    ax.errorbar(100 * middle, place, xerr=100 * half, fmt="s", color=BLUE, capsize=4, label="mean and 95 % interval" if place == 0 else None)
    ax.plot(100 * differences[name], [place + 0.22] * len(SEEDS), "o", color=RED, markersize=4, label="one seed" if place == 0 else None)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(range(len(intervals)), intervals)
ax.invert_yaxis()
ax.set(title="One change at a time", xlabel="difference in validation accuracy to the recipe (points of 100)", ylabel="variant")
ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
with_text(figure, "For each change to the recipe, the difference in validation accuracy of four seeds, their mean and a 95 per cent interval; zero is the recipe.")

# %% [markdown]
# Read it with the four rules in mind.
# Where the interval holds zero, this experiment cannot tell the variant from the recipe: not that there is no difference, but that four seeds and these images do not show it.
# Five intervals at 95 % also mean five chances to be fooled: if no change did anything, and the five were independent, the cell below says how often such a table would show a 'finding'.
# And what holds for three layers, 512 images and six epochs need not hold for fifty layers and a million: dropout and smoothing are remedies against overfitting, and there is little to overfit in so short a run.

# %%
print(f"at least one of five 95 % intervals misses a true zero with probability {1 - 0.95**5:.0%}")

# %% [markdown]
# ## Where this goes wrong in the wild
#
# A popular article on residual networks explains initialisation like this, in our words: *use Glorot's or He's method, that is, draw the weights from the standard normal distribution, with mean 0 and variance 1.*
# Elsewhere it has the parameters start from some random value, as if one were enough.
# In code:
#
# ```python
# for layer in model.modules():
#     if isinstance(layer, (nn.Conv2d, nn.Linear)):
#         nn.init.normal_(layer.weight, 0, 1)
# ```
#
# You know what the first does to twenty layers.
# Here is what it does to the very first loss, which should be near $\ln 10$; and what one and the same random value for all weights would do.

# %%
def first_loss(fill, depth=8, seed=0):
    """Loss of an untrained CNN on random images and labels, and how many different features it has."""
    torch.manual_seed(seed)
    layers = [nn.Conv2d(3 if i == 0 else 32, 32, 3, padding=1, bias=False) for i in range(depth)]
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for layer in layers:
        fill(layer.weight)
    features = model(torch.randn(64, 3, 16, 16))  # (64, 32)
    logits = features @ (torch.randn(32, 10) / math.sqrt(32))
    shares = (features[0] / features[0].max()).detach()  # rounded, so that the last bit does not count
    return F.cross_entropy(logits, torch.randint(0, 10, (64,))).item(), len(shares.round(decimals=6).unique())


f"ln 10 = {math.log(10):.2f}; He's standard deviation with 32 channels in: {math.sqrt(2 / (32 * 9)):.3f}"

# %%
for name, fill in {"variance 1": nn.init.normal_, "He": nn.init.kaiming_normal_, "one value": lambda w: nn.init.constant_(w, 0.01)}.items():
    loss, different = first_loss(fill)
    print(f"{name:<11} first loss {loss:>12.4g}   different features of an image {different:>2} of 32")

# %% [markdown]
# Variance 1 is neither Glorot's nor He's rule: for these layers He's standard deviation is $\sqrt{2 / 288} \approx 0.083$, twelve times smaller (in the first layer, with 3 channels in, it is larger).
#
# And one value for all weights gives 32 equal features in every layer.
# Where the weights that read them are equal, too, they get equal gradients, so every step keeps them equal: the layer has one feature, 32 times.
# What is needed are *independent* random values, one for each weight.

# %% [markdown]
# ### Exercise: bug hunt, the mended start
#
# Write `initialise(model)`, which changes the model in place.
# Every weight of a convolution or a linear layer, however deep inside the model, gets independent random values of mean 0 and He's variance by its own fan-in, normal or uniform.
# Every bias of these layers becomes 0.
# Batch norm's scale and shift stay as they are.

# %% exercise="initialise"
def initialise(model):
    """He's initialisation, in place, for every nn.Conv2d and nn.Linear of an nn.Module."""
    ### BEGIN SOLUTION
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    ### END SOLUTION

# %% check="initialise"
check.initialise(initialise)

# %% [markdown]
# ## Stretch: a norm that needs no batch
#
# Detection networks are often trained with one or two large images at a time, where batch norm's estimates are mostly noise.
# Group norm does not look at the batch at all.
# You have the formula, the table, and one example with two groups above to lean on.

# %% [markdown]
# ### Exercise (stretch): group norm
#
# Write `group_norm(x, groups, scale, shift, eps=1e-5)` for `x` of shape $(N, C, \ldots)$ with *any* number of further axes, none included.
# The $C$ channels are cut into `groups` groups of neighbours; each image and group has a mean and a variance of its own.
# Scale and shift have the shape $(C,)$.
# If `groups` does not divide $C$, raise `ValueError`.

# %% exercise="group_norm"
def group_norm(x, groups, scale, shift, eps=1e-5):
    """x (N, C, ...), scale and shift (C,) -> the normalised tensor, of the shape of x."""
    ### BEGIN SOLUTION
    if x.shape[1] % groups:
        raise ValueError(f"{groups} groups do not divide {x.shape[1]} channels")
    grouped = x.reshape(len(x), groups, -1)  # (N, groups, everything of a group)
    centred = grouped - grouped.mean(dim=2, keepdim=True)
    x_hat = (centred / (centred.square().mean(dim=2, keepdim=True) + eps).sqrt()).reshape(x.shape)
    per_channel = (1, -1, *[1] * (x.ndim - 2))
    return x_hat * scale.view(per_channel) + shift.view(per_channel)
    ### END SOLUTION

# %% check="group_norm"
check.group_norm(group_norm)

# %%
check.progress()

# %% [markdown]
# ## What you now know
#
# - You can **derive** $\sigma^2 = 2/n$ from a sum of products and a ReLU that keeps half, and **initialise** by it.
# - You have **written** batch norm both ways, and can **say** why one image gets three answers when a mode is forgotten, and why two images are too few.
# - You have **built** inverted dropout, one cycle and early stopping, exactly.
# - You can **diagnose** six sick runs from four questions to their curves.
# - You have **measured** five changes with four seeds and an interval each, and know what such a table cannot say.

# %% [markdown]
# ## References
#
# - X. Glorot, Y. Bengio: *Understanding the difficulty of training deep feedforward neural networks*. AISTATS 2010.
# - K. He, X. Zhang, S. Ren, J. Sun: *Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification*. ICCV 2015.
# - S. Ioffe, C. Szegedy: *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift*. ICML 2015.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Madry: *How Does Batch Normalization Help Optimization?* NeurIPS 2018.
# - J. L. Ba, J. R. Kiros, G. E. Hinton: *Layer Normalization*. arXiv:1607.06450, 2016.
# - Y. Wu, K. He: *Group Normalization*. ECCV 2018.
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*. JMLR 15, 2014.

# %% [markdown]
# - R. Pascanu, T. Mikolov, Y. Bengio: *On the difficulty of training recurrent neural networks*. ICML 2013. Clipping by norm.
# - P. Goyal and others: *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*. arXiv:1706.02677, 2017. Warm-up.
# - I. Loshchilov, F. Hutter: *SGDR: Stochastic Gradient Descent with Warm Restarts*. ICLR 2017. The cosine.
# - L. N. Smith, N. Topin: *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates*. arXiv:1708.07120, 2017. One cycle.
# - L. Prechelt: *Early Stopping – But When?* In: Neural Networks: Tricks of the Trade, Springer 1998.
# - B. T. Polyak, A. B. Juditsky: *Acceleration of Stochastic Approximation by Averaging*. SIAM Journal on Control and Optimization 30(4), 1992.
