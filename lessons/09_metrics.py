# ---
# jupyter:
#   course:
#     lesson: 09_metrics
#     minutes: 200
#     prerequisites:
#     - 04_cross_entropy
#     - 06_first_cnn
#     title: Metrics
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
# # 09 · Metrics
#
# *About 200 minutes, after [04 Cross-entropy](04_cross_entropy.ipynb) and [06 A first CNN](06_first_cnn.ipynb).* [Open in Colab](https://colab.research.google.com/github/OWNER/from-convolution-to-imagenet/blob/main/lessons/09_metrics.ipynb) · [Launch on Binder](https://mybinder.org/v2/gh/OWNER/from-convolution-to-imagenet/main?urlpath=lab/tree/lessons/09_metrics.ipynb)
#
# A number about a model is a measurement, and a measurement has an uncertainty, a definition and a purpose.
# You build the usual numbers by hand and hold them against scikit-learn and torchmetrics.
# You put honest intervals around them.
# At the end you read published reports as an auditor does: some of them cannot be true, and arithmetic alone shows it.

# %% course={"role": "setup"}
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/OWNER/from-convolution-to-imagenet@main"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)

# %% [markdown]
# ## You will be able to
#
# - **attach** an interval to an accuracy, derive it, and **say** what it does not cover;
# - **compute** top-k accuracy, a confusion matrix, precision, recall and F1 with their averages, and average precision;
# - **prove** when micro-F1 is accuracy and why the area under a ROC curve is a probability;
# - **test** whether a model's percentages can be believed, and mend them with a temperature;
# - **compare** two models on the same images, and **plan** how many images a claim needs;
# - **audit** a published report: which of its numbers cannot be true?

# %% [markdown]
# You need lesson 04 for logits, the cross-entropy and the temperature, and lesson 06 for the three sets and the training loop.
# Everything runs without a network or a GPU.
# Later cells use finished forms from scikit-learn and SciPy, so you can go on when an exercise resists.
# *Run All* stops at the first check that is not passed; select the cell below it and choose *Run Selected Cell and All Below*.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from scipy import stats
from sklearn import metrics as sk
from torchmetrics.functional.classification import multiclass_calibration_error

from course_utils import models, training
from course_utils.checks.metrics import check
from course_utils.data import Batches, CourseDataError, load_dataset, load_photo_patches
from course_utils.plots import OKABE_ITO, plot_confusion, with_text
from course_utils.widgets import interval_explorer, threshold_explorer

DEVICE = training.best_device()

# %% [markdown]
# ## Networks to measure
#
# To measure, we need models, good or bad.
# Two kinds of small network are trained, which takes seconds, or a minute or two with Imagenette and no GPU: an MLP, which learns its few training images nearly by heart, and a CNN.
# If Imagenette is prepared on this machine, they see 1,600 of its images; otherwise they see small squares of sixteen photographs, as in lesson 06.
#
# From the second split, 800 images go to `val`, for choices, and 800 to `test`, for the numbers that we report.
# Nearly every small square overlaps others, in its own half and in the other, so with them `test` is not independent of `val`, and all numbers below are a rehearsal of the procedure.

# %% tags=["nbval-ignore-output"]
try:
    dataset = load_dataset("imagenette", size=64)
except CourseDataError:
    dataset = load_photo_patches(size=32, train_per_class=100)
K, C, S = dataset.num_classes, dataset.in_channels, dataset.size
rng = np.random.default_rng(0)
train = dataset.train.subset(rng.permutation(len(dataset.train))[:1600])
order = rng.permutation(len(dataset.val))
val, test = dataset.val.subset(order[:800]), dataset.val.subset(order[800:1600])
print(f"{K} classes; {len(train)} training, {len(val)} validation, {len(test)} test images")


# %%
def loader(split, batch_size=256, **options):
    return Batches(split, batch_size, mean=dataset.mean, std=dataset.std, device=DEVICE, **options)


def trained(model, seed, epochs, lr):
    training.seed_everything(seed)
    model = model(seed).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    training.train_epochs(model, loader(train, 32, shuffle=True), loader(val), optimizer, epochs, progress=False)
    return model


def logits_of(model, split):
    with training.evaluating(model):
        return torch.cat([model(images).cpu() for images, _ in loader(split)])  # (N, K)


# %% tags=["nbval-ignore-output"]
mlp = trained(lambda seed: models.MLP(C, S, K), 0, epochs=12, lr=1e-3)
cnn, cnn_again = (trained(lambda seed: models.SmallCNN(C, K), seed, epochs=5, lr=3e-3) for seed in (0, 1))
val_labels, labels = (torch.from_numpy(split.labels).long() for split in (val, test))  # (N,)
logits = {name: logits_of(model, test) for name, model in (("MLP", mlp), ("CNN", cnn), ("CNN again", cnn_again))}
for name in logits:
    print(f"{name:<10} test accuracy {(logits[name].argmax(dim=1) == labels).double().mean():.3f}")

# %% tags=["nbval-ignore-output"]
by_heart = logits_of(mlp, train).argmax(dim=1) == torch.from_numpy(train.labels)
print(f"MLP on its training images {by_heart.double().mean():.3f}")

# %% [markdown]
# ## Luck in a test set
#
# Think of all images that might be shown to the model.
# It gets a share $p$ of them right; $p$ is what we want to know.
# We draw $n$ of them independently, and $X$ turn out right.
# The accuracy $a = X/n$ is our estimate of $p$.
#
# One image is right with probability $p$: a number that is 1 or 0.
# Its square is itself, so its variance is $p - p^2 = p(1-p)$.
# Variances of independent numbers add up, and dividing by $n$ divides the variance by $n^2$:
#
# $$\operatorname{Var}(a) = \frac{n\,p(1-p)}{n^2} = \frac{p(1-p)}{n}, \qquad \text{standard error} = \sqrt{\frac{p(1-p)}{n}}.$$

# %%
p, n = 0.8, 400
draws = np.random.default_rng(0).binomial(n, p, size=100_000) / n  # a hundred thousand test sets
print(f"standard error: formula {math.sqrt(p * (1 - p) / n):.4f}, in 100,000 test sets {draws.std():.4f}")


