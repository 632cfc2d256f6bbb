# ---
# jupyter:
#   course:
#     title: "A first CNN"
#     minutes: 180
#     prerequisites: [02_convolution, 04_cross_entropy]
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 06 · A first CNN
#
# Three networks look at the same photographs.
# One weighs single pixels, one has a hidden layer, one slides small filters.
# You write the loop that trains them, learn to tell a healthy run from a sick one before it costs you a night, and find out by experiment what it is about photographs that the third network uses.

# %% [markdown]
# ## You will be able to
#
# - **build** a linear classifier, an MLP and a small CNN, and **count** what each can learn;
# - **write** one training step and an evaluation that does not disturb the model;
# - **climb** the debugging ladder: the loss at the start, one batch by heart, the learning rate, the curves, the filters and the mistakes;
# - **explain** which of the three networks notice when the pixels are shuffled, and prove it for two of them;
# - **choose** a model on the validation set and keep the test set honest;
# - **find** the faults in published training code and in a published log.

# %% [markdown]
# You need lesson 02 for convolutions and lesson 04 for the cross-entropy and its logits.
# Everything runs on a laptop without a network or a GPU, and uses a GPU when there is one.
# The long training cells say beforehand about how long they will take, from a few batches that they time on your machine.
# With Imagenette and no GPU, some other cells take half a minute to two minutes.
#
# The library of the course, `training`, holds in finished form what you write here.
# Later cells use the finished form, so you can go on when an exercise resists.
# *Run All* stops at the first check that is not passed; select the cell below it and choose *Run Selected Cell and All Below*.

# %%
import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import models, training
from course_utils.checks.first_cnn import check
from course_utils.data import Batches, CourseDataError, Split, load_dataset, load_photo_patches
from course_utils.plots import OKABE_ITO, plot_confusion, plot_curves, show_filters, show_images, with_text
from course_utils.widgets import overfitting_explorer

DEVICE = training.best_device()

# %% [markdown]
# ## The photographs
#
# If Imagenette, ten classes of ImageNet, is prepared on this machine, we use it at 64 pixels.
# If not, we use what is always there: small grey squares cut from sixteen photographs, and the question 'which photograph is it from?'.
# Training squares come from the left part of each photograph and all others from the right, so no pixel is in both.
# All squares have about the same mean brightness, so the mean brightness gives nothing away.
#
# `course data get imagenette` in a terminal brings Imagenette; run this notebook again afterwards, without changing a line.

# %% output="varies"
try:
    dataset = load_dataset("imagenette", size=64)
except CourseDataError:
    dataset = load_photo_patches(size=32, train_per_class=200)
K, C, S = dataset.num_classes, dataset.in_channels, dataset.size  # classes, channels, pixels a side
dataset

# %%
first = [int(np.flatnonzero(dataset.train.labels == k)[0]) for k in range(K)]
examples = dataset.train.subset(first)  # one image a class
ax = show_images(examples.images, dataset.classes, title="One training image of each class")
with_text(ax, "One training image of each class, with the name of the class above it.")

# %% [markdown]
# ## Three sets, three jobs
#
# | set | what it is for | how often it is read |
# |---|---|---|
# | training | the gradient | in every step |
# | validation | your choices: architecture, learning rate, when to stop | as often as you like |
# | test | one number at the very end | once |
#
# Choosing is a way of learning, too: whatever set you choose by, its numbers become too rosy.
# So the last number has to come from images that decided nothing.

# %% [markdown]
# Our data comes in two splits, and we cut the second one in half.
# One warning for the small squares: validation and test squares overlap in the photographs, so the test set here is only a rehearsal of the procedure, no second opinion.

# %% output="varies"
halves = np.array_split(np.random.default_rng(0).permutation(len(dataset.val)), 2)
val, test = (dataset.val.subset(half) for half in halves)
print(f"{len(dataset.train):,} training, {len(val):,} validation, {len(test):,} test images")

# %% [markdown]
# A **loader** cuts a split into batches.
# Ours takes away the mean of the training images and divides by their standard deviation, for every split alike: the other splits must not decide anything, not even a mean.
# Training images come in a new order in each epoch, that is, in each pass over them.

# %% output="varies"
def loader(split, batch_size=64, **options):
    return Batches(split, batch_size, mean=dataset.mean, std=dataset.std, device=DEVICE, **options)


val_loader, test_loader = loader(val, 256), loader(test, 256)
images, labels = next(iter(loader(dataset.train, shuffle=True)))
print(f"images {tuple(images.shape)}, mean {abs(images.mean()):.2f} from zero, std {images.std():.2f}; labels {labels[:8].tolist()} ...")

# %% [markdown]
# ## One weight for each pixel
#
# The simplest classifier lays the $D = C \cdot S \cdot S$ numbers of an image in a row, $x \in \mathbb{R}^{D}$, and computes
#
# $$\text{logits} = W x + b, \qquad W \in \mathbb{R}^{K \times D},\; b \in \mathbb{R}^{K}.$$
#
# Row $k$ of $W$ is a template for class $k$: as large as the image, one weight for each pixel in each channel.

# %% output="varies"
linear = nn.Sequential(nn.Flatten(), nn.Linear(C * S * S, K)).to(DEVICE)  # (N, C, S, S) -> (N, K)
logits = linear(images)
tuple(logits.shape)

# %% [markdown]
# ## Counting what can be learned
#
# A **parameter** is a number that the gradient may move.
# The linear classifier has $K \cdot D$ weights and $K$ biases.
# PyTorch keeps parameters as tensors, layer inside layer; a weight that two layers share is one parameter, and running averages, as batch norm keeps them, are *buffers*, not parameters.
# (**Batch norm** rescales each feature to mean 0 and spread 1 over the batch, and remembers running averages for evaluation.)
# A *frozen* parameter is one with `requires_grad=False`: the gradient leaves it alone for now.

# %% [markdown]
# ### Exercise: count the parameters
#
# Write `count_parameters(model)`: how many numbers the parameters of `model` hold, an `int`.
# Count frozen ones too, shared ones once, and buffers not at all.
#
# Write your answer, and any helper function it needs, into the cell below: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.