# %% [markdown]
# ### The textbook interval
#
# For large $n$ the accuracy is nearly normally distributed, and 95 % of a normal distribution lies within $z = 1.96$ standard errors of its middle.
# The usual interval puts the measured $a$ in the place of the unknown $p$:
#
# $$a \pm z \sqrt{a(1-a)/n}.$$
#
# That is two approximations at once, and both are worst where good models live, near $a = 1$.
# Ten right out of ten give an interval of no width, as if ten images proved perfection.
# For 49 of 50, the upper end lies above 1.

# %%
def normal_interval(right, n, z=1.96):
    a = right / n
    half = z * math.sqrt(a * (1 - a) / n)
    return a - half, a + half


for right, n in ((10, 10), (49, 50), (320, 400)):
    low, high = normal_interval(right, n)
    print(f"{right:>3} of {n:>3} right: from {low:.3f} to {high:.3f}")

# %% [markdown]
# ### Wilson's interval, derived
#
# Edwin B. Wilson asked in 1927 the other way round: which $p$ would not be surprised by our $a$?
# Those within $z$ of their *own* standard errors:
#
# $$|a - p| \le z\sqrt{p(1-p)/n}.$$
#
# Both sides are at least 0, so squaring changes nothing.
# Multiply out and sort by powers of $p$:
#
# $$\Bigl(1 + \tfrac{z^2}{n}\Bigr)\,p^2 - \Bigl(2a + \tfrac{z^2}{n}\Bigr)\,p + a^2 \;\le\; 0.$$
#
# The left side is a parabola in $p$ that opens upwards.
# It is at most 0 exactly between its two roots, and these are the ends of the interval.

# %% [markdown]
# The quadratic formula has under its root
#
# $$\Bigl(2a + \tfrac{z^2}{n}\Bigr)^2 - 4\Bigl(1 + \tfrac{z^2}{n}\Bigr)a^2 = \frac{4z^2}{n}\Bigl(a - a^2 + \frac{z^2}{4n}\Bigr):$$
#
# the $4a^2$ cancel, and $4z^2/n$ comes out of what is left.
# Divide by $2(1 + z^2/n)$:
#
# $$p = \frac{a + \frac{z^2}{2n} \;\pm\; z\sqrt{\frac{a(1-a)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}}.$$
#
# The middle is $(X + z^2/2)/(n + z^2)$: as if we had seen $z^2 \approx 4$ images more, half of them right.
# For $X = n$ the root is $z/2n$, what stands after $\pm$ is $z^2/2n$, and the lower end becomes $n/(n + z^2)$.

# %%
a, n, z = 0.93, 58, 1.96
roots = np.roots([1 + z**2 / n, -(2 * a + z**2 / n), a**2])  # of the parabola, found numerically
for p in sorted(roots):
    print(f"p = {p:.6f}: distance {abs(a - p):.6f}, z standard errors of p {z * math.sqrt(p * (1 - p) / n):.6f}")


# %% [markdown]
# ### Exercise: Wilson's interval
#
# *3 points · about 12 minutes*
#
# Write `wilson_interval(right, n, z=1.96)`: the lower and the upper end, for `right` of `n` images right.

# %% course={"exercise": "wilson_interval", "role": "answer"} nbgrader={"grade": false, "grade_id": "wilson_interval", "locked": false, "schema_version": 3, "solution": true, "task": false}
def wilson_interval(right, n, z=1.96):
    """(low, high), two floats, for `right` (int) of `n` (int) images right."""
    raise NotImplementedError


# %% course={"exercise": "wilson_interval", "role": "check"} nbgrader={"grade": true, "grade_id": "check-wilson_interval", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.wilson_interval(wilson_interval)


# %% [markdown]
# ### Does it keep its promise?
#
# A 95 % interval promises to cover the true $p$ in 95 % of all test sets.
# For a given $p$ and $n$ that can be computed exactly: add up the binomial probabilities of all $X$ whose interval covers $p$.
# Nothing is simulated here, so no luck is in the picture.

# %%
def wilson(right, n):
    return stats.binomtest(right, n).proportion_ci(0.95, method="wilson")


def coverage(interval, n, shares):
    ends = np.array([tuple(interval(right, n)) for right in range(n + 1)])  # (n+1, 2)
    covers = (ends[:, :1] <= shares) & (shares <= ends[:, 1:])  # (n+1, P)
    return (stats.binom.pmf(np.arange(n + 1)[:, None], n, shares) * covers).sum(axis=0)


shares = np.linspace(0.01, 0.99, 981)
covered = {"textbook": coverage(normal_interval, 30, shares), "Wilson": coverage(wilson, 30, shares)}
for name, values in covered.items():
    print(f"{name:<8}  below 0.95 at {(values < 0.95).mean():.0%} of all p; mean {values.mean():.3f}  worst {values.min():.3f} at p = {shares[values.argmin()]:.2f}")

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
ax.plot(shares, covered["textbook"], "--", color=OKABE_ITO["vermillion"], linewidth=1.2, label="textbook")
ax.plot(shares, covered["Wilson"], "-", color=OKABE_ITO["blue"], linewidth=1.2, label="Wilson")
ax.axhline(0.95, color="black", linestyle=":", label="promised: 0.95")
ax.set(title="How often a 95 % interval covers the true share, n = 30", xlabel="true share p", ylabel="coverage (share of test sets)", ylim=(0.2, 1.02))
ax.legend(frameon=False, loc="lower center")
with_text(figure, "Coverage against the true share for thirty images: the textbook interval falls far below 95 percent near 0 and 1; Wilson's stays near it and wavers.")

# %% [markdown]
# The textbook interval breaks its promise nearly everywhere at this size, and badly near the ends.
# Wilson's wavers around 95 %, because $X$ is a whole number, and dips close to the ends.
# Brown, Cai and DasGupta (2001) recommend it, among others, for small $n$.
#
# Move the sliders: how large must $n$ be before the two intervals look alike at $p = 0.5$, and at $p = 0.98$?
# The coverage in the figure comes from simulated test sets.

# %%
interval_explorer()

# %% [markdown]
# ### The bootstrap
#
# Wilson's formula knows only shares.
# Bradley Efron's bootstrap (1979) can be applied to nearly any number computed from a test set.
# It treats the $n$ images at hand as the world: draw $n$ of them *with replacement*, compute the number, and repeat.
# The middle 95 % of the results make an interval, the simplest of several that are called bootstrap.
#
# It has limits: ten right out of ten stay ten out of ten in every draw, so the interval has no width, just like the textbook's.