# %% exercise="count_parameters"
def count_parameters(model):
    """How many numbers the parameters of an `nn.Module` hold (int)."""
    ### BEGIN SOLUTION
    return sum(parameter.numel() for parameter in model.parameters())
    ### END SOLUTION

# %% check="count_parameters"
check.count_parameters(count_parameters)

# %% [markdown]
# ## A hidden layer in between
#
# A multi-layer perceptron, **MLP**, first computes $H$ features of the whole image, cuts them off at zero, and weighs those:
#
# $$h = \max(0, W_1 x + b_1) \in \mathbb{R}^{H}, \qquad \text{logits} = W_2 h + b_2.$$
#
# Each feature again has one weight for each pixel, so there are $H D + H$ parameters before the last layer has its $K H + K$.

# %% output="varies"
H = 256
mlp = nn.Sequential(nn.Flatten(), nn.Linear(C * S * S, H), nn.ReLU(), nn.Linear(H, K)).to(DEVICE)
by_hand = H * C * S * S + H + K * H + K
print(f"{models.count_parameters(mlp):,} parameters, by hand {by_hand:,}")

# %% [markdown]
# ## A convolutional network
#
# A convolution computes features too, with two limits.
# Each feature sees only a 3×3 window, and all windows share one set of weights.
# After each of the first two convolutions we keep the largest of every 2×2 neighbours (max pooling), so that the next 3×3 window spans more of the photograph.
# At the end we take each feature's mean over all positions, and one linear layer weighs these means.
# That mean makes the network fit images of any size.

# %%
class SmallCNN(nn.Module):
    def __init__(self, in_channels, num_classes, width=16):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.conv3 = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, images):  # (N, C, S, S)
        x = F.max_pool2d(torch.relu(self.conv1(images)), 2)  # (N, 16, S/2, S/2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)  # (N, 32, S/4, S/4)
        x = torch.relu(self.conv3(x))  # (N, 64, S/4, S/4)
        return self.head(x.mean(dim=(2, 3)))  # (N, K)


[tuple(SmallCNN(1, 10)(torch.zeros(2, 1, size, size)).shape) for size in (32, 64, 224)]

# %% [markdown]
# How many parameters does each network need for larger images?
# The linear classifier and the MLP grow with the number of pixels.
# The CNN does not grow at all: its filters do not know how large the image is.

# %%
def make_models(in_channels, size, num_classes):
    return {
        "linear": models.LinearClassifier(in_channels, size, num_classes),
        "MLP": models.MLP(in_channels, size, num_classes),
        "CNN": models.SmallCNN(in_channels, num_classes),
    }


print("parameters   " + "".join(f"{name:>12}" for name in ("linear", "MLP", "CNN")))
for size in (32, 64, 224):
    counts = [models.count_parameters(model) for model in make_models(3, size, 10).values()]
    print(f"{size:>3} pixels   " + "".join(f"{count:>12,}" for count in counts))

# %% [markdown]
# A convolution *is* a linear map, so it could be written as one huge matrix.
# Most of that matrix would be zeros (far pixels have no say: **locality**), and the rest would repeat the same few numbers (all windows share them: **weight sharing**).
# The count shows how much a network gives up, and saves, by these two limits.

# %%
dense = (16 * 32 * 32) * (32 * 32)  # any linear map from one 32×32 channel to sixteen
local = (16 * 32 * 32) * (3 * 3)  # 3×3 windows, each with weights of its own (borders counted in full)
shared = 16 * (3 * 3)  # one set of weights for all windows: a convolution
print(f"dense {dense:,}   local {local:,}   local and shared {shared:,} weights")

# %% [markdown]
# ## One step
#
# Training repeats one small step, on one batch at a time:
#
# 1. run the images through the model, which gives logits;
# 2. compute the mean cross-entropy of the batch from the *logits*;
# 3. clear the gradients that the last step left in the parameters, because PyTorch adds new gradients to old ones;
# 4. run backward, which leaves the gradient of the loss in each parameter;
# 5. let the optimizer move each parameter against its gradient.

# %% [markdown]
# The plainest **optimizer**, SGD, does $w \leftarrow w - \eta\, \partial \ell / \partial w$ with the **learning rate** $\eta$.
# AdamW, which we use, also scales the step of each weight by that weight's own recent gradients, and shrinks all weights a little (lesson 05).
#
# Some layers, such as dropout and batch norm, work differently in training and in evaluation.
# `model.train()` and `model.eval()` switch the whole model; a training step belongs in training mode.

# %% [markdown]
# ### Exercise: one training step
#
# Write `train_step(model, images, labels, optimizer)`.
# It puts the model into training mode, takes one step, and returns two numbers, both taken before the step: the mean loss of the batch, and how many images the model had right.

# %% exercise="train_step"
def train_step(model, images, labels, optimizer):
    """One step on one batch.

    images (N, C, H, W) float, labels (N,) int64 -> (mean loss before the step, number right before the step).
    """
    ### BEGIN SOLUTION
    model.train()
    logits = model(images)  # (N, K)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), (logits.argmax(dim=1) == labels).sum().item()
    ### END SOLUTION

# %% check="train_step"
check.train_step(train_step)

# %% [markdown]
# ## Evaluating without disturbing
#
# An evaluation must not change what it measures.
# Look at a model with dropout, which in training throws away half of its features at random: in training mode the same model on the same images has a different loss each time.

# %%
torch.manual_seed(0)
moody = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10))
x, y = torch.randn(100, 1, 8, 8), torch.randint(0, 10, (100,))
in_training = [f"{F.cross_entropy(moody.train()(x), y).item():.3f}" for _ in range(3)]
in_evaluation = [f"{F.cross_entropy(moody.eval()(x), y).item():.3f}" for _ in range(3)]
print("training mode  ", *in_training, "\nevaluation mode", *in_evaluation)

# %% [markdown]
# The second trap is the average.
# The last batch is often smaller than the others.
# Whoever averages the means of the batches lets each of its images count for more.
#
# Take 10,000 images in batches of 64: the last batch holds 16 images, and each of them counts four times as much as any other.
# So add up over *images*, and divide once at the end.

# %%
sizes = [64] * 156 + [16]
weight_in_a_full_batch, weight_in_the_last = 1 / len(sizes) / 64, 1 / len(sizes) / 16
print(sum(sizes), "images; an image of the last batch counts", weight_in_the_last / weight_in_a_full_batch, "times as much")

# %% [markdown]
# ### Exercise: evaluate
#
# Write `evaluate(model, loader)`, which returns the mean loss an image and the accuracy (a share from 0 to 1) over all images of the loader.
# Evaluate in evaluation mode, record no gradients, and leave the model in the mode in which you found it, whichever it was.

# %% exercise="evaluate"
def evaluate(model, loader):
    """Mean cross-entropy and accuracy over all images of `loader`, which yields (images, labels)."""
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    loss, correct, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            logits = model(images)  # (N, K)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    model.train(was_training)
    return loss / count, correct / count
    ### END SOLUTION

# %% check="evaluate"
check.evaluate(evaluate)

# %% [markdown]
# ## Steps per epoch
#
# An epoch is one pass over $n$ training images in batches of $B$.
# Every image is used, so the last batch takes what is left, and the number of steps is $n / B$ rounded *up*: $\lceil n / B \rceil$.
# This small formula will catch a published log later.

# %%
for n, batch_size in ((50_000, 64), (45_000, 64), (1_281_167, 256)):
    print(f"{n:>9,} images in batches of {batch_size:>3}: {math.ceil(n / batch_size):>5,} steps an epoch")

# %% [markdown]
# ## The loop
#
# Here is the whole of training, written out.
# Two passes of the linear classifier: for each batch a step, after each epoch an evaluation.

# %% output="varies"
model = models.LinearClassifier(C, S, K).to(DEVICE)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
train_loader = loader(dataset.train, shuffle=True)
for epoch in range(1, 3):
    loss_sum = right = 0
    for images, labels in train_loader:
        loss, correct = training.train_step(model, images, labels, optimizer)
        loss_sum, right = loss_sum + loss * len(labels), right + correct
    validation = training.evaluate(model, val_loader)
    print(f"epoch {epoch}: training loss {loss_sum / len(dataset.train):.3f}, accuracy {right / len(dataset.train):.1%};"
          f" validation loss {validation.loss:.3f}, accuracy {validation.accuracy:.1%}")

# %% [markdown]
# That is all that `training.train_epochs` does; it also keeps the figures of each epoch in a history and shows a progress bar when someone watches.
#
# Read the training figures with care.
# They are averages over an epoch *during* which the weights were moving, while the validation figures belong to the weights at its end.

# %% [markdown]
# ## The debugging ladder
#
# Neural networks often fail silently: many a wrong loop still runs, and still learns something.
# So climb a ladder of checks from cheap to dear, and take a long run only from the top.
#
# 1. Is the loss at the start what chance would give?
# 2. Can the model learn one batch by heart?
# 3. Which learning rate brings the loss down?
# 4. What do the curves of a whole run say?
# 5. What do the filters and the mistakes look like?
#
# The first three rungs take seconds to a minute.
# This order is common craft; Karpathy's recipe and the CS231n notes, both below, describe it at more length.

# %% [markdown]
# ## First rung: the loss at the start
#
# A network that knows nothing should give each of $K$ classes about the same probability, $1/K$.
# The cross-entropy is then $-\ln(1/K) = \ln K$.
#
# Random first weights make the logits a little unequal, and that costs a little.
# Say the logits $z_1, \dots, z_K$ of an image are independent of each other and of its label $y$, with mean 0 and a small variance $\sigma^2$.
# The loss is $\ell = \ln \sum_k e^{z_k} - z_y$.
# To second order around 0,
#
# $$\ln \sum_k e^{z_k} \approx \ln K + \bar z + \tfrac12 \Bigl( \tfrac1K \sum_k z_k^2 - \bar z^2 \Bigr), \qquad \bar z = \tfrac1K \sum_k z_k .$$

# %% [markdown]
# Now take the mean over the random logits.
# $\mathbb{E}[\bar z] = \mathbb{E}[z_y] = 0$, $\mathbb{E}[z_k^2] = \sigma^2$, and $\mathbb{E}[\bar z^2] = \sigma^2 / K$, so
#
# $$\mathbb{E}[\ell] \approx \ln K + \frac{\sigma^2}{2} \Bigl( 1 - \frac1K \Bigr).$$
#
# In the mean over random starts, the loss is $\ln K$ plus a little that grows with the spread of the logits; a single start may land a little below.
# Far above $\ln K$, suspect first weights that are too large, images that were not normalised, or a loss that is summed.
# Far below it, something tells the network the answer, or the loss is another one.

# %%
torch.manual_seed(0)
num_classes = 16
for sigma in (0.0, 0.1, 0.3, 1.0):
    z = sigma * torch.randn(200_000, num_classes, dtype=torch.float64)  # (N, K)
    measured = F.cross_entropy(z, torch.randint(0, num_classes, (len(z),))).item()
    formula = math.log(num_classes) + sigma**2 / 2 * (1 - 1 / num_classes)
    print(f"sigma {sigma:.1f}: measured {measured:.3f}, formula {formula:.3f}")

# %% [markdown]
# The formula is for small spreads: at $\sigma = 1$ it is already a little off.
# Our three networks pass the rung.
# A CNN whose weights were all made eight times larger does not.

# %% output="varies"
training.seed_everything(0)
start = {name: training.evaluate(model.to(DEVICE), val_loader).loss for name, model in make_models(C, S, K).items()}
large = models.SmallCNN(C, K).to(DEVICE)
with torch.no_grad():
    for parameter in large.parameters():
        parameter *= 8