# %% tags=["nbval-ignore-output"]
right = (logits["CNN"].argmax(dim=1) == labels).numpy()
picks = np.random.default_rng(0).integers(0, len(right), size=(4000, len(right)))
again = right[picks].mean(axis=1)  # (4000,) accuracies
low, high = np.quantile(again, [0.025, 0.975])
by_wilson = wilson(int(right.sum()), len(right))
print(f"accuracy {right.mean():.3f}; bootstrap {low:.3f} to {high:.3f}, Wilson {by_wilson.low:.3f} to {by_wilson.high:.3f}")

# %% [markdown]
# ### What no such interval knows
#
# These intervals answer one question: what can the luck of drawing test images do?
# They know nothing of
#
# - images that are not independent: frames of one film, squares of one photograph;
# - a test set that was used for choices (lesson 06);
# - another run of the same recipe with another seed;
# - a world that differs from the test set.
#
# The last one is easy to see: below, noise is added to the same test images, in units of their standard deviation.
# On a second test set for ImageNet, accuracies fell by 11 to 14 points (Recht and others, 2019), far outside of any such interval.
# Engstrom and others (2020) trace most of that to how its images were chosen.

# %% tags=["nbval-ignore-output"]
noise = torch.Generator().manual_seed(0)
for level in (0.0, 0.25, 0.5, 1.0):
    hits = 0
    for images, truth in loader(test):
        images = images + level * torch.randn(images.shape, generator=noise).to(images)
        with training.evaluating(cnn):
            hits += (cnn(images).argmax(dim=1) == truth).sum().item()
    low, high = wilson(hits, len(test))
    print(f"noise {level:.2f}: accuracy {hits / len(test):.3f}, Wilson {low:.3f} to {high:.3f}")

# %% [markdown]
# ## Top-k: several guesses
#
# An image is right in **top-k** when its true class is among the $k$ classes with the largest logits.
# The ImageNet challenge ranked by top-5, since a photograph often shows more than the one thing that its label names.
#
# What if logits are equal?
# A network that died gives every class the same logit.
# `argmax` then answers with one of them, scikit-learn's `top_k_accuracy_score` takes the classes with the highest ids first, and a count of *strictly larger* logits would call every image right.
# We take the severe side: ties count against the model.

# %%
dead, truth = torch.zeros(10, 10), torch.arange(10)  # ten images, one of each class, all logits zero
generous = ((dead > dead.gather(1, truth[:, None])).sum(dim=1) < 1).double().mean().item()
print("top-1 of a dead network, ties in its favour:", generous)
print("top-5 of a dead network by scikit-learn:", float(sk.top_k_accuracy_score(truth, dead, k=5)))


# %% [markdown]
# ### Exercise: top-k accuracy
#
# *2 points · about 8 minutes*
#
# Write `top_k_accuracy(logits, labels, k)`: the share of images for which fewer than `k` *other* classes have a logit at least as large as the true class's.

# %% course={"exercise": "top_k_accuracy", "role": "answer"} nbgrader={"grade": false, "grade_id": "top_k_accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def top_k_accuracy(logits, labels, k):
    """logits (N, K), labels (N,) int64 -> a float from 0 to 1; ties count against the model."""
    raise NotImplementedError


# %% course={"exercise": "top_k_accuracy", "role": "check"} nbgrader={"grade": true, "grade_id": "check-top_k_accuracy", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.top_k_accuracy(top_k_accuracy)

# %% [markdown]
# ## Which classes are confused
#
# One number hides *which* mistakes are made.
# The **confusion matrix** $M \in \mathbb{N}^{K \times K}$ counts them all: $M_{tp}$ is how many images of the true class $t$ were called $p$.
# Rows are true, columns are predicted, as in scikit-learn; some books turn it round, so say which.
# Row sums are the **supports**, how many images each class has.
# Column sums are how often the model says each class.
# The diagonal is what is right, so accuracy is $\sum_k M_{kk} / n$.

# %% tags=["nbval-ignore-output"]
matrix = sk.confusion_matrix(labels, logits["CNN"].argmax(dim=1), labels=range(K))  # (K, K)
ax = plot_confusion(matrix, dataset.classes)
with_text(ax, "Confusion matrix of the CNN on the test images: rows are true classes, columns predicted ones, counts in the cells.")


# %% [markdown]
# ### Exercise: the confusion matrix
#
# *2 points · about 8 minutes*
#
# Write `confusion_matrix(labels, predictions, num_classes)`.
# The table always has `num_classes` rows and columns, also for classes that do not occur.

# %% course={"exercise": "confusion_matrix", "role": "answer"} nbgrader={"grade": false, "grade_id": "confusion_matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def confusion_matrix(labels, predictions, num_classes):
    """labels (N,), predictions (N,), both int64 -> counts (num_classes, num_classes) int64, rows true."""
    raise NotImplementedError


# %% course={"exercise": "confusion_matrix", "role": "check"} nbgrader={"grade": true, "grade_id": "check-confusion_matrix", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.confusion_matrix(confusion_matrix)

# %% [markdown]
# ## Precision and recall
#
# Take one class $k$ and ask of each image: is it a $k$?
# *True positives* $\text{tp} = M_{kk}$ are rightly called $k$.
# *False negatives* $\text{fn}$ are images of $k$ that were called something else: the rest of row $k$.
# *False positives* $\text{fp}$ are other images that were called $k$: the rest of column $k$.
#
# $$\text{precision } P = \frac{\text{tp}}{\text{tp} + \text{fp}}, \qquad \text{recall } R = \frac{\text{tp}}{\text{tp} + \text{fn}}.$$
#
# Precision: of the images called $k$, how many are? Recall: of the images of $k$, how many were found?
# Answering $k$ always has recall 1; answering it only when very sure tends to have high precision.

# %% [markdown]
# ### F1, and the cage it lives in
#
# F1 is the harmonic mean of the two, $F = 2 / (1/P + 1/R)$.
# Put in the fractions:
#
# $$F = \frac{2}{\frac{\text{tp} + \text{fp}}{\text{tp}} + \frac{\text{tp} + \text{fn}}{\text{tp}}} = \frac{2\,\text{tp}}{2\,\text{tp} + \text{fp} + \text{fn}}.$$
#
# The last form needs only one rule for zero: where a denominator is 0, we say 0, as scikit-learn does by default (with a warning; `zero_division` changes it).
#
# Let $P \le R$. Replacing $R$ by $P$ makes the harmonic mean smaller or leaves it, and gives $P$; replacing $P$ by $R$ gives $R$ in the same way.
# So $\min(P, R) \le F \le \max(P, R)$, **always**.
# It is also never above $(P + R)/2$, since $(P+R)/2 - F = \frac{(P-R)^2}{2(P+R)} \ge 0$.

# %%
P, R = np.random.default_rng(0).uniform(0.01, 1, size=(2, 100_000))
harmonic = 2 / (1 / P + 1 / R)
gap = (P + R) / 2 - harmonic - (P - R) ** 2 / (2 * (P + R))
print("inside the cage:", bool(((harmonic >= np.minimum(P, R) - 1e-12) & (harmonic <= np.maximum(P, R) + 1e-12)).all()), " largest gap to the formula below 1e-12:", bool(abs(gap).max() < 1e-12))

# %% [markdown]
# ### Three ways to average
#
# $K$ classes give $K$ precisions, recalls and F1s. To make one number of each:
#
# - **macro**: the plain mean over classes, so that each class counts alike;
# - **weighted**: the mean with the supports as weights;
# - **micro**: first add up tp, fp and fn over all classes, then take the fractions.
#
# Macro-F1 is the mean of the classes' F1s, and in general not the harmonic mean of macro precision and macro recall.
# The same holds for weighted F1.
# Both can even lie below the averaged precision and the averaged recall.
# Libraries differ on a class that is neither true nor predicted: scikit-learn counts it with 0 where `labels=` names it; torchmetrics leaves it out of its macro mean.

# %% [markdown]
# ### When micro-F1 is accuracy
#
# Let each image have exactly one label and get exactly one prediction, and let all classes be included.
# A wrong image of true class $t$, called $p$, adds one fn to class $t$ and one fp to class $p$.
# So it adds 1 to $\sum \text{fn}$ and 1 to $\sum \text{fp}$; a right image adds 1 to $\sum \text{tp}$. With $w$ wrong images,
#
# $$P_\text{micro} = \frac{n - w}{(n - w) + w} = R_\text{micro} = F_\text{micro} = \frac{n - w}{n} = \text{accuracy}.$$
#
# With several labels an image, or with a class left out, the two sums may differ, and so may the numbers.
# *Weighted recall* is accuracy, too: $\sum_k \frac{n_k}{n} \cdot \frac{\text{tp}_k}{n_k} = \frac1n \sum_k \text{tp}_k$.

# %%
rng = np.random.default_rng(3)
truth, said = rng.integers(0, 4, size=(2, 300))
everything = sk.precision_recall_fscore_support(truth, said, average="micro")[:3]
without_class_0 = sk.precision_recall_fscore_support(truth, said, average="micro", labels=[1, 2, 3])[:3]
weighted_recall = sk.recall_score(truth, said, average="weighted")
print(f"accuracy {(truth == said).mean():.4f}   weighted recall {weighted_recall:.4f}")
print("micro, all classes      ", *(f"{x:.4f}" for x in everything))
print("micro, class 0 left out ", *(f"{x:.4f}" for x in without_class_0))


# %% [markdown]
# ### Exercise: precision, recall and F1
#
# *4 points · about 20 minutes*
#
# Write `precision_recall_f1(matrix, average=None)` for a confusion matrix.
# It returns precision, recall and F1: three tensors of shape $(K,)$ when `average` is `None`, three floats when it is `"macro"`, `"weighted"` or `"micro"`.
# Where a denominator is 0, the value is 0, and the class still counts in the macro mean.

# %% course={"exercise": "precision_recall_f1", "role": "answer"} nbgrader={"grade": false, "grade_id": "precision_recall_f1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def precision_recall_f1(matrix, average=None):
    """matrix (K, K) int64, rows true -> (precision, recall, f1): tensors (K,), or floats when averaged."""
    raise NotImplementedError


# %% course={"exercise": "precision_recall_f1", "role": "check"} nbgrader={"grade": true, "grade_id": "check-precision_recall_f1", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.precision_recall_f1(precision_recall_f1)

# %% [markdown]
# ## When one class is rare
#
# A scanner sees a fault in 5 of 100 parts.
# A 'detector' that always says *fine* is right in 95 of 100 cases, and useless.
# Accuracy and micro-F1 praise it, since they count images, and nearly all images are of one class.
# Macro averages count classes, and see that one class was never found.
#
# That does not make macro averages right and accuracy wrong.
# Which one fits depends on what a mistake costs, in which class, and how often each class will come.

# %%
truth, said = np.repeat([0, 1], [95, 5]), np.zeros(100, dtype=int)
for average in ("micro", "weighted", "macro"):
    print(f"{average:<8} F1 {sk.f1_score(truth, said, average=average, zero_division=0):.3f}")
print(f"accuracy    {(truth == said).mean():.3f}\nmean recall {sk.balanced_accuracy_score(truth, said):.3f}")

# %% [markdown]
# ## A score and a threshold
#
# Often a model gives one score $s$ an image, and *we* say 'yes' from some threshold on.
# Each threshold makes another confusion matrix.
# Lower it: recall never falls, and the false alarms never become fewer.
#
# The **ROC curve** draws, for all thresholds, the true positive rate (recall) against the false positive rate, the share of negatives called positive.
# The **precision–recall curve** draws precision against recall.
# Both forget the threshold itself, so neither tells how to choose it; costs do.
# In the figure, make positives rare: the ROC curve becomes ragged, for it is made of few positives, and the other one falls.

# %%
threshold_explorer()

# %% [markdown]
# ### The area under the ROC curve is a probability
#
# Let there be $N_+$ positives and $N_-$ negatives, and no equal scores.
# Lower the threshold from the top, one image at a time.
# At a positive the curve steps up by $1/N_+$; at a negative it steps right by $1/N_-$.
# That step adds a column of width $1/N_-$; its height is the share of positives met so far, those that score higher than this negative.
# Add up the columns:
#
# $$\text{AUC} = \frac{1}{N_-}\sum_{\text{negatives}} \frac{\#\{\text{positives above it}\}}{N_+} = \Pr(s_+ > s_-),$$
#
# for a positive and a negative picked at random.
# Where scores are equal, both moves happen at once, along a diagonal; below it lies half of the rectangle, so each tied pair counts one half.