start["CNN, weights × 8"] = training.evaluate(large, val_loader).loss
for name, loss in start.items():
    print(f"{name:<17} {loss:>8.2f}   ln K = {math.log(K):.2f}")

# %% [markdown]
# ### Exercise: is the loss at the start plausible?
#
# Write `initial_loss_is_plausible(loss, num_classes, tolerance=0.15)`: True when `loss` is no further from $\ln K$ than the share `tolerance` of $\ln K$, on either side, and False otherwise.
# `loss` may be a number or a tensor with one entry, and after a mishap it may be `inf` or `nan`, which are not plausible.

# %% exercise="initial_loss_is_plausible"
def initial_loss_is_plausible(loss, num_classes, tolerance=0.15):
    """Is the loss of an untrained classifier near that of chance, ln(num_classes)? (bool)"""
    ### BEGIN SOLUTION
    chance = math.log(num_classes)
    return bool(abs(float(loss) - chance) <= tolerance * chance)
    ### END SOLUTION

# %% check="initial_loss_is_plausible"
check.initial_loss_is_plausible(initial_loss_is_plausible)

# %% [markdown]
# ## Second rung: one batch by heart
#
# A model with thousands of parameters should be able to learn 32 images by heart.
# If it cannot, the loop or the loss is broken or the learning rate is far off, and no amount of data will mend that.
# Wrong labels pass this rung: they can be learnt by heart, too, as you will see.

# %% [markdown]
# Watch a healthy run and a sick one.
# The sick one applies the softmax twice, as some published code does: it gives *probabilities* to a loss that wants logits.
# With a perfect answer its 'logits' are one 1 and $K - 1$ zeros, so its loss cannot fall below $\ln(1 + (K - 1)/e)$, as you saw in lesson 04.
# It may stall well above that floor: once a softmax is sure of a wrong class, its gradient is nearly zero.

# %%
def learn_by_heart(last_layer, steps=80):
    """Losses of a CNN, ending in `last_layer`, that sees the same 32 images in each step."""
    training.seed_everything(0)
    model = nn.Sequential(models.SmallCNN(C, K), last_layer).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    images, labels = next(iter(loader(dataset.train, 32, shuffle=True)))
    return [training.train_step(model, images, labels, optimizer)[0] for _ in range(steps)]


heart = {"logits (right)": learn_by_heart(nn.Identity()), "softmax twice (wrong)": learn_by_heart(nn.Softmax(dim=1))}

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for (name, losses), colour in zip(heart.items(), ("blue", "vermillion"), strict=True):
    ax.plot(range(1, len(losses) + 1), losses, color=OKABE_ITO[colour], label=name)
ax.axhline(math.log(K), color="black", linestyle=":", label="ln K: chance")
ax.axhline(math.log(1 + (K - 1) / math.e), color="grey", linestyle="--", label="floor of the double softmax")
ax.set(title="The same 32 images in every step", xlabel="step", ylabel="loss (nats per image)", ylim=0)
ax.legend(frameon=False, loc=(0.52, 0.2))
with_text(figure, "Loss over steps: from logits it falls towards zero; with the softmax applied twice it stays above a floor well above zero.")

# %% [markdown]
# ## Third rung: the learning rate
#
# Too small, and the loss hardly moves; too large, and it explodes or stalls.
# So try rates a factor of ten apart, for a few steps each, and look.
# Each network gets its own rate from the same trial, or the comparison later would not be fair.

# %% output="varies"
def loss_after(name, lr, steps=40):
    """Mean training loss of the last ten of a few steps; the same first weights and batches for every rate."""
    training.seed_everything(0)
    model = make_models(C, S, K)[name].to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    batches = zip(range(steps), loader(dataset.train, shuffle=True, seed=1), strict=False)
    losses = [training.train_step(model, *batch, optimizer)[0] for _, batch in batches]
    return sum(losses[-10:]) / 10


rates = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
trial = {name: [loss_after(name, lr) for lr in rates] for name in ("linear", "MLP", "CNN")}
for name, losses in trial.items():
    print(f"{name:<7}", *(f"{lr:g}: {loss:.2f}  " for lr, loss in zip(rates, losses, strict=True)))

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for (name, losses), marker, colour in zip(trial.items(), "os^", ("orange", "purple", "blue"), strict=True):
    ax.semilogx(rates, losses, marker=marker, color=OKABE_ITO[colour], label=name)
ax.axhline(math.log(K), color="black", linestyle=":", label="ln K: chance")
ax.set(title="Training loss after 40 steps", xlabel="learning rate of AdamW", ylabel="loss (nats per image)")
ax.set_ylim(0.6 * math.log(K), 1.4 * math.log(K))
ax.legend(frameon=False)
with_text(figure, "Training loss after 40 steps over the learning rate on a logarithmic axis, one line for each of the three networks; the axis does not start at zero, and losses far above chance are cut off.")

# %% [markdown]
# Each network gets the rate that won its trial.
# On the small squares the linear classifier learns next to nothing in forty steps at any rate, so the lowest of nearly equal losses decided: when we trained it at 1e-3 instead of 1e-4, it got 8 to 9 % of the validation squares right instead of 6 to 7 %, still far behind the others.
# A rate that wins forty steps need not win a long run; lesson 05 measures rates with more care, and lesson 08 changes them along the way.

# %% output="varies"
RATES = {name: rates[int(np.argmin(losses))] for name, losses in trial.items()}
RATES

# %% [markdown]
# ## One seed is an anecdote
#
# First weights and the order of the images are random, and another draw gives another accuracy.
# So each network is trained from three seeds, and we look at the spread before we say that one is better.
#
# All get the same images, the same number of epochs, and the rate just chosen.

# %%
SEEDS = (0, 1, 2)
EPOCHS = max(5, 400 // len(train_loader))


def train(name, seed, epochs=EPOCHS, before=()):
    """A network trained from `seed`, and its history. `before`: layers that the image passes first."""
    training.seed_everything(seed)
    model = nn.Sequential(*before, make_models(C, S, K)[name]).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATES[name])
    return model, training.train_epochs(model, loader(dataset.train, shuffle=True, seed=seed), val_loader, optimizer, epochs)