# %%
rng = np.random.default_rng(1)
positives, negatives = rng.integers(3, 10, 40), rng.integers(0, 8, 60)  # coarse scores: many ties
pairs = positives[:, None] - negatives[None, :]  # (40, 60)
by_pairs = (pairs > 0).mean() + (pairs == 0).mean() / 2
by_area = sk.roc_auc_score(np.repeat([1, 0], [40, 60]), np.concatenate([positives, negatives]))
print(f"by pairs {by_pairs:.12f}\nby area  {by_area:.12f}")

# %% [markdown]
# ### The same ROC curve, another precision
#
# Neither rate of the ROC curve mixes positives with negatives, so how rare positives are does not enter.
# Precision mixes them. With a share $\pi$ of positives, true positive rate $\text{TPR}$ and false positive rate $\text{FPR}$,
#
# $$P = \frac{\pi\,\text{TPR}}{\pi\,\text{TPR} + (1-\pi)\,\text{FPR}}.$$
#
# Below, the scores of negatives are normal around 0 and those of positives around 1.5, both with standard deviation 1, so the curves are exact.

# %%
thresholds = np.linspace(-4, 6, 400)
tpr, fpr = stats.norm.sf(thresholds - 1.5), stats.norm.sf(thresholds)
figure, (left, right_ax) = plt.subplots(1, 2, figsize=(7.4, 3.5), dpi=90, layout="constrained")
for share, style, colour in ((0.5, "-", "blue"), (0.1, "--", "green"), (0.01, ":", "vermillion")):
    left.plot(fpr, tpr, style, color=OKABE_ITO[colour], linewidth=2, label=f"{share:.0%} positive")
    right_ax.plot(tpr, share * tpr / (share * tpr + (1 - share) * fpr), style, color=OKABE_ITO[colour], linewidth=2)
left.set(title="ROC: one curve for all", xlabel="false positive rate (share)", ylabel="true positive rate (share)")
right_ax.set(title="Precision–recall: not so", xlabel="recall (share)", ylabel="precision (share)", ylim=(0, 1.03))
left.legend(frameon=False, loc="lower right")
with_text(figure, "Two panels: the ROC curves for 50, 10 and 1 percent of positives lie on each other; the precision-recall curves fall as positives become rarer.")

# %% [markdown]
# ### Average precision: steps, no slopes
#
# **Average precision** sums up the precision–recall curve.
# Let the thresholds be the distinct scores, from high to low, with precision $P_i$ and recall $R_i$ at the $i$-th, and $R_0 = 0$:
#
# $$\text{AP} = \sum_i (R_i - R_{i-1})\, P_i.$$
#
# Each gain in recall counts with the precision at which it was bought.
# Why not join the points by straight lines, the trapezoidal rule?
# Because precision does not move on a straight line between two thresholds (Davis and Goadrich, 2006): halfway in recall, half of the new false positives are to be expected, and these may already be many times the positives.

# %% [markdown]
# See it on a ranking with one positive at the top, then 100 images of equal score with the second positive among them.
# Put these 100 in random order instead: the mean AP over all places of the second positive is what such a model is worth.
# The step sum is near it and a little low; the straight line is far too rosy.

# %%
score, truth = np.repeat([1.0, 0.0], [1, 100]), np.repeat([1, 1, 0], [1, 1, 99])
precision, recall, _ = sk.precision_recall_curve(truth, score)
in_random_order = np.mean([0.5 * 1 + 0.5 * 2 / (1 + place) for place in range(1, 101)])
print(f"step sum {sk.average_precision_score(truth, score):.3f}   straight lines {sk.auc(recall, precision):.3f}   ties in random order {in_random_order:.3f}")


# %% [markdown]
# ### Exercise: average precision
#
# *3 points · about 15 minutes*
#
# Write `average_precision(scores, labels)` as the step sum above.
# Images with equal scores pass the threshold together: they make one step.

# %% course={"exercise": "average_precision", "role": "answer"} nbgrader={"grade": false, "grade_id": "average_precision", "locked": false, "schema_version": 3, "solution": true, "task": false}
def average_precision(scores, labels):
    """scores (N,) float, labels (N,) int64 of 0 and 1, at least one 1 -> a float."""
    raise NotImplementedError


# %% course={"exercise": "average_precision", "role": "check"} nbgrader={"grade": true, "grade_id": "check-average_precision", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.average_precision(average_precision)


# %% [markdown]
# ## Does 90 % mean nine in ten?
#
# A model is **calibrated** when, among images of which it says '90 %', nine in ten are right, and so for every other percentage.
# Its *confidence* $c$ is the largest of its $K$ probabilities.
#
# Percentages repeat seldom exactly, so we sort the images into $B$ bins of equal width: bin $b$ holds the confidences in $\bigl(\frac{b-1}{B}, \frac{b}{B}\bigr]$, as in Guo and others (2017).
# The **expected calibration error** is the mean gap between what a bin says and what it gets, weighted by the number of images $n_b$ in it:
#
# $$\text{ECE} = \sum_{b=1}^{B} \frac{n_b}{n}\, \bigl|\,\text{accuracy}_b - \text{mean confidence}_b\,\bigr|.$$

# %% [markdown]
# ### Exercise: expected calibration error
#
# *3 points · about 15 minutes*
#
# Write `expected_calibration_error(probabilities, labels, bins)`.
# A confidence on an edge belongs to the bin below it, so that 1.0 falls into the last one. Empty bins add nothing.
# For the index of a bin, `torch.bucketize(confidence, edges)` helps: it says before which edge a number belongs.

# %% course={"exercise": "expected_calibration_error", "role": "answer"} nbgrader={"grade": false, "grade_id": "expected_calibration_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def expected_calibration_error(probabilities, labels, bins):
    """probabilities (N, K), labels (N,) int64, bins int -> a float."""
    raise NotImplementedError


# %% course={"exercise": "expected_calibration_error", "role": "check"} nbgrader={"grade": true, "grade_id": "check-expected_calibration_error", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.expected_calibration_error(expected_calibration_error)


# %% [markdown]
# ### The error of the error
#
# ECE is an estimate, and a biased one: inside a bin, luck makes a gap even where there is none, and the gaps are taken without their sign.
# Below, a *perfectly* calibrated model is simulated: each image is right with exactly the probability that it says.
# The table shows the mean ECE of twenty such simulations: with more bins there are fewer images in each, and the number grows.
#
# So an ECE means little without the number of bins and of images.
# Nor is a small ECE a praise by itself: a model that always says the class shares of the data set is calibrated, and knows nothing of any image.

# %%
def calibrated_ece(rng, n, bins):
    confidence = rng.uniform(0.5, 1, n)
    gap = (rng.random(n) < confidence) - confidence
    return np.abs(np.bincount((confidence * bins).astype(int), gap)).sum() / n


# %%
rng = np.random.default_rng(0)
print("bins      " + "".join(f"{bins:>8}" for bins in (5, 15, 50, 200)))
for n in (500, 5000, 50_000):
    means = [np.mean([calibrated_ece(rng, n, bins) for _ in range(20)]) for bins in (5, 15, 50, 200)]
    print(f"n = {n:<6}" + "".join(f"{mean:>8.3f}" for mean in means))

# %% [markdown]
# ### A temperature for the MLP
#
# Our MLP has learnt its training images nearly by heart, and now overrates itself on others.
# Lesson 04 had the remedy: divide the logits by one temperature $T$, fitted to the cross-entropy of images kept aside.
# Here these are the validation images; the test images judge the result.
#
# Dividing by $T > 0$ keeps the order of the logits, so not one answer changes, and neither does the accuracy.

# %% tags=["nbval-ignore-output"]
val_logits = logits_of(mlp, val).double()
grid = torch.logspace(-1, 1.5, 200, dtype=torch.float64)  # temperatures from 0.1 to 32
losses = torch.stack([F.cross_entropy(val_logits / t, val_labels) for t in grid])
T = grid[losses.argmin()].item()
for name, t in (("as trained", 1.0), (f"T = {T:.2f}", T)):
    scaled = logits["MLP"].double() / t
    error = multiclass_calibration_error(scaled.softmax(1), labels, num_classes=K, n_bins=15).item()
    accuracy = (scaled.argmax(dim=1) == labels).double().mean()
    print(f"{name:<10}  test accuracy {accuracy:.3f}  loss {F.cross_entropy(scaled, labels):.3f}  ECE with 15 bins {error:.3f}")

# %%
figure, ax = plt.subplots(figsize=(5.6, 3.9), dpi=90, layout="constrained")
ax.plot([0, 1], [0, 1], ":", color="black", label="calibrated")
for t, style, colour, name in ((1.0, "o--", "vermillion", "as trained"), (T, "s-", "blue", "with its temperature")):
    confidence, said = (logits["MLP"].double() / t).softmax(dim=1).max(dim=1)
    places = (confidence * 10).long().clamp(max=9)
    full = [b for b in range(10) if (places == b).sum() >= 10]
    says = [confidence[places == b].mean() for b in full]
    gets = [(said == labels)[places == b].double().mean() for b in full]
    ax.plot(says, gets, style, color=OKABE_ITO[colour], label=name)
ax.set(title="Reliability of the MLP on test images", xlabel="mean confidence in the bin (probability)", ylabel="accuracy in the bin (share)", xlim=(0, 1), ylim=(0, 1))
ax.legend(frameon=False, loc="upper left")
with_text(figure, "Reliability diagram, bins of at least ten images: as trained, accuracy lies far below all but small confidences; divided by the temperature, it lies much nearer to the diagonal.")


# %% [markdown]
# ## Is B better than A?
#
# Two models were tested on the *same* images.
# To compare two separate intervals would waste what we know: most images are easy for both or hard for both, and tell nothing about a difference.
# Let $b$ images be right with A only and $c$ with B only. Then
#
# $$\text{accuracy}_B - \text{accuracy}_A = \frac{c - b}{n}.$$
#
# Quinn McNemar (1947) looked at these $d = b + c$ images alone.
# If the models are equally good, each such image falls to A or to B like a fair coin: given $d$, $b$ is binomial with $d$ draws and probability ½.

# %% [markdown]
# The **p-value** is the probability, if the models are equally good, of a split at least as uneven as ours.
# With $m = \min(b, c)$ it adds both tails:
#
# $$\text{p-value} = \min\Bigl(1,\; 2 \sum_{i=0}^{m} \binom{d}{i}\, 2^{-d}\Bigr).$$
#
# For $b = c$ the two tails overlap and the sum exceeds 1, hence the minimum.
# With $d = 0$ the p-value is 1.
# McNemar's own form uses an approximation; for small $d$ the exact sum is the safer one.

# %% [markdown]
# ### Exercise: McNemar's test
#
# *3 points · about 12 minutes*
#
# Write `mcnemar(right_a, right_b)`: the exact two-sided p-value.

# %% course={"exercise": "mcnemar", "role": "answer"} nbgrader={"grade": false, "grade_id": "mcnemar", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mcnemar(right_a, right_b):
    """right_a, right_b (N,) bool: which images each model has right -> the p-value, a float."""
    raise NotImplementedError


# %% course={"exercise": "mcnemar", "role": "check"} nbgrader={"grade": true, "grade_id": "check-mcnemar", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.mcnemar(mcnemar)

# %% [markdown]
# Two invented models show what pairing buys.
# Of 2,000 images, B has 20 more right than A.
# Their separate intervals overlap widely, and many would stop there.
# Yet only 40 images tell the two apart, and 30 of them fall to B.
#
# The **paired bootstrap** says the same as an interval: draw images with replacement, keep both answers of an image together, and take the difference.

# %%
right_a = np.repeat([True, True, False, False], [1800, 10, 30, 160])
right_b = np.repeat([True, False, True, False], [1800, 10, 30, 160])
for name, right in (("A", right_a), ("B", right_b)):
    low, high = wilson(int(right.sum()), 2000)
    print(f"{name}: accuracy {right.mean():.4f}, Wilson {low:.4f} to {high:.4f}")
print(f"McNemar: p-value {stats.binomtest(10, 40).pvalue:.4f}")
picks = np.random.default_rng(0).integers(0, 2000, size=(4000, 2000))
differences = right_b[picks].mean(axis=1) - right_a[picks].mean(axis=1)
print("paired bootstrap, B minus A: {:.4f} to {:.4f}".format(*np.quantile(differences, [0.025, 0.975])))

# %% [markdown]
# Now our two CNNs, which differ in nothing but their seed.
# Whatever the test says here, it says it of *these two sets of weights*.
# A small p-value would not mean that one seed is a better recipe: two runs of one recipe can differ by more than the luck of the test images.
# (Squares that overlap are not independent, which tends to make p-values too small.)
#
# Dietterich (1998) makes this distinction: McNemar's test does not see the variation from training, so to compare two *recipes*, train each several times.
# And whoever compares twenty pairs of equally good models must expect, on average, up to one p-value below 0.05.