# %% output="varies"
needs = [training.estimate_time(model.to(DEVICE), train_loader, val_loader, EPOCHS) for model in make_models(C, S, K).values()]
print("This will take", len(SEEDS) * (needs[0] + needs[1] + needs[2]))
runs = {name: [train(name, seed) for seed in SEEDS] for name in RATES}

# %% [markdown]
# Now the same evaluation for both splits, after training, for all nine models.
# Read the table column by column: how many parameters, how well on the images that were trained on, how well on others.

# %% output="varies"
def accuracies(trained, split):
    return [training.evaluate(model, loader(split, 256)).accuracy for model, _ in trained]


def row(values):
    return f"{np.mean(values):>6.1%} ({min(values):.1%} to {max(values):.1%})"


table = {name: (accuracies(trained, dataset.train), accuracies(trained, val)) for name, trained in runs.items()}
print(f"chance {1 / K:.1%}\n{'':<8}{'parameters':>10}   {'training accuracy':<26}validation accuracy, mean of {len(SEEDS)} seeds (range)")
for name, (on_train, on_val) in table.items():
    print(f"{name:<8}{models.count_parameters(runs[name][0][0]):>10,}  {row(on_train):<27}{row(on_val)}")

# %% [markdown]
# Look first at whether the ranges overlap: where they do not, three seeds agree on the order.
# Then set accuracy beside parameters: the CNN has less than a tenth of those of the MLP.
#
# Then set training beside validation.
# A model that does much better on its own images than on others has learnt something about *these* images that does not carry over.

# %% [markdown]
# ## Fourth rung: the curves
#
# The gap between training and validation is the thing to watch.
# We give the MLP five times as many epochs, so that 'it only needed longer' can be ruled out, or in.
# Move the slider: where is the validation loss lowest, and what does the training loss do afterwards?

# %% output="varies"
print("This will take", training.estimate_time(mlp, train_loader, val_loader, 5 * EPOCHS))
_, long_history = train("MLP", seed=0, epochs=5 * EPOCHS)
overfitting_explorer(long_history)

# %% [markdown]
# When training goes on and the validation loss rises, the model **overfits**: it goes on learning its training images, and what it learns does not carry over.
# The validation *accuracy* need not fall at the same time: the loss also punishes a model for being sure of its mistakes, the accuracy does not.
#
# Now the CNN beside the MLP, both after the same few epochs.
# Early in a run validation can look better than training: the training figures are averages over an epoch in which the weights still improved.

# %%
ax = plot_curves({"MLP": runs["MLP"][0][1], "CNN": runs["CNN"][0][1]}, "accuracy", title="Accuracy over the epochs, seed 0")
with_text(ax, "Accuracy over the epochs on training and validation images, for the MLP and for the CNN.")

# %% [markdown]
# ## Learning nonsense by heart
#
# Is a low training loss a sign that a network has understood something?
# Give 500 training images random labels, and train the MLP on them.
# Zhang and others did this with large networks and ImageNet; on a small scale you can do it in seconds.

# %% output="varies"
rng = np.random.default_rng(0)
some = dataset.train.subset(rng.permutation(len(dataset.train))[:500])
nonsense = Split(some.images, rng.integers(0, K, len(some)))
training.seed_everything(0)
model = models.MLP(C, S, K).to(DEVICE)
history = training.train_epochs(model, loader(nonsense, shuffle=True), val_loader, torch.optim.AdamW(model.parameters(), lr=1e-3), 60)
print(f"random labels: training accuracy {history[-1]['train_accuracy']:.1%}, validation {history[-1]['val_accuracy']:.1%}, chance {1 / K:.1%}")

# %% [markdown]
# The labels hold nothing that could be understood, so whatever the network learnt, it learnt by heart.
# Training accuracy alone therefore proves nothing about other images: that is what the validation set is for.

# %% [markdown]
# ## Fifth rung: the filters and the mistakes
#
# The first filters of a CNN can be looked at, because they act on pixels.
# Orange weights are positive, blue ones negative.
# Large filters that have learnt tend to show edges, bars and spots, and noise in all of them would be a warning.
# Three by three weights tell little: compare the trained filters with those of an untrained network.

# %%
cnn = runs["CNN"][0][0]
ax = show_filters(cnn[-1].conv1.weight, title="First filters of the trained CNN")
with_text(ax, "The sixteen 3 by 3 filters of the first convolution, each drawn as a small picture of its weights.")

# %%
training.seed_everything(0)
ax = show_filters(models.SmallCNN(C, K).conv1.weight, title="First filters of an untrained CNN")
with_text(ax, "Sixteen 3 by 3 filters with random weights, which by eye look much like the trained ones.")

# %% [markdown]
# The mistakes say more.
# A **confusion matrix** counts, for each true class (row), what the model called it (column).
# Look for the largest number off the diagonal, then look at such images: would you have known?

# %%
with torch.no_grad():
    outputs = torch.cat([cnn.eval()(images) for images, _ in val_loader]).cpu()  # (N, K)
confidence, predicted = outputs.softmax(dim=1).max(dim=1)  # (N,), (N,)
truth = torch.from_numpy(val.labels)
matrix = torch.zeros(K, K, dtype=torch.int64).index_put_((truth, predicted), torch.tensor(1), accumulate=True)
with_text(plot_confusion(matrix, dataset.classes), "Confusion matrix of the CNN on the validation images: true classes in rows, predicted classes in columns, the right answers on the diagonal.")

# %%
wrong = (predicted != truth).nonzero().flatten()
surest = wrong[confidence[wrong].argsort(descending=True)][:8]
titles = [f"{dataset.classes[predicted[i]]}? {dataset.classes[truth[i]]}!" for i in surest]
ax = show_images(val.images[surest.numpy()], titles, columns=4, title="The eight mistakes that the CNN was surest of")
with_text(ax, "Eight validation images that the CNN got wrong with the highest confidence, each with its answer and a question mark, then the true class.")