# %% tags=["nbval-ignore-output"]
first, second = ((logits[name].argmax(dim=1) == labels).numpy() for name in ("CNN", "CNN again"))
only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
p_value = stats.binomtest(only_first, only_first + only_second).pvalue if only_first + only_second else 1.0
print(f"accuracies {first.mean():.3f} and {second.mean():.3f}; right with one only: {only_first} and {only_second}; p-value {p_value:.4f}")


# %% [markdown]
# ## How many images does a claim need?
#
# 'Our model is above 90 %.'
# You expect to measure 92 %.
# How many test images do you need, so that Wilson's interval then lies wholly above 90 %?
# This has to be asked *before* the images are collected.
#
# Go back to the derivation: what equation holds exactly when the claim is the lower end of the interval?
# Solve that one for $n$; the long formula is not needed.

# %% [markdown]
# ### Exercise (stretch): the smallest test set
#
# *3 points · about 15 minutes*
#
# Write `minimum_test_size(accuracy, claim, z=1.96)`: the fewest images $n$ (an `int`) for which the lower end of Wilson's interval, with a measured share of exactly `accuracy`, is at least `claim`.
# Treat the share as given; do not ask that it times $n$ be a whole number.
# An `accuracy` that is not above `claim` can never show it: raise a `ValueError`.

# %% course={"exercise": "minimum_test_size", "role": "answer"} nbgrader={"grade": false, "grade_id": "minimum_test_size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def minimum_test_size(accuracy, claim, z=1.96):
    """accuracy and claim, shares with 0 < claim < 1 -> fewest images, an int."""
    raise NotImplementedError


# %% course={"exercise": "minimum_test_size", "role": "check"} nbgrader={"grade": true, "grade_id": "check-minimum_test_size", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.minimum_test_size(minimum_test_size)

# %%
for a, n in ((0.92, 864), (0.92, 865), (0.91, 3457), (0.91, 3458)):
    low = np.roots([1 + z**2 / n, -(2 * a + z**2 / n), a**2]).min()  # the lower root of Wilson's parabola
    print(f"measured {a:.2f} on {n:,} images: lower end {low:.6f}")

# %% [markdown]
# So the example takes 865 images.
# Half the distance needs four times as many: to show 90 % with a measured 91 % takes 3,458.
# And even these numbers are hopeful: they suppose that you will measure what you expect, which luck denies half of the time.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# The stories below are from popular articles on image classification and language, restated with our own numbers and code.
# What they share: a result is printed 'for example', and a few lines later it is the proof.
# Most would not have survived a minute of arithmetic.

# %% [markdown]
# ## The score that says nothing new
#
# A popular article evaluates by `precision_recall_fscore_support(..., average="micro")` and prints the result with three decimals as its 'score'.
# Two faults in one line.
# The function returns *four* values, so the format fails.
# And you proved what the first three of them are, for images with one label each.

# %%
truth, said = np.repeat([0, 1, 2], [80, 15, 5]), np.repeat([0, 1, 0, 0], [80, 6, 9, 5])
score = sk.precision_recall_fscore_support(truth, said, average="micro")
try:
    print(f"score {score:.3f}")
except TypeError as error:
    print("TypeError:", error)
print("micro", *(f"{value:.3f}" for value in score[:3]), f"  accuracy {(truth == said).mean():.3f}")
print("macro-F1", f"{sk.f1_score(truth, said, average='macro', zero_division=0):.3f}")

# %% [markdown]
# ## The class that was not asked about
#
# Another popular article marks names of persons, places and firms in texts, word by word, and is proud of its weighted F1.
# But more than four words in five are no name at all, and 'no name' is one of the classes.
# A tagger that is good at finding nothing gets most of the score for it.
#
# Below is such a table of our own: the row 'no name' carries the average.
# Leave it out, as those do who care about names, and another number appears.
# (In that field one counts whole names, not words; that is stricter still.)

# %%
table = np.array([[8400, 40, 30, 30], [110, 380, 10, 0], [120, 10, 360, 10], [140, 0, 20, 340]])  # class 0: no name
truth = np.repeat(np.arange(4), table.sum(axis=1))
said = np.concatenate([np.repeat(np.arange(4), row) for row in table])
print(f"weighted F1, all words {sk.f1_score(truth, said, average='weighted'):.3f}")
print(f"micro-F1, names only   {sk.f1_score(truth, said, average='micro', labels=[1, 2, 3]):.3f}")

# %% [markdown]
# ## Yardsticks for a log
#
# A training log can be held against numbers that you can compute on paper:
#
# - **steps**: $n$ images in batches of $B$ make $\lceil n/B \rceil$ steps (lesson 06);
# - **chance**: giving every class $1/K$ costs $\ln K$; a model whose loss stays above it does worse than this guess: it is too sure of its mistakes;
# - **two softmaxes**: the loss cannot fall below $\ln\bigl(1 + (K-1)/e\bigr)$ (lesson 04);
# - **loss and accuracy**: an image is wrong when another class has at least the true one's probability. The two add up to at most 1, so $p_\text{true} \le \frac12$, and its loss is at least $\ln 2$. Over all images, loss $\ge (1 - \text{accuracy}) \ln 2$.

# %%
print(f"50,000 images in batches of 64: {math.ceil(50_000 / 64)} steps; 657 steps are {656 * 64 + 1:,} to {657 * 64:,} images")
print(f"ten classes: chance {math.log(10):.3f}, floor with two softmaxes {math.log(1 + 9 / math.e):.3f}")
print(f"two classes: chance {math.log(2):.3f};  at 40 % accuracy the loss is at least {0.6 * math.log(2):.3f}")
generator = torch.Generator().manual_seed(0)
many = torch.randn(100_000, 3, generator=generator, dtype=torch.float64) * torch.logspace(-2, 2, 100_000)[:, None]
truth = torch.randint(3, (100_000,), generator=generator)
wrong = many.argmax(dim=1) != truth
print(f"smallest loss of {int(wrong.sum()):,} wrong random rows, ln 2 = {math.log(2):.6f}:", f"{F.cross_entropy(many[wrong], truth[wrong], reduction='none').min():.6f}")