# %% [markdown]
# ## Shuffle the pixels
#
# Choose one permutation $\pi$ of the pixel positions, once, and apply it to every image, in training and in validation.
# To you the images become noise.
# What do the three networks notice?

# %%
class ShufflePixels(nn.Module):
    """Pixel i of the output is pixel order[i] of the input, in every channel and every image."""

    def __init__(self, order):
        super().__init__()
        self.register_buffer("order", order)  # (S * S,)

    def forward(self, images):  # (N, C, S, S)
        return images.flatten(2)[:, :, self.order].view_as(images)


order = torch.randperm(S * S, generator=torch.Generator().manual_seed(0))
both = torch.cat([torch.from_numpy(examples.images[:4]), ShufflePixels(order)(torch.from_numpy(examples.images[:4]))])
ax = show_images(both, columns=4, title="Above: four images. Below: the same pixels, shuffled the same way")
with_text(ax, "Four photographs, and below each the same pixels in a shuffled order, which looks like noise.")

# %% [markdown]
# ## What the linear classifier cannot notice
#
# Write the shuffling $\pi$ as a permutation matrix $P$, so that the shuffled image is $P x$, and $P^\top P = I$.
# A linear classifier with weights $W P^\top$ gives on $P x$ exactly what $W$ gives on $x$:
#
# $$(W P^\top)(P x) + b = W x + b.$$
#
# So each function of plain images has a twin for shuffled ones, with the same weights in other places.
# Will training find the twin?

# %% [markdown]
# Start the twin at $W' = W P^\top$, and let $g = \partial \ell / \partial z$ be the gradient at the logits, equal for both because the logits are.
# The gradients of the weights are
#
# $$\frac{\partial \ell}{\partial W'} = g\, (P x)^\top = (g\, x^\top) P^\top = \frac{\partial \ell}{\partial W} P^\top .$$
#
# They are permuted in the same way as the weights.

# %% [markdown]
# SGD and AdamW, and what lies between them (momentum and Adam, lesson 05), treat each weight by itself: the update is one function $u$ for all weights, $W_{kd} \leftarrow u(W_{kd},\, \partial \ell / \partial W_{kd})$, and the memory of earlier gradients is kept for each weight, too.
# So after the step $W' = W P^\top$ still holds, and by induction after every step.
# The first weights are independent draws from one distribution, so $W P^\top$ is as likely a start as $W$.
# Hence, rounding aside, the results over random starts have *exactly* the same distribution; a plain and a shuffled run differ only as two seeds do.
# For the MLP the same holds with $W_1$ for $W$.

# %% [markdown]
# A proof deserves a test.
# Train an MLP on plain images and its twin on shuffled ones, in float64, and compare.

# %%
training.seed_everything(0)
plain = models.MLP(C, S, K).double()
twin = copy.deepcopy(plain)
columns = torch.cat([order + channel * S * S for channel in range(C)])  # order, for each channel in turn
twin.hidden.weight.data = plain.hidden.weight.data[:, columns]  # W P^T
pair = [(m, torch.optim.AdamW(m.parameters(), lr=1e-3)) for m in (plain, nn.Sequential(ShufflePixels(order), twin))]
for _, (images, labels) in zip(range(20), Batches(dataset.train, 32, True, 0, dataset.mean, dataset.std), strict=False):
    losses = [training.train_step(m, images.double(), labels, optimizer)[0] for m, optimizer in pair]
gap = (twin.hidden.weight - plain.hidden.weight[:, columns]).abs().max().item()
print(f"after 20 steps the losses differ by less than 1e-9: {abs(losses[0] - losses[1]) < 1e-9}, the weights too: {gap < 1e-9}")

# %% [markdown]
# ## What the CNN can notice
#
# For the CNN and our $\pi$ there is no such twin.
# (For some permutations there is: mirror all images, and the CNN with mirrored filters is the twin.)
# Its 3×3 windows hold neighbours; after the shuffling they hold pixels from anywhere, and no permutation of nine weights brings the neighbours back.
# What that costs is a question for the experiment: the same networks, rates, epochs and seeds, on shuffled images.

# %% output="varies"
shuffle = ShufflePixels(order).to(DEVICE)
print("This will take", len(SEEDS) * (needs[0] + needs[1] + needs[2]))
shuffled_runs = {name: [train(name, seed, before=(shuffle,)) for seed in SEEDS] for name in RATES}
shuffled = {name: accuracies(trained, val) for name, trained in shuffled_runs.items()}
for name, values in shuffled.items():
    print(f"{name:<8} plain {row(table[name][1])}   shuffled {row(values)}")

# %%
figure, ax = plt.subplots(figsize=(6.4, 3.6), dpi=90, layout="constrained")
for place, name in enumerate(RATES):
    for shift, values, colour, marker, label in ((-0.12, table[name][1], "blue", "o", "plain"), (0.12, shuffled[name], "vermillion", "^", "shuffled")):
        ax.plot([place + shift] * len(values), values, marker, color=OKABE_ITO[colour], label=label if place == 0 else None)
ax.axhline(1 / K, color="black", linestyle=":", label="chance")
ax.set_xticks(range(len(RATES)), RATES)
ax.set(title="One point a seed: who notices the shuffling?", xlabel="network", ylabel="validation accuracy (share)")
ax.set_ylim(bottom=0)
ax.legend(frameon=False)
with_text(figure, "Validation accuracy of three seeds on plain and on shuffled pixels, for the linear classifier, the MLP and the CNN.")

# %% [markdown]
# Plain and shuffled pixels hold the same numbers, and the CNN has the same parameters in both runs.
# What the shuffling destroys is which pixels are neighbours.
# So where the CNN's points lie apart, the arrangement of neighbours is what made the difference.

# %% [markdown]
# What the experiment does *not* show is which of its limits matters more: locality, weight sharing, or the pooling.
# To tell them apart one would take one away at a time.
# Nor does the shuffled CNN fall to chance: the mean of a filtered image can still tell something about which grey levels or colours it holds.
# If it even beats the plain MLP, that is no contradiction: it has far fewer weights to overfit with, means over positions are useful even in noise, and all rates were chosen on plain images.

# %% [markdown]
# ## The test set, once
#
# We have looked at validation images all along, and chosen rates by trials.
# Now choose the model with the best validation accuracy, and read the test set one single time.
#
# A share $a$ measured on $n$ independent images has a standard error of $\sqrt{a (1 - a) / n}$; about two of them either way is what luck alone can do.
# Overlapping squares are not independent, so for those the true uncertainty is as a rule larger.
# A test accuracy a little above the validation accuracy is luck of this kind, too.

# %% output="varies"
candidates = [(on_val, name, seed) for name in RATES for seed, on_val in zip(SEEDS, table[name][1], strict=True)]
on_val, name, seed = max(candidates)
result = training.evaluate(runs[name][SEEDS.index(seed)][0], test_loader)
error = math.sqrt(result.accuracy * (1 - result.accuracy) / result.count)
print(f"chosen: {name}, seed {seed}, validation {on_val:.1%}")
print(f"test accuracy {result.accuracy:.1%}, standard error {error:.1%} if the {result.count} images were independent")

# %% [markdown]
# ## Where this goes wrong in the wild
#
# The three stories that follow are from popular articles on image classification, restated in our own words and code.
# None of these faults needs bad luck; each needs only that nobody checks.

# %% [markdown]
# ## The network that mixes its images
#
# A popular article offers a network 'for ImageNet' with the layout below.
# It is close to LeNet-5 of 1998, which was built for 32-pixel digits.
# Two of its lines are wrong for what it claims.
# Give it images of other sizes and look at the number of *rows* that come out.