# %% [markdown]
# Popular articles show logs that fail here.
# One trains on 50,000 images in batches of 64 and counts 657 steps.
# Its loss, made of two softmaxes, ends at less than half of its own floor.
# Another reports a final loss of 0.80 on two classes and an accuracy of 89 %.
# That is worse than the $\ln 2 \approx 0.69$ of a coin, and yet *not* impossible.

# %% [markdown]
# Say both numbers come from the same images.
# With two classes a right image costs between 0 and $\ln 2$.
# So the 11 % wrong ones must make up the rest, between $0.80 - 0.89 \ln 2$ and $0.80$.
# The low end needs a model that is never sure when it is right; with sure right answers, its mistakes must be very sure, too.
# An auditor says 'suspicious' there, and 'impossible' only when it is.

# %%
least, most = (0.80 - 0.89 * math.log(2)) / 0.11, 0.80 / 0.11
print(f"a wrong image costs between {least:.1f} and {most:.1f} nats on average")
print(f"as if each gave its true class a probability between {math.exp(-most):.5f} and {math.exp(-least):.2f}")


# %% [markdown]
# ## The table that cannot be true
#
# | class | precision | recall | F1 | support |
# |---|---|---|---|---|
# | 0 | 0.913 | 0.904 | 0.904 | 500 |
# | 1 | 0.905 | 0.914 | 0.916 | 500 |
#
# Accuracy: 0.904. So reports a popular article, with other numbers and the same faults.
# The second F1 is above both of its parents.
# The first lies in the cage, at its very edge, but not at the harmonic mean.
# And accuracy must be the weighted recall.

# %% [markdown]
# To be fair, allow for rounding.
# A number printed with $d$ decimals stands for any true one within $h = \frac12 \cdot 10^{-d}$ of it.
# F1 grows with $P$ and with $R$, since $2/(1/P + 1/R)$ does.
# So all true values of a row have F1 between $F(P - h, R - h)$ and $F(P + h, R + h)$.
# If no number of that range is within $h$ of the printed F1, the row cannot be true.
#
# The same goes for accuracy: the weighted recall lies between the weighted means of $R_k - h$ and of $R_k + h$, that is, within $h$ of the weighted mean of the printed recalls, and closer where 0 or 1 cuts a range off.
# The supports are whole numbers, printed exactly.

# %%
def f1(precision, recall):
    return 2 / (1 / precision + 1 / recall)


h = 0.0005
for precision, recall, printed in ((0.913, 0.904, 0.904), (0.905, 0.914, 0.916)):
    low, high = f1(precision - h, recall - h), f1(precision + h, recall + h)
    print(f"F1 is between {low:.5f} and {high:.5f}; printed {printed}, that is {printed - h:.4f} to {printed + h:.4f}")


# %% [markdown]
# ### Exercise: bug hunt, the report auditor
#
# *4 points · about 25 minutes*
#
# Write `audit_report(rows, accuracy, decimals)`.
# `rows` is a list of `(precision, recall, f1, support)`, all rounded to `decimals` decimals but the supports; every image has one label, and all classes are listed.
# Return a list of `bool`, one for each row and a last one for the accuracy: `True` where the ranges above leave no room for the printed F1, or for the accuracy.
# A row may hold zeros; F1 is 0 when precision and recall are.
# No true share lies below 0 or above 1.

# %% course={"exercise": "audit_report", "role": "answer"} nbgrader={"grade": false, "grade_id": "audit_report", "locked": false, "schema_version": 3, "solution": true, "task": false}
def audit_report(rows, accuracy, decimals):
    """rows: list of (precision, recall, f1, support).

    Returns a list of len(rows) + 1 bools, True where impossible.
    """
    raise NotImplementedError


# %% course={"exercise": "audit_report", "role": "check"} nbgrader={"grade": true, "grade_id": "check-audit_report", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.audit_report(audit_report)

# %% [markdown]
# An auditor who finds nothing has not shown that a report is true, only that it could be.
# And one that is flagged need not be a lie: a typing error or two runs in one table will do it.
# What has been shown is that nobody recomputed it.
# There is more to ask: of 500 images of a class, for example, the recall must be a multiple of 0.002.

# %%
check.progress()

# %% [markdown]
# ## What you now know
#
# - You can **attach** Wilson's interval to an accuracy, and **say** that it covers the luck of the test images and nothing else.
# - You have **computed** top-k accuracy, the confusion matrix, precision, recall, F1 and average precision, each checked against a library.
# - You have **proved** when micro-F1 is accuracy, and that AUC is the probability of ranking a pair rightly.
# - You can **test** calibration, know how ECE depends on its bins, and mend overconfidence with a temperature.
# - You **compare** models on the images that tell them apart, and **plan** a test set before it is collected.
# - You **audit** reports: F1 has its cage, accuracy is the weighted recall, and a log has its floors.

# %% [markdown]
# ## References
#
# - E. B. Wilson: *Probable inference, the law of succession, and statistical inference*. Journal of the American Statistical Association 22(158), 1927.
# - L. D. Brown, T. T. Cai, A. DasGupta: *Interval Estimation for a Binomial Proportion*. Statistical Science 16(2), 2001.
# - B. Efron: *Bootstrap Methods: Another Look at the Jackknife*. The Annals of Statistics 7(1), 1979.
# - Q. McNemar: *Note on the sampling error of the difference between correlated proportions or percentages*. Psychometrika 12(2), 1947.
# - T. G. Dietterich: *Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms*. Neural Computation 10(7), 1998.
# - J. Davis, M. Goadrich: *The Relationship Between Precision-Recall and ROC Curves*. ICML 2006.
# - J. A. Hanley, B. J. McNeil: *The meaning and use of the area under a receiver operating characteristic (ROC) curve*. Radiology 143(1), 1982.
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger: *On Calibration of Modern Neural Networks*. ICML 2017.
# - B. Recht, R. Roelofs, L. Schmidt, V. Shankar: *Do ImageNet Classifiers Generalize to ImageNet?* ICML 2019.
# - L. Engstrom, A. Ilyas, S. Santurkar, D. Tsipras, J. Steinhardt, A. Madry: *Identifying Statistical Bias in Dataset Replication*. ICML 2020.
# - O. Russakovsky and others: *ImageNet Large Scale Visual Recognition Challenge*. International Journal of Computer Vision 115(3), 2015. Why top-5.