# %%
class PublishedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 2)

    def forward(self, images):  # (N, 3, S, S)
        x = F.max_pool2d(torch.relu(self.conv1(images)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = x.view(-1, 400)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


for count, size in ((4, 32), (64, 224), (25, 224)):
    try:
        print(f"{count} images of {size} pixels: {len(PublishedNet()(torch.zeros(count, 3, size, size))):,} rows")
    except RuntimeError as error:
        print(f"{count} images of {size} pixels: {error}")

# %% [markdown]
# At 32 pixels all is well.
# At 224 pixels an image holds $16 \cdot 53 \cdot 53 = 44{,}944$ numbers after the second pooling, and `view(-1, 400)` cuts the whole batch into pieces of 400, wherever they fall.
# With 64 images the division leaves a remainder, and PyTorch complains.
# With 25 it leaves none: 2,809 rows, most of them from the middle of an image and some across two images, and no complaint before the loss compares them with 25 labels.
#
# So much for the `view`. The second wrong line is the last layer: ImageNet has a thousand classes, and this network has two outputs.

# %% [markdown]
# ### Exercise: bug hunt, the mended network
#
# Write `MendedNet(num_classes)`: a network for colour images of any size from 32 pixels on, with one row of `num_classes` logits for each image; in evaluation mode that row depends on that image alone.
# Start from the network above, or write your own.

# %% exercise="MendedNet"
class MendedNet(nn.Module):
    """images (N, 3, S, S), S at least 32 -> logits (N, num_classes)."""

    def __init__(self, num_classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.pool = nn.AdaptiveAvgPool2d(5)  # 5×5 whatever comes in
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)
        ### END SOLUTION

    def forward(self, images):
        ### BEGIN SOLUTION
        x = F.max_pool2d(torch.relu(self.conv1(images)), 2)
        x = self.pool(F.max_pool2d(torch.relu(self.conv2(x)), 2))  # (N, 16, 5, 5)
        x = x.flatten(start_dim=1)  # (N, 400): the batch axis stays
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
        ### END SOLUTION

# %% check="MendedNet"
check.MendedNet(MendedNet)

# %% [markdown]
# ## The test set that chose
#
# Several popular articles speak of a validation set, and their code has none: it evaluates on the test set after every epoch and reports the best epoch.
# The loop goes like this:
#
# ```python
# for epoch in range(1, epochs + 1):
#     train_one_epoch(model)
#     accuracy = evaluate(model, test_loader).accuracy
#     if accuracy > best_accuracy:
#         best_epoch, best_accuracy = epoch, accuracy
# ```
#
# How much does that flatter?
# Take 'models' that guess at random among ten classes, so that each has a true accuracy of 10 %, and report the best of $m$ of them on the set that chose it.

# %%
rng = np.random.default_rng(0)
numbers = [1, 2, 5, 10, 20, 50, 100, 200]
guesses = rng.binomial(200, 0.1, size=(2000, max(numbers))) / 200  # accuracy on 200 images; 2000 repetitions
best = [guesses[:, :m].max(axis=1).mean() for m in numbers]
fresh = [rng.binomial(200, 0.1, size=2000).mean() / 200 for _ in numbers]  # the chosen one, on new images
print(f"best of 100 guessers: {best[numbers.index(100)]:.1%} where it was chosen, {fresh[numbers.index(100)]:.1%} on new images")

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
ax.semilogx(numbers, best, "o-", color=OKABE_ITO["vermillion"], label="on the 200 images that chose it")
ax.semilogx(numbers, fresh, "s-", color=OKABE_ITO["blue"], label="on 200 new images")
ax.set_xticks(numbers, numbers)
ax.set(title="The best of many random guessers", xlabel="guessers to choose from", ylabel="accuracy (share), mean of 2000 trials", ylim=(0, 0.25))
ax.legend(frameon=False)
with_text(figure, "The accuracy of the best guesser rises with the number of guessers on the images that chose it, and stays at one tenth on new images.")

# %% [markdown]
# The more you choose from, the rosier the number on average, though every guesser is as bad as the next.
# Epochs of one run resemble each other more than these guessers do, so choosing among them flatters less, by how much is seldom known.
# How much real benchmarks suffer is an empirical question: Recht and others collected new test images for CIFAR-10 and for ImageNet, found the models lower on them, and concluded that the reuse of the old test sets was not the likely reason.
# That is a finding about two benchmarks, not a licence.

# %% [markdown]
# ### Exercise: bug hunt, choose without the test set
#
# Write `best_epoch(model, train_one_epoch, val_loader, test_loader, epochs)`.
# In each of `epochs` epochs call `train_one_epoch(model)` once, then measure the validation accuracy.
# Return the number of the first epoch (counted from 1) with the highest validation accuracy, and the *test* accuracy of the model of that epoch.
# The model is left with the weights of that epoch.
#
# `training.evaluate(model, loader).accuracy` measures.
# `model.state_dict()` holds all parameters and buffers by name, the very tensors that training goes on changing; `copy.deepcopy` copies them, and `model.load_state_dict` puts them back.
# The check counts how often each loader is read: the test loader exactly once.

# %% exercise="best_epoch"
def best_epoch(model, train_one_epoch, val_loader, test_loader, epochs):
    """Train, choose the epoch on the validation set, test once -> (epoch counted from 1, test accuracy)."""
    ### BEGIN SOLUTION
    best_accuracy, chosen, weights = -1.0, 0, None
    for epoch in range(1, epochs + 1):
        train_one_epoch(model)
        accuracy = training.evaluate(model, val_loader).accuracy
        if accuracy > best_accuracy:
            best_accuracy, chosen, weights = accuracy, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    return chosen, training.evaluate(model, test_loader).accuracy
    ### END SOLUTION

# %% check="best_epoch"
check.best_epoch(best_epoch)

# %% [markdown]
# ## The log that does not fit its data
#
# Another popular article trains on CIFAR-10, which has 50,000 training images, with batches of 64.
# Its printed log shows 657 steps in each epoch.
# You know how many there should be.
# Turn the formula round: from how many images can such a log come?

# %% [markdown]
# ### Exercise: bug hunt, the images behind a log
#
# Write `images_behind(steps, batch_size)`: the fewest and the most training images, a pair of `int`, that give exactly `steps` steps an epoch when the last batch may be incomplete and is kept.

# %% exercise="images_behind"
def images_behind(steps, batch_size):
    """(fewest, most) images that make exactly `steps` batches of at most `batch_size`."""
    ### BEGIN SOLUTION
    return (steps - 1) * batch_size + 1, steps * batch_size
    ### END SOLUTION

# %% check="images_behind"
check.images_behind(images_behind)

# %% [markdown]
# If your function says that 657 steps of 64 mean between 41,985 and 42,048 images, it is right, and the log is not of the 50,000 images that the article speaks of.
# It is not of 45,000 either, which would be left with a tenth held out.
# We cannot know what happened; we know that text, code and log do not belong together.

# %% [markdown]
# ## Stretch: half the size
#
# The CNN of this lesson has more than twenty thousand parameters on the small squares.
# With fewer than half of them, and all 6,400 training squares (without Imagenette, we took half of them at the top), you can do as well or better: that is the last exercise, and it takes a while.
#
# It always uses the small squares, so that the target is the same for everyone.
# Without Imagenette, its validation squares include the test half from above, whose number is already read.
# Three things to try: batch norm after each convolution (`nn.BatchNorm2d`), a learning rate that falls towards the end (`torch.optim.lr_scheduler.OneCycleLR`), and training images flipped at random.
# Lesson 08 explains why they tend to help; here it is enough to measure.

# %% [markdown]
# ### Exercise: a small network
#
# Write `small_network()`, which builds and trains a network and returns it.
# It gets images (N, 1, 32, 32) from `load_photo_patches()` with its default settings, normalised with the mean and standard deviation of its training images; the `loader` above has those of other images.
# It must have at most 10,000 parameters and reach a validation accuracy of at least 66 % on all validation squares.
# Train on the training squares alone.
# The check measures both itself.

# %% exercise="small_network"
def small_network():
    """Build and train a network on the training squares of `load_photo_patches()`; return it (nn.Module)."""
    ### BEGIN SOLUTION
    patches = load_photo_patches()
    training.seed_everything(0)
    layers, channels = [], 1
    for width, pool in ((10, nn.MaxPool2d(2)), (20, nn.MaxPool2d(2)), (40, nn.AdaptiveAvgPool2d(1))):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), pool]
        channels = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, patches.num_classes)).to(DEVICE)
    squares = Batches(patches.train, 64, True, mean=patches.mean, std=patches.std, device=DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=8 * len(squares))
    for _ in range(8):
        for images, labels in squares:
            images = images.flip(3) if torch.rand(()) < 0.5 else images  # mirrored, half of the time
            training.train_step(model, images, labels, optimizer)
            schedule.step()
    return model
    ### END SOLUTION

# %% check="small_network"
check.small_network(small_network)

# %%
check.progress()

# %% [markdown]
# ## What you now know
#
# - You have **built** a linear classifier, an MLP and a CNN, and **counted** what each can learn: the CNN's count does not depend on the image's size.
# - You have **written** a training step and an evaluation that leaves no trace, and seen them become `training.train_epochs`.
# - You can **climb** the ladder: $\ln K$, one batch by heart, learning rates, curves, filters and mistakes.
# - You can **explain** why shuffled pixels change nothing for the linear classifier and the MLP, by proof, and what they cost the CNN, by experiment.
# - You **choose** on the validation set and read the test set once.
# - You have **found** a network that mixes its images, a test set that chose, and a log that does not fit.

# %% [markdown]
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proceedings of the IEEE 86(11), 1998. LeNet-5, and why images call for local, shared weights.
# - A. Karpathy: *A Recipe for Training Neural Networks*. Blog post, 25 April 2019. The ladder at full length.
# - Stanford CS231n course notes: *Neural Networks Part 3: Learning and Evaluation*. Sanity checks before a long run.
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals: *Understanding deep learning requires rethinking generalization*. ICLR 2017. Random labels, learnt by heart.
# - B. Recht, R. Roelofs, L. Schmidt, V. Shankar: *Do ImageNet Classifiers Generalize to ImageNet?* ICML 2019. What a new test set showed.
