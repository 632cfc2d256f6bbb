# ---
# jupyter:
#   course:
#     lesson: 04_cross_entropy
#     minutes: 220
#     prerequisites: []
#     title: Cross-entropy
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
# # 04 · Cross-entropy
#
# *About 220 minutes, no lesson needed before.* [Open in Colab](https://colab.research.google.com/github/OWNER/from-convolution-to-imagenet/blob/main/lessons/04_cross_entropy.ipynb) · [Launch on Binder](https://mybinder.org/v2/gh/OWNER/from-convolution-to-imagenet/main?urlpath=lab/tree/lessons/04_cross_entropy.ipynb)
#
# Nearly every network that names what is in a photograph is trained with one number: the cross-entropy.
# In this lesson you build it from the toss of a coin, derive its gradient without skipping a line, and meet the mistakes that published code makes with it.
# Half way through, a classifier learns from real photographs by nothing but the formula that you derived.

# %% course={"role": "setup"}
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/OWNER/from-convolution-to-imagenet@main"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)

# %% [markdown]
# ## You will be able to
#
# - **explain** why the loss of a classifier is minus the mean logarithm of a probability;
# - **compute** softmax and cross-entropy from logits of any size, without overflow;
# - **derive** the gradient $p - y$ and check it against numbers;
# - **choose** between the binary, the multi-class and the multi-label loss, and between hard, soft and smoothed labels;
# - **detect** from a printed loss that the code behind it cannot be right.

# %% [markdown]
# You need Python, a little NumPy or PyTorch, and the derivatives of a logarithm, an exponential and a fraction.
# The chain rule for several variables is not needed beforehand: you meet it where the gradient is derived.
# Nothing here needs a GPU or the network.
# Logarithms without a base are natural ones, and the code writes them `log`, as PyTorch does.

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_utils.checks.cross_entropy import check
from course_utils.data import load_photo_patches, load_photograph
from course_utils.plots import OKABE_ITO, show_image, show_matrix, with_text
from course_utils.widgets import softmax_explorer

torch.set_printoptions(precision=4, sci_mode=False)
BLUE, RED, GREEN = OKABE_ITO["blue"], OKABE_ITO["vermillion"], OKABE_ITO["green"]

# %% [markdown]
# ## A coin, and how well a guess explains it
#
# Someone tosses a bent coin ten times and writes 1 for heads, 0 for tails.
# Call the tosses $x_1, \dots, x_N$ with $N = 10$, and call the unknown probability of heads $\theta$, a number between 0 and 1.
# Which $\theta$ would you guess?
#
# Try one.
# If the tosses do not influence each other, the probability of exactly this run is a product with one factor a toss:
#
# $$\prod_{i=1}^{N} \theta^{x_i} (1 - \theta)^{1 - x_i}$$
#
# The exponents only pick: $\theta$ for heads, $1 - \theta$ for tails.
# Read with the tosses fixed and $\theta$ free, this is the **likelihood** of $\theta$.
# A good guess is one that makes what happened likely.

# %%
tosses = torch.tensor([1, 1, 0, 1, 1, 1, 0, 1, 0, 1], dtype=torch.float64)  # (N,)
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)[:, None]  # (99, 1)
likelihood = (theta**tosses * (1 - theta) ** (1 - tosses)).prod(dim=1)  # (99,)
print(f"most likely guess: {theta[likelihood.argmax()].item():.2f}")

# %% [markdown]
# ## Why the logarithm
#
# Products of many probabilities get too small for a computer.
# Toss the same coin 2,000 times, and the likelihood of even the best guess is stored as exactly 0.
#
# The logarithm turns the product into a sum, and a sum stays in range.
# It also keeps the winner, because it rises wherever its argument rises.
# Two more habits: divide by $N$, so that twice the data does not mean twice the number, and put a minus sign, so that less is better.
# That is the mean **negative log-likelihood**:
#
# $$L(\theta) = -\frac{1}{N} \sum_{i=1}^{N} \bigl[ x_i \log \theta + (1 - x_i) \log (1 - \theta) \bigr]$$

# %%
many = tosses.repeat(200)  # (2000,)
factors = 0.7**many * 0.3 ** (1 - many)  # (2000,)
print("product:          ", factors.prod().item())
print(f"mean negative log: {-factors.log().mean():.4f}")

# %% [markdown]
# Where is $L$ smallest?
# Let $h$ be the number of heads, and suppose that there is at least one head and one tail.
# Then $L(\theta) = -\frac{h}{N} \log \theta - \frac{N - h}{N} \log (1 - \theta)$, and its derivative is
#
# $$L'(\theta) = -\frac{h}{N} \frac{1}{\theta} + \frac{N - h}{N} \frac{1}{1 - \theta}.$$
#
# Setting it to zero and multiplying by $\theta (1 - \theta)$ leaves $h (1 - \theta) = (N - h)\, \theta$, so $\theta = h / N$.
# It is a minimum, because $L$ rises without limit towards both ends.
# The guess with the least loss is the share of heads, as you would have said at once.
# The point is that the recipe goes on working where you could not have said it at once.

# %%
nll_curve = -(tosses * theta.log() + (1 - tosses) * (1 - theta).log()).mean(dim=1)  # (99,)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9), dpi=90, layout="constrained")
left.plot(theta, likelihood, color=BLUE)
left.set(title="Likelihood: highest at 0.7", ylabel="probability of the run")
right.plot(theta, nll_curve, color=RED)
right.set(title="Mean negative log: lowest at 0.7", ylabel="loss per toss")
for ax in (left, right):
    ax.set_xlabel("guess θ (probability of heads)")
    ax.axvline(0.7, color="black", linestyle=":")
with_text(figure, "Two curves: the likelihood peaks where the mean negative logarithm is lowest, at 0.7.")

# %% [markdown]
# ## From coins to classes
#
# A classifier looks at photograph $i$ and says how probable it holds each of $K$ classes.
# That is a die with $K$ faces, loaded anew for every photograph.
# Collect what it says for $N$ photographs in `probabilities`, shape $(N, K)$, each row adding up to one, and the true classes in `labels`, shape $(N,)$, numbered $0$ to $K - 1$.
#
# If one photograph's label does not influence another's, the likelihood multiplies what was said of the classes that came true.
# Call the entry of the table in row $i$, column $k$ $p_{i,k}$, and the true class of photograph $i$ $c_i$; then it is $\prod_i p_{i,\,c_i}$.
# Logarithm, mean and minus sign as before:
#
# $$L = -\frac{1}{N} \sum_{i=1}^{N} \log p_{i,\,c_i}$$

# %% [markdown]
# Mind where $c_i$ stands: as an index, it says *which* number to take, never how much of it.
#
# A popular article on ImageNet writes, in our letters, $-\frac{1}{N} \sum_i c_i \log p(x_i)$, with $x_i$ now the photograph and $c_i$ the class number from 1 to 1,000.
# Then a mistake on class 1,000 costs a thousand times what the same mistake costs on class 1.
# Here is a test that such a formula fails: give the classes other numbers, and nothing that matters has changed.

# %%
probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], dtype=torch.float64)
true = torch.tensor([0, 2])
for name, said, c in [("as numbered", probabilities, true), ("renumbered", probabilities.flip(1), 2 - true)]:
    log_p = said[[0, 1], c].log()
    weighted = -((c + 1) * log_p).mean()  # the article counts classes from 1
    print(f"{name:12} index: {-log_p.mean():.4f}   class number as weight: {weighted:.4f}")


# %% [markdown]
# ### Exercise: the loss of a table of probabilities
#
# *2 points · about 8 minutes*
#
# Write `nll(probabilities, labels)`: the mean negative log-likelihood, one number.
# `probabilities` has the shape $(N, K)$ and holds no zeros, `labels` has the shape $(N,)$ and the type int64.
#
# Write your answer, and any helper function it needs, into the cell below: if notebooks are graded, only the answer cells are read, on top of the lesson's own code.

# %% course={"exercise": "nll", "role": "answer"} nbgrader={"grade": false, "grade_id": "nll", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nll(probabilities, labels):
    """Mean negative log-likelihood: probabilities (N, K), labels (N,) -> a number."""
    raise NotImplementedError


# %% course={"exercise": "nll", "role": "check"} nbgrader={"grade": true, "grade_id": "check-nll", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.nll(nll)

# %% [markdown]
# ## Surprise, in bits
#
# What does $-\log p$ measure?
# Surprise.
# What is certain ($p = 1$) surprises by 0; halving the probability adds the same amount each time; what was held impossible would surprise without limit.
#
# With the logarithm to base 2 the unit is the **bit**: one fair coin toss.
# With the natural logarithm it is the **nat**, and 1 bit is $\log 2$ nats.
# PyTorch's cross-entropy is in nats.

# %%
chance = torch.linspace(0.005, 1, 200)
figure, ax = plt.subplots(figsize=(5.6, 3.1), dpi=90, layout="constrained")
ax.plot(chance, -chance.log(), color=BLUE)
for share, text in [(1 / 2, "p = 1/2: 1 bit"), (1 / 4, "p = 1/4: 2 bits"), (1 / 8, "p = 1/8: 3 bits")]:
    ax.plot(share, -math.log(share), "o", color=RED)
    ax.text(share + 0.02, 0.1 - math.log(share), text)
ax.set(title="Surprise of an event", xlabel="its probability p", ylabel="surprise −log p (nats)")
in_bits = ax.secondary_yaxis("right", functions=(lambda n: n / math.log(2), lambda b: b * math.log(2)))
in_bits.set_ylabel("surprise (bits)")
with_text(figure, "Surprise falls from very high near probability 0 to none at 1; each halving adds one bit.")

# %% [markdown]
# Suppose that a run of photographs shows cats half the time, dogs a quarter, birds and fish an eighth each, and that you write down what each one shows.
# A **code** gives every class a word of 0s and 1s: say 0 for a cat, 10 for a dog, 110 for a bird, 111 for a fish.
# Written one after another, such words can be read back: no word is the beginning of another.
# They spend 1, 2, 3 and 3 bits: exactly the surprises, which works out because each share is a power of 1/2.
#
# The mean surprise is the **entropy**.
# Let $y$, shape $(K,)$, say how often each class comes:
#
# $$H(y) = -\sum_{k=1}^{K} y_k \log y_k \qquad (0 \log 0 \text{ counts as } 0)$$

# %%
frequency = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 8], dtype=torch.float64)  # y, (4,)
word_lengths = torch.tensor([1, 2, 3, 3])
print(f"entropy {-(frequency * frequency.log2()).sum():.2f} bits a photograph")
print(f"mean length of a word {(frequency * word_lengths).sum():.2f} bits")

# %% [markdown]
# Claude Shannon showed in 1948 that this is no accident.
# If the photographs are independent of each other and all are to be read back, no code spends fewer bits per photograph on average than the entropy.
# And one can come as near to it as one likes, by coding many photographs together.

# %% [markdown]
# ## What a wrong belief costs
#
# Now you believe in $p$, shape $(K,)$, while the world follows $y$.
# You are surprised by $-\log p_k$, and class $k$ comes with frequency $y_k$.
# Your mean surprise is the **cross-entropy**:
#
# $$H(y, p) = -\sum_{k=1}^{K} y_k \log p_k$$
#
# Part of it cannot be avoided, the entropy $H(y)$.
# The rest is the price of the wrong belief, the **Kullback–Leibler divergence** (1951):
#
# $$\mathrm{KL}(y \,\|\, p) = H(y, p) - H(y) = \sum_{k} y_k \log \frac{y_k}{p_k}$$
#
# It is infinite if you held impossible what does happen: $p_k = 0 < y_k$ for some $k$.

# %% [markdown]
# The price is never negative.
# The reason is one line of school calculus: $\log u \le u - 1$, with equality only at $u = 1$.
# Put $u = p_k / y_k$ for each class with $y_k > 0$, and add up:
#
# $$-\mathrm{KL}(y \,\|\, p) = \sum_{y_k > 0} y_k \log \frac{p_k}{y_k} \;\le\; \sum_{y_k > 0} (p_k - y_k) \;\le\; 0$$
#
# The last step: the $y_k$ add up to 1, and the $p_k$ of these classes to at most 1, since other classes may have a share.
# Equality needs $p_k = y_k$ everywhere.
# So the cross-entropy is smallest when you believe the truth, and since $H(y)$ does not depend on your belief, *lowering the cross-entropy lowers the divergence and nothing else*.

# %%
beliefs = {
    "the truth": frequency,
    "all alike": torch.full((4,), 0.25, dtype=torch.float64),
    "cats for dogs": torch.tensor([1 / 4, 1 / 2, 1 / 8, 1 / 8], dtype=torch.float64),
    "sure of fish": torch.tensor([0.05, 0.05, 0.05, 0.85], dtype=torch.float64),
}
entropy = -(frequency * frequency.log2()).sum()
extra = torch.stack([(frequency * (frequency / said).log2()).sum() for said in beliefs.values()])  # (4,)
for name, cost in zip(beliefs, extra, strict=True):
    print(f"{name:14} {entropy:.2f} + {cost:.2f} = {entropy + cost:.2f} bits")

# %%
figure, ax = plt.subplots(figsize=(6.4, 2.6), dpi=90, layout="constrained")
ax.barh(list(beliefs), entropy, color=BLUE, label="entropy")
ax.barh(list(beliefs), extra, left=entropy, color=OKABE_ITO["orange"], hatch="//", label="divergence")
ax.invert_yaxis()
ax.set(title="Cross-entropy = entropy + divergence", xlabel="bits per photograph", ylabel="belief p")
ax.legend(frameon=False)
with_text(
    figure, "Four bars share one entropy; the divergence on top is nil for the truth, largest for the sure."
)

# %% [markdown]
# ### The circle closes
#
# A photograph with one label is a world where that class comes every time: $y$ is **one-hot**, 1 at the true class and 0 elsewhere.
# Its entropy is 0, and only one term of the cross-entropy is left, that of the true class $c$: $-\log p_c$.
# So the mean negative log-likelihood of your first exercise *is* a mean cross-entropy.
#
# This gives a number to look for at the start of a training run.
# A network that knows nothing gives each of $K$ classes the probability $1/K$ and pays $\log K$.
# Random first weights make the classes not quite alike and usually cost a little more; a first loss far above $\log K$ wants an explanation.

# %%
for num_classes in (2, 10, 16, 1000):
    print(f"{num_classes:5} classes: {math.log(num_classes):.4f} nats = {math.log2(num_classes):.4f} bits")

# %% [markdown]
# ## From scores to probabilities
#
# The last layer of a network gives one **logit** per class: any real number, positive or negative.
# Call them $z_1, \dots, z_K$.
# We want probabilities from them: positive, adding up to one, larger for a larger logit.
# Exponentials are positive and keep the order; dividing by their sum does the rest.
# This is the **softmax**, a name that John Bridle gave it around 1990:
#
# $$p_k = \frac{e^{z_k}}{\sum_{j=1}^{K} e^{z_j}}$$
#
# Divide two of them and the sum cancels: $p_i / p_j = e^{z_i - z_j}$.
# So only *differences* of logits count.
# Adding 5 to all of them changes nothing.

# %% [markdown]
# Take one photograph and three classes.
# The logits below are chosen by hand, for want of a trained network.
# The logit of the cat is 1 above that of the coffee, so the cat is $e \approx 2.718$ times as probable.

# %%
names = ["cat", "coffee", "rocket"]
scores = torch.tensor([2.0, 1.0, -1.0])
said = scores.softmax(dim=0)  # (3,)
figure, axes = plt.subplots(1, 3, figsize=(8.4, 2.6), dpi=90, layout="constrained", width_ratios=[1.2, 1, 1])
show_image(load_photograph("chelsea"), "The photograph", ax=axes[0])
for ax, values, form in [(axes[1], scores, "%.0f"), (axes[2], said, "%.4f")]:
    ax.bar_label(ax.bar(names, values, color=[BLUE, OKABE_ITO["orange"], GREEN]), fmt=form, padding=2)
    ax.axhline(0, color="black", linewidth=0.8)
axes[1].set(title="Logits", xlabel="class", ylabel="score (no unit)", ylim=(-1.7, 2.7))
axes[2].set(title="Softmax of them", xlabel="class", ylabel="probability", ylim=(0, 1))
with_text(figure, "A cat; three logits, cat highest, rocket negative; three probabilities, all positive.")

# %% [markdown]
# Now move them yourself.
# Raise one logit and watch the others pay for it.
# The two upper panels are what you have met so far, and the loss in the lower right one is $-\log p_c$ (the figure writes ln).
# The lower left one shows the gradient, which you derive further down: come back to it then.
# Leave the slider *temperature T* at 1 for now.

# %% tags=["nbval-ignore-output"]
softmax_explorer((2.0, 1.0, -1.0), ("cat", "coffee", "rocket"))

# %% [markdown]
# ## When exp overflows
#
# The formula is right and the obvious program is not.
# In float32 `exp` is infinite above about 88.7, in float64 above about 709.8, and infinity divided by infinity is not a number.
#
# Only differences count, so subtract the largest logit $m = \max_j z_j$ first:
#
# $$p_k = \frac{e^{z_k - m}}{\sum_j e^{z_j - m}}$$
#
# Now every exponent is at most 0, so nothing overflows.
# At least one exponent is exactly 0, so the sum lies between 1 and $K$, and nothing is divided by zero.
# PyTorch's `softmax` does this.
# Blanchard, Higham and Higham (2021) analysed the rounding errors of both ways.

# %%
far = torch.tensor([1000.0, 999.0, 0.0], dtype=torch.float64)
print("as written:       ", far.exp() / far.exp().sum())
print("PyTorch's softmax:", far.softmax(dim=0))

# %% [markdown]
# The last probability is about $e^{-1000}$, too small for a float, and stored as 0.
# For a probability that is no harm.
# For its logarithm it is: the true value is about $-1000.3$, but $\log 0$ is $-\infty$.
# So do not compute the logarithm of the softmax; take it on paper:
#
# $$\log p_k = z_k - \log \sum_j e^{z_j} = z_k - \Bigl( m + \log \sum_j e^{z_j - m} \Bigr)$$
#
# The bracket is called **log-sum-exp**.
# Nothing in it can overflow, and nothing in it is the logarithm of zero.

# %%
print("log of softmax:       ", far.softmax(dim=0).log())
print("PyTorch's log_softmax:", far.log_softmax(dim=0))


# %% [markdown]
# ### Exercise: softmax
#
# *2 points · about 10 minutes*
#
# Write `softmax(logits)` for `logits` of shape $(N, K)$, one row an image; the result has the same shape, and each row adds up to one.
# It must hold for logits of $\pm 1000$.
# Leave the input as it was.
#
# The check compares numbers and nothing else, so `torch.softmax` would pass it.
# Here and in the exercises that follow, the point is to write the thing yourself once; after that, use PyTorch's.

# %% course={"exercise": "softmax", "role": "answer"} nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(logits):
    """Probabilities of each row: logits (N, K) -> (N, K)."""
    raise NotImplementedError


# %% course={"exercise": "softmax", "role": "check"} nbgrader={"grade": true, "grade_id": "check-softmax", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.softmax(softmax)


# %% [markdown]
# ### Exercise: log_softmax
#
# *2 points · about 8 minutes*
#
# Write `log_softmax(logits)`: the logarithm of each probability, shape $(N, K)$, for logits of $\pm 1000$ too.
# It is yours to write again, out of `exp`, `log`, sums and maxima.

# %% course={"exercise": "log_softmax", "role": "answer"} nbgrader={"grade": false, "grade_id": "log_softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_softmax(logits):
    """Log-probabilities of each row: logits (N, K) -> (N, K)."""
    raise NotImplementedError


# %% course={"exercise": "log_softmax", "role": "check"} nbgrader={"grade": true, "grade_id": "check-log_softmax", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.log_softmax(log_softmax)

# %% [markdown]
# ## One loss, straight from the logits
#
# Put the two halves together, for one image with logits $z$ and true class $c$:
#
# $$\ell = -\log p_c = \log \sum_j e^{z_j} - z_c$$
#
# Read it aloud: how far the true logit lies below the log-sum-exp of all.
# PyTorch's `F.cross_entropy` and `nn.CrossEntropyLoss` compute exactly this, so they want **logits**.
# The softmax is inside.
# A network trained with them ends with a plain linear layer: a matrix and a bias, nothing after them.

# %%
scores = torch.tensor([[2.0, 1.0, -1.0]])  # (1, 3)
label = torch.tensor([0])
print(f"by hand  {math.log(math.exp(2) + math.exp(1) + math.exp(-1)) - 2:.4f}")
print(f"PyTorch  {F.cross_entropy(scores, label).item():.4f}")

# %% [markdown]
# Two mistakes fit in here, and both run without an error.
# The first is a softmax too many, at the end of the model *and* in the loss.
# Below, the model is certain and right, and yet the second loss does not come near zero.

# %%
sure = torch.tensor([[20.0, 0.0, 0.0]])
print(f"logits in:         {F.cross_entropy(sure, label).item():.4f}")
print(f"probabilities in:  {F.cross_entropy(sure.softmax(dim=1), label).item():.4f}")

# %% [markdown]
# The second is the formula for a coin, $-[\,t \log p + (1 - t) \log (1 - p)\,]$, used for many classes.
# Popular articles print it for ImageNet's thousand.
# Added over the classes of a one-hot target it is a loss, but another one: it charges $-\log(1 - p_k)$ for every wrong class too, $K$ coins in place of one die.

# %%
said = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
t = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)  # one-hot: the second class
print(f"one die:      {-(t * said.log()).sum():.4f}")
print(f"three coins:  {-(t * said.log() + (1 - t) * (1 - said).log()).sum():.4f}")


# %% [markdown]
# ### Exercise: cross-entropy from logits
#
# *2 points · about 8 minutes*
#
# Write `cross_entropy(logits, labels)`: the mean over the images, one number.
# `logits` has the shape $(N, K)$, `labels` the shape $(N,)$ and the type int64.
# Build it on `torch.log_softmax` or on your own.

# %% course={"exercise": "cross_entropy", "role": "answer"} nbgrader={"grade": false, "grade_id": "cross_entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, labels):
    """Mean cross-entropy: logits (N, K), labels (N,) -> a number."""
    raise NotImplementedError


# %% course={"exercise": "cross_entropy", "role": "check"} nbgrader={"grade": true, "grade_id": "check-cross_entropy", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.cross_entropy(cross_entropy)

# %% [markdown]
# ## The gradient, step by step
#
# A network learns by asking: if I raise this logit a little, what happens to the loss?
# For one image there are $K$ such questions, and their answers form the gradient.
#
# - $z$, shape $(K,)$: the logits;
# - $p = \mathrm{softmax}(z)$, shape $(K,)$: the probabilities;
# - $y$, shape $(K,)$: the target, one-hot or any distribution, so that $\sum_k y_k = 1$;
# - $\ell = -\sum_k y_k \log p_k$: the loss, one number.
#
# Wanted: $\partial \ell / \partial z_j$ for each $j$.
# The loss knows $z$ only through $p$, so there are two steps, and a third that joins them.
# First we take these three steps with something simpler; then you take them with the softmax.

# %%
z = torch.tensor([2.0, 1.0, -0.8, 0.2], dtype=torch.float64)  # (K,)
y = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)  # (K,)
p = z.softmax(dim=0)
print("p =", p)

# %% [markdown]
# ### A worked example: plain shares
#
# In place of logits take positive numbers $a_1, \dots, a_K$, their shares $s_i = a_i / S$ with $S = \sum_k a_k$, and the loss $\frac{1}{2} \sum_k (s_k - y_k)^2$.
#
# **One.** Take the $s_k$ as free for a moment. Only one term of the sum holds $s_i$, so $\partial \ell / \partial s_i = s_i - y_i$.

# %% [markdown]
# **Two.** Each $a_j$ is in the $S$ of every share: $K \times K$ derivatives.
# As a matrix, row $i$ for the share $s_i$, column $j$ for $a_j$, they are called the **Jacobian**.
# By the quotient rule, for $j = i$, where top and bottom move, and for $j \ne i$, where only the bottom does:
#
# $$\frac{\partial s_i}{\partial a_i} = \frac{1 \cdot S - a_i \cdot 1}{S^2} = \frac{1 - s_i}{S}, \qquad \frac{\partial s_i}{\partial a_j} = \frac{0 \cdot S - a_i \cdot 1}{S^2} = \frac{-s_i}{S}$$
#
# With $\delta_{ij} = 1$ if $i = j$ and 0 otherwise, both are $(\delta_{ij} - s_i) / S$.

# %% [markdown]
# **Three.** Raise $a_j$ by a little $h$.
# Each share $s_i$ changes by about $\frac{\partial s_i}{\partial a_j} h$, and moves the loss by $\frac{\partial \ell}{\partial s_i}$ times that.
# All $K$ ways add up; this is the **chain rule** for several variables:
#
# $$\frac{\partial \ell}{\partial a_j} = \sum_{i=1}^{K} \frac{\partial \ell}{\partial s_i} \frac{\partial s_i}{\partial a_j} = \sum_i (s_i - y_i)\, \frac{\delta_{ij} - s_i}{S} = \frac{1}{S} \Bigl( (s_j - y_j) - \sum_i s_i\, (s_i - y_i) \Bigr)$$
#
# The last step: $\delta_{ij}$ keeps one term of its sum, that with $i = j$.
#
# Below, the result is compared with one that needs no calculus: each $a_j$ is moved a little up and a little down, and the loss measured.

# %%
a = torch.tensor([3.0, 1.0, 0.5, 1.5], dtype=torch.float64)  # (K,)
nudges = 1e-5 * torch.eye(4, dtype=torch.float64)  # one row for each number


def squared_loss(a):
    return ((a / a.sum() - y) ** 2).sum() / 2


s = a / a.sum()
print("formula ", ((s - y) - (s * (s - y)).sum()) / a.sum())
print("nudged  ", torch.stack([(squared_loss(a + n) - squared_loss(a - n)) / 2e-5 for n in nudges]))


# %% [markdown]
# Now the softmax and the cross-entropy.
# Take paper; each paragraph below says what one step needs, and the exercise after them takes your results.
#
# ### Step 1: how the loss answers to the probabilities
#
# Again take the $K$ numbers $p_k$ as free.
# Which terms of $\ell = -\sum_k y_k \log p_k$ hold $p_i$?
# What is the derivative of a logarithm?
# The result $\partial \ell / \partial p_i$ holds $p_i$ and $y_i$, and has the shape $(K,)$.
# For a one-hot target only one entry differs from zero; it is negative, and large in size when the true class was held unlikely.

# %% [markdown]
# ### Step 2: how the probabilities answer to the logits
#
# Write $S = \sum_k e^{z_k}$, so that $p_i = e^{z_i} / S$ and $\partial S / \partial z_j = e^{z_j}$.
# Use the quotient rule twice, as above: for $j = i$, where top and bottom move, and for $j \ne i$, where only the bottom moves.
# Then put $p$ back for every $e^{z} / S$, until no $z$ is left.
# The results $\partial p_i / \partial z_j$ form a matrix of shape $(K, K)$, row $i$, column $j$.
#
# Two tests for it on paper:
#
# - each column adds up to zero, because what one class gains the others lose;
# - each row adds up to zero, because the same amount added to all logits changes nothing.

# %% [markdown]
# ### Step 3: the chain
#
# Logit $z_j$ moves all $K$ probabilities, and each of them moves the loss:
#
# $$\frac{\partial \ell}{\partial z_j} = \sum_{i=1}^{K} \frac{\partial \ell}{\partial p_i} \frac{\partial p_i}{\partial z_j}$$
#
# Put in your steps 1 and 2, written with $\delta_{ij}$.
# Something cancels, one sum keeps a single term, and in the other the $y_i$ add up to 1.
# What remains has one minus sign and no fraction.

# %% [markdown]
# ### Exercise: the derivation in code
#
# *3 points · about 15 minutes*
#
# Write each step as a function of the symbols, for one image: $p$ and $y$ have the shape $(K,)$.
# The target may be soft, but adds up to one.
# Each function is evaluated in float64 at random points with three to ten classes, and the first step that is not what it claims is named.
# You need not write all three before you run the check: it says how far you are right.

# %% course={"exercise": "softmax_gradient", "role": "answer"} nbgrader={"grade": false, "grade_id": "softmax_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dloss_dp(p, y):
    """Step 1, the derivatives of the loss by the probabilities: (K,)."""
    raise NotImplementedError


def dp_dz(p):
    """Step 2, the Jacobian, row i and column j holding the derivative of p_i by z_j: (K, K)."""
    raise NotImplementedError


def dloss_dz(p, y):
    """Step 3, the derivatives of the loss by the logits: (K,)."""
    raise NotImplementedError


# %% course={"exercise": "softmax_gradient", "role": "check"} nbgrader={"grade": true, "grade_id": "check-softmax_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.softmax_gradient(dloss_dp, dp_dz, dloss_dz)


# %% [markdown]
# ### The three steps in full
#
# To compare with your paper. Step 1: only the term $-y_i \log p_i$ holds $p_i$, so $\frac{\partial \ell}{\partial p_i} = -\frac{y_i}{p_i}$. Step 2:
#
# $$\frac{\partial p_i}{\partial z_i} = \frac{e^{z_i} S - e^{z_i} e^{z_i}}{S^2} = p_i - p_i\, p_i, \qquad \frac{\partial p_i}{\partial z_j} = \frac{0 \cdot S - e^{z_i} e^{z_j}}{S^2} = -p_i\, p_j \quad (j \ne i)$$
#
# Both are $p_i (\delta_{ij} - p_j)$. Step 3:
#
# $$\frac{\partial \ell}{\partial z_j} = \sum_i \Bigl( -\frac{y_i}{p_i} \Bigr)\, p_i\, (\delta_{ij} - p_j) = -\sum_i y_i\, \delta_{ij} + p_j \sum_i y_i = p_j - y_j$$
#
# The $p_i$ cancel: the logarithm of the loss undoes the exponential of the softmax.
# What you said minus what was true.

# %% [markdown]
# PyTorch's **autograd** remembers the operations that made a number and applies the chain rule to them, backwards.
# Here it says what the Jacobian and the gradient are at the four logits above.
# The last line asks neither formula nor autograd: it nudges.

# %%
def loss(z):
    return -(y * z.log_softmax(dim=0)).sum()


jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(dim=0), z)  # (K, K)
print("columns of the Jacobian add up to zero:", bool((jacobian.sum(dim=0).abs() < 1e-12).all()))
print("rows of the Jacobian add up to zero:   ", bool((jacobian.sum(dim=1).abs() < 1e-12).all()))
print("p - y    ", p - y)
print("autograd ", torch.autograd.functional.jacobian(loss, z))
print("nudged   ", torch.stack([(loss(z + n) - loss(z - n)) / 2e-5 for n in nudges]))

# %% [markdown]
# The picture shows the sense of the Jacobian.
# The diagonal is positive: a higher logit raises its own probability.
# Everything else is negative: it lowers the others.
# A matrix with the diagonal alone would be $K$ separate coins.

# %%
ax = show_matrix(jacobian, "Jacobian ∂p / ∂z", digits=3, xlabel="logit j", ylabel="probability i")
ax.get_figure().set_size_inches(4.6, 3.4)
with_text(ax, "A four by four matrix: positive numbers on the diagonal, negative ones everywhere else.")

# %% [markdown]
# Gradient descent moves the logits against the gradient, so by $y - p$ times a small number, the **learning rate**, which sets how long the steps are.
# The arrows in the picture are these moves; those of the sliding figure above, $p - y$, are the same turned round.
# The true class is pulled up by what it lacks, every other is pushed down by what it has too much, and the moves add up to zero.

# %%
figure, ax = plt.subplots(figsize=(5.6, 3), dpi=90, layout="constrained")
ax.bar(range(4), p, color=BLUE, width=0.5, label="p: said")
ax.bar(range(4), y, fill=False, edgecolor="black", linestyle="--", width=0.7, label="y: true")
for k in range(4):
    ax.annotate("", (k, y[k]), (k, p[k]), arrowprops={"arrowstyle": "-|>", "color": RED, "lw": 2.5})
ax.set(title="Descent moves each logit by y − p", xlabel="class", ylabel="probability", xticks=range(4))
ax.legend(frameon=False)
with_text(figure, "Four bars: an arrow from the true one up to 1, arrows from the three others down to 0.")

# %% [markdown]
# ### Step 4: the mean over a batch
#
# Stack $N$ images: logits $Z$, probabilities $P$ and targets $Y$, each of shape $(N, K)$.
# The loss of a batch is the mean $L = \frac{1}{N} \sum_i \ell_i$.
# Row $i$ of $Z$ touches only $\ell_i$, so each row gets its own $p - y$, times the $\frac{1}{N}$ in front:
#
# $$\frac{\partial L}{\partial Z} = \frac{1}{N} (P - Y)$$
#
# With `reduction="sum"`, which adds the losses up instead of taking their mean, there is no $\frac{1}{N}$.
# It is the number of images that divides, never $N K$: the mean runs over images, and each image has one loss.
#
# Below, `requires_grad_()` asks PyTorch to record what is computed from `batch`, and `torch.autograd.grad(loss, batch)` gives the derivative of that one number by each entry of `batch`.

# %%
batch = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
true = torch.tensor([3, 0, 2, 1, 1])
of_mean = torch.autograd.grad(F.cross_entropy(batch, true), batch)[0]
of_sum = torch.autograd.grad(F.cross_entropy(batch, true, reduction="sum"), batch)[0]
print("gradient of the mean, first image (class 3):", of_mean[0])
print(f"gradient of the sum: {(of_sum / of_mean).mean():.4f} times as long, for 5 images of 4 classes")


# %% [markdown]
# ### Exercise: the gradient of a batch
#
# *2 points · about 8 minutes*
#
# Write `cross_entropy_grad(logits, labels)`: the gradient of the *mean* cross-entropy by the logits, shape $(N, K)$.
# Write it without autograd, and leave the input as it was.

# %% course={"exercise": "cross_entropy_grad", "role": "answer"} nbgrader={"grade": false, "grade_id": "cross_entropy_grad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy_grad(logits, labels):
    """Gradient of the mean cross-entropy: logits (N, K), labels (N,) -> (N, K)."""
    raise NotImplementedError


# %% course={"exercise": "cross_entropy_grad", "role": "check"} nbgrader={"grade": true, "grade_id": "check-cross_entropy_grad", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.cross_entropy_grad(cross_entropy_grad)

# %% [markdown]
# ## A learner in five lines
#
# Is $p - y$ enough to learn from?
# Take small patches of photographs; the class of a patch is the photograph that it was cut from.
# Training patches come from one part of each photograph, validation patches from another.
# Describe each patch by twelve numbers only: mean, spread, lowest and highest value of its red, green and blue, brought to a common scale.
# One matrix turns the twelve numbers into $K$ logits.

# %%
patches = load_photo_patches(size=32, grey=False, train_per_class=100, val_per_class=50)


def colours(split):
    """Mean, spread, lowest and highest value of each channel: (N, 12)."""
    values = torch.as_tensor(split.images).flatten(2).double() / 255  # (N, 3, 1024)
    return torch.cat([values.mean(2), values.std(2), values.amin(2), values.amax(2)], dim=1)


x, x_val = colours(patches.train), colours(patches.val)
centre, spread = x.mean(dim=0), x.std(dim=0)  # of the training patches, (12,)
x, x_val = (x - centre) / spread, (x_val - centre) / spread
train_labels, val_labels = torch.as_tensor(patches.train.labels), torch.as_tensor(patches.val.labels)
print(f"{len(x)} training patches, {len(x_val)} validation patches, {patches.num_classes} classes")

# %% [markdown]
# The derivative of the logits $z = x W + b$ by the weights is the input, so the gradient of $W$, shape $(12, K)$, is $x^{\mathsf T}$ times the gradient of the logits.
# Lesson 05 does this for whole networks.
# The loop below contains all the learning there is.
# The first loss must be $\log K$: all weights are zero, so all classes are alike.
#
# The line with `gradient` can be yours: put `gradient = cross_entropy_grad(logits, train_labels)` in its place, and the numbers should stay.

# %%
targets = F.one_hot(train_labels, patches.num_classes).double()  # (N, K)
weight = torch.zeros(12, patches.num_classes, dtype=torch.float64)
bias = torch.zeros(patches.num_classes, dtype=torch.float64)
losses = []
for _ in range(300):
    logits = x @ weight + bias  # (N, K)
    gradient = (logits.softmax(dim=1) - targets) / len(x)  # (P - Y) / N
    weight -= 2.0 * x.T @ gradient  # 2.0 is the learning rate
    bias -= 2.0 * gradient.sum(dim=0)
    losses.append(F.cross_entropy(logits, train_labels).item())
print(f"first loss {losses[0]:.4f}, log {patches.num_classes} = {math.log(patches.num_classes):.4f}")

# %% tags=["nbval-ignore-output"]
hit = ((x @ weight + bias).argmax(dim=1) == train_labels).double().mean()
hit_val = ((x_val @ weight + bias).argmax(dim=1) == val_labels).double().mean()
print(f"last loss {losses[-1]:.2f}")
print(f"right: {hit:.0%} of training, {hit_val:.0%} of validation, chance {1 / patches.num_classes:.0%}")

# %% [markdown]
# ## Why not the squared error?
#
# Why not simply make $p$ close to $y$ with $\ell_2 = \frac{1}{2} \sum_k (p_k - y_k)^2$?
# Its step 1 is that of the worked example, $\partial \ell_2 / \partial p_i = p_i - y_i$.
# Step 2 is the Jacobian $J$ of the softmax, which is symmetric.
# The chain gives
#
# $$\frac{\partial \ell_2}{\partial z} = J\,(p - y), \qquad \frac{\partial \ell_2}{\partial z_j} = p_j \Bigl( (p_j - y_j) - \sum_i p_i\, (p_i - y_i) \Bigr).$$
#
# Nothing cancels the Jacobian this time.
# When the network is certain, $p$ is nearly one-hot, all entries $p_i (\delta_{ij} - p_j)$ are nearly 0, and so is the gradient, *whether the network is certain and right or certain and wrong*.

# %% [markdown]
# Take three classes, the first one true, and raise the logit of a wrong one.
# The further right in the picture, the surer the mistake.
# The length of the cross-entropy's gradient grows towards $\sqrt 2$, the length of $p - y$ between two one-hot vectors.
# That of the squared error goes to nothing just where help is needed most.
# (Its dip near 0: far to the left two classes share the probability, and the Jacobian halves $p - y$; where all three are alike, it takes a third.)

# %%
wrong = torch.linspace(-8, 12, 201, dtype=torch.float64)
said = torch.stack([torch.zeros(201), wrong, torch.zeros(201)], dim=1).softmax(dim=1)  # (201, 3)
e = said - torch.tensor([1.0, 0.0, 0.0])  # p - y, (201, 3)
squared = said * (e - (said * e).sum(dim=1, keepdim=True))  # (201, 3)
figure, ax = plt.subplots(figsize=(5.8, 3.1), dpi=90, layout="constrained")
ax.plot(wrong, e.norm(dim=1), color=BLUE, label="cross-entropy")
ax.plot(wrong, squared.norm(dim=1), color=RED, linestyle="--", label="squared error after softmax")
ax.set(title="How hard each loss pulls", xlabel="logit of a wrong class", ylabel="length of the gradient")
ax.legend(frameon=False)
with_text(figure, "As the wrong logit grows, the pull of cross-entropy rises and stays; the other vanishes.")


# %% [markdown]
# What does that cost?
# Start from logits $(0, a, 0)$ with the first class true, take steps of size 1 against the gradient, and count the steps until the true class leads.

# %%
def steps_to_mend(a, squared):
    z, y = torch.tensor([0.0, a, 0.0], dtype=torch.float64), torch.tensor([1.0, 0.0, 0.0])
    for step in range(1_000_000):
        if z.argmax() == 0:
            return step
        p = z.softmax(dim=0)
        z -= p * (p - y - p @ (p - y)) if squared else p - y


for a in (1.0, 3.0, 5.0, 7.0):
    print(f"a = {a:.0f}: cross-entropy {steps_to_mend(a, False):3}, squared error {steps_to_mend(a, True):6}")

# %% [markdown]
# To be fair to the squared error:
#
# - Part of the difference is only scale. While all classes are alike, $p_k = 1/K$, the formula above gives exactly $(p - y) / K$: the same direction, $K$ times shorter. A learning rate $K$ times larger makes up for that, though not for the flat stretch.
# - The fault lies in the pair, softmax *and* squared error. Hui and Belkin (2021) left the softmax out and trained with the squared error on the logits themselves: as good or better on most of their language and speech tasks, slightly behind on images.
#
# The cost was measured early: on one artificial problem, Solla, Levin and Fleisher (1988) saw a network learn much faster with the cross-entropy than with the squared error.

# %% [markdown]
# ## Yes or no: two classes
#
# Is there a cat in the photograph?
# One logit $z$ is enough, squeezed by the **sigmoid** $p = \sigma(z) = \frac{1}{1 + e^{-z}}$, and one target $t$, 1 for yes and 0 for no.
# This is the coin of the first paragraph, so its loss is $\ell = -t \log p - (1 - t) \log (1 - p)$.

# %% [markdown]
# Put the sigmoid in.
# Since $-\log p = \log (1 + e^{-z}) = \log (1 + e^{z}) - z$ and $-\log (1 - p) = \log (1 + e^{z})$,
#
# $$\ell = t\,\bigl( \log (1 + e^{z}) - z \bigr) + (1 - t) \log (1 + e^{z}) = \log (1 + e^{z}) - t z.$$
#
# Its derivative is $\frac{e^{z}}{1 + e^{z}} - t = p - t$: what was said minus what was true, once more.

# %% [markdown]
# $e^z$ overflows for large $z$.
# The cure is the one you know, the maximum taken out, here of $z$ and 0:
#
# $$\log (1 + e^{z}) = \max(z, 0) + \log \bigl( 1 + e^{-|z|} \bigr)$$
#
# For $z \le 0$ this says nothing new; for $z > 0$ it is $z + \log (e^{-z} + 1)$, and the product rule for logarithms shows that it is the same.
# PyTorch's loss with this in it is `F.binary_cross_entropy_with_logits`.

# %%
scores = torch.tensor([1000.0, -3.0, 0.5])
no = torch.zeros(3)  # with t = 0 the loss is log(1 + e^z)
print("as written:", (1 + scores.exp()).log())
print("PyTorch:   ", F.binary_cross_entropy_with_logits(scores, no, reduction="none"))

# %% [markdown]
# ## Several labels at once
#
# Three kinds of question look alike and want different losses.
#
# - **Binary**: one yes-or-no question an image. One logit, a sigmoid, targets of 0 and 1.
# - **Multi-class**: which *one* of $K$? $K$ logits, a softmax; the classes compete, and the probabilities add up to one. Targets are class numbers, int64.
# - **Multi-label**: which *of* these $K$, none and all allowed? $K$ logits, $K$ sigmoids, $K$ yes-or-no questions. Targets are a table of 0 and 1 of shape $(N, K)$, as floats.
#
# A cat beside a coffee cup is one image with two labels.
# A softmax cannot say "both, for certain"; two sigmoids can.

# %%
scores = torch.tensor([[4.0, 4.0, -4.0]])  # cat, coffee, rocket
both = torch.tensor([[1.0, 1.0, 0.0]])
print("softmax ", scores.softmax(dim=1))
print("sigmoids", scores.sigmoid())
print(f"loss, the mean over three questions: {F.binary_cross_entropy_with_logits(scores, both).item():.4f}")


# %% [markdown]
# ### Exercise: the binary loss from logits
#
# *3 points · about 12 minutes*
#
# Write `binary_cross_entropy_with_logits(logits, targets)`: the mean over *all* entries, one number.
# Both have the same shape, which may be $(N,)$ or $(N, K)$; targets lie between 0 and 1.
# It must hold for logits of $\pm 1000$: start from the formula with the maximum taken out. Probabilities kept away from 0 and 1 by force would give a wrong loss there.

# %% course={"exercise": "binary_cross_entropy_with_logits", "role": "answer"} nbgrader={"grade": false, "grade_id": "binary_cross_entropy_with_logits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def binary_cross_entropy_with_logits(logits, targets):
    """Mean of the yes-or-no losses: logits and targets of one shape -> a number."""
    raise NotImplementedError


# %% course={"exercise": "binary_cross_entropy_with_logits", "role": "check"} nbgrader={"grade": true, "grade_id": "check-binary_cross_entropy_with_logits", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.binary_cross_entropy_with_logits(binary_cross_entropy_with_logits)


# %% [markdown]
# ### Exercise: one logit as two
#
# *1 point · about 6 minutes*
#
# A yes-or-no question is also a choice between two classes, no (0) and yes (1).
# Write `as_two_classes(logits)`: from one logit an image, shape $(N,)$, make two, shape $(N, 2)$, such that the softmax gives the sigmoid as the probability of class 1.
# Only differences count, so fix the logit of class 0 at 0.

# %% course={"exercise": "as_two_classes", "role": "answer"} nbgrader={"grade": false, "grade_id": "as_two_classes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def as_two_classes(logits):
    """Two logits an image, the first of them 0: logits (N,) -> (N, 2)."""
    raise NotImplementedError


# %% course={"exercise": "as_two_classes", "role": "check"} nbgrader={"grade": true, "grade_id": "check-as_two_classes", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 1}
check.as_two_classes(as_two_classes)

# %% [markdown]
# So the binary loss is not another theory.
# It is the cross-entropy of two classes, one of whose logits was not worth storing.

# %%
one, answers = torch.tensor([1.5, -0.3, 4.0]), torch.tensor([1, 0, 0])
two = torch.tensor([[0.0, 1.5], [0.0, -0.3], [0.0, 4.0]])  # (3, 2)
print(f"one logit, sigmoid:   {F.binary_cross_entropy_with_logits(one, answers.float()).item():.4f}")
print(f"two logits, softmax:  {F.cross_entropy(two, answers).item():.4f}")

# %% [markdown]
# ## Index, one-hot, soft
#
# A label can be written in three ways.
#
# - As an **index**: int64, shape $(N,)$. Short, and what data sets store.
# - **One-hot**: float, shape $(N, K)$. The same information.
# - **Soft**: float, shape $(N, K)$, each row a distribution. More information: of ten people who look at a blurred photograph, seven may say cat and three dog. Peterson and others (2019) collected such votes for ten thousand small photographs and trained on them.
#
# `F.cross_entropy` takes any of the three.
# It tells an index from a distribution by the shape of what it gets.

# %%
scores = torch.tensor([[2.0, 1.0, -1.0]])
votes = torch.tensor([[0.7, 0.3, 0.0]])
print(f"index    {F.cross_entropy(scores, torch.tensor([0])).item():.4f}")
print(f"one-hot  {F.cross_entropy(scores, torch.tensor([[1.0, 0.0, 0.0]])).item():.4f}")
print(f"soft     {F.cross_entropy(scores, votes).item():.4f}")
print(f"lowest possible with these votes, their entropy: {-torch.xlogy(votes, votes).sum().item():.4f}")

# %% [markdown]
# ## Labels that leave room for doubt
#
# With a one-hot target the loss can always be lowered a little by being surer still: $p - y$ is never zero for finite logits.
# **Label smoothing** (Szegedy and others, 2016) sets an end to that.
# With a share $\varepsilon$, say 0.1, mix the target with the uniform distribution:
#
# $$y'_k = (1 - \varepsilon)\, y_k + \frac{\varepsilon}{K}$$
#
# The true class keeps $1 - \varepsilon + \varepsilon / K$, every other gets $\varepsilon / K$.
# The sum is $(1 - \varepsilon) \cdot 1 + K \cdot \frac{\varepsilon}{K} = 1$.
# Spreading $\varepsilon$ over the $K - 1$ *other* classes is a distribution too, but neither the paper's rule nor PyTorch's, which is built in: `F.cross_entropy(..., label_smoothing=0.1)`.

# %% [markdown]
# Two consequences can be had without any training.
#
# The gradient $p - y'$ is zero when $p = y'$, at finite logits.
# From $p_i / p_j = e^{z_i - z_j}$, the true logit then stands above each other one by
#
# $$\log \frac{1 - \varepsilon + \varepsilon / K}{\varepsilon / K}.$$
#
# And the loss has a floor, the entropy of $y'$.
# If your training loss with label smoothing seems stuck above zero, that floor may be all there is to it.

# %%
for num_classes in (10, 1000):
    smooth = torch.full((num_classes,), 0.1 / num_classes, dtype=torch.float64)
    smooth[0] += 0.9
    gap, floor = (smooth[0] / smooth[1]).log(), -(smooth * smooth.log()).sum()
    print(f"{num_classes:4} classes, smoothing 0.1: best gap of logits {gap:.4f}, lowest loss {floor:.4f}")


# %% [markdown]
# Does it help?
# On ImageNet with 1,000 classes and $\varepsilon = 0.1$, Szegedy and others reported about 0.2 percentage points less error, both top-1 (the first guess is wrong) and top-5 (the true class is not among the first five): a choice to be measured, not a rule.

# %% [markdown]
# ### Exercise: smoothed labels
#
# *2 points · about 10 minutes*
#
# Write `smooth_labels(labels, num_classes, smoothing)`: the distributions $y'$, shape $(N, K)$, for `labels` of shape $(N,)$.
# Not every class need occur in the batch.

# %% course={"exercise": "smooth_labels", "role": "answer"} nbgrader={"grade": false, "grade_id": "smooth_labels", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smooth_labels(labels, num_classes, smoothing):
    """Smoothed targets, each row a distribution: labels (N,) -> (N, num_classes)."""
    raise NotImplementedError


# %% course={"exercise": "smooth_labels", "role": "check"} nbgrader={"grade": true, "grade_id": "check-smooth_labels", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.smooth_labels(smooth_labels)

# %% [markdown]
# ## Temperature
#
# Divide all logits by one number $T > 0$ before the softmax: $p = \mathrm{softmax}(z / T)$.
# $T$ is called the **temperature**.
# As $T$ grows, the classes become alike; as $T$ falls towards 0, the largest logit takes all.
# The order never changes, so neither does the accuracy.
# The slider *temperature T* of the figure under 'From scores to probabilities' does this.

# %%
scores = torch.tensor([2.0, 1.0, -1.0])
for temperature in (0.25, 1.0, 4.0, 100.0):
    print(f"T = {temperature:6.2f}:", (scores / temperature).softmax(dim=0))

# %% [markdown]
# What is it good for?
# When a network says 90 %, it should be right nine times in ten, and so for every other percentage; then it is called **calibrated**.
# Guo, Pleiss, Sun and Weinberger (2017) found the deep networks of their day mostly too sure, and a single temperature, chosen after training on images kept aside for it, a good remedy on most of their data sets.
#
# Choose $T$ how?
# By the loss of this lesson: the $T$ with the smallest mean cross-entropy on those images.
# Below, labels are drawn from the very probabilities of some logits, so $T = 1$ is right; then the logits are trebled, and the model brags.

# %%
generator = torch.Generator().manual_seed(0)
honest = 2 * torch.randn(2000, 5, generator=generator)
drawn = torch.multinomial(honest.softmax(dim=1), 1, generator=generator)[:, 0]
boasting = 3 * honest
for temperature in (1.0, 2.0, 3.0, 4.0):
    said = (boasting / temperature).softmax(dim=1)
    says, hit = said.max(dim=1).values.mean(), (said.argmax(dim=1) == drawn).float().mean()
    loss_now = F.cross_entropy(boasting / temperature, drawn)
    print(f"T = {temperature:.0f}: loss {loss_now:.3f}, says {says:.2f}, is right {hit:.2f}")


# %% [markdown]
# ### Exercise, to invent: find the temperature
#
# *4 points · about 25 minutes*
#
# Write `fit_temperature(logits, labels)`: the temperature $T$, between 0.05 and 20, with the smallest mean cross-entropy of `logits / T`.
# One per cent off, of $T$, is near enough.
# How you search is up to you.
# It may help that with $b = 1/T$ the mean loss has one valley and no second minimum, and that the chain rule, with your $p - y$ in it, gives its slope.

# %% course={"exercise": "fit_temperature", "role": "answer"} nbgrader={"grade": false, "grade_id": "fit_temperature", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fit_temperature(logits, labels):
    """The best temperature: logits (N, K), labels (N,) -> a number."""
    raise NotImplementedError


# %% course={"exercise": "fit_temperature", "role": "check"} nbgrader={"grade": true, "grade_id": "check-fit_temperature", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.fit_temperature(fit_temperature)


# %% [markdown]
# ## What you now know
#
# - The loss is minus the mean log-probability of what came true: the mean surprise, made of an entropy that nobody can avoid and a divergence that training can lower.
# - Softmax turns differences of logits into ratios of probabilities. Subtract the maximum, and never take the logarithm of a softmax.
# - The gradient by the logits is $p - y$, divided by $N$ for a mean, because the logarithm undoes the exponential. Squared error after softmax stalls when it is certain and wrong.
# - One of $K$: softmax and class numbers. Any of $K$: sigmoids and a table of 0 and 1. With two classes they agree. Smoothed labels have a floor of their own.
# - A loss has places where it must be: near $\log K$ at the start, never below its floor. A number that cannot be there convicts the code.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# The faults below run without an error message.
# They come from popular articles; the code is restated in our own words and names.

# %% [markdown]
# ### Hunt 1: the label that weighs nothing
#
# Some data sets come with labels as a column, shape $(N, 1)$, and as bytes.
# Here is a loss for one-hot targets that was given such a column.
# Four photographs, ten classes, and not a word of complaint.

# %%
def broken_loss(logits, labels):
    return (labels * -logits.log_softmax(dim=1)).sum(dim=1)


column = torch.tensor([[3], [0], [9], [1]], dtype=torch.uint8)  # (4, 1)
four = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
print("broken:", broken_loss(four, column))
print("right: ", F.cross_entropy(four, column[:, 0], reduction="none"))

# %% [markdown]
# The column was **broadcast**: stretched over all ten classes.
# Every log-probability of a row is multiplied by the class number, so the loss is $-c_i \sum_k \log p_{i,k}$.
# It does not ask which class was right.
# An image of class 0 costs nothing whatever is said about it.
#
# The same stretching makes an accuracy meaningless: predictions $(N,)$ compared with a column $(N, 1)$ give a table $(N, N)$, every prediction against every label.
# And with as many images as classes even labels of shape $(N,)$ slip into `broken_loss` without an error, stretched the other way.
# PyTorch's own `F.cross_entropy` refuses a column.

# %%
predicted = torch.tensor([3, 0, 9, 1])  # all four right
print("compared with a column:", (predicted == column).shape, (predicted == column).float().mean())
try:
    F.cross_entropy(four, column.long())
except RuntimeError as error:
    print("F.cross_entropy:", type(error).__name__)


# %% [markdown]
# ### Exercise, bug hunt: mend the loss
#
# *3 points · about 12 minutes*
#
# Write `per_image_loss(logits, labels)`, which gives the cross-entropy of each image, shape $(N,)$.
# Labels are class numbers of any whole-number type, as $(N,)$ or as $(N, 1)$.
# Any other shape must not pass in silence: raise `ValueError`.

# %% course={"exercise": "per_image_loss", "role": "answer"} nbgrader={"grade": false, "grade_id": "per_image_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def per_image_loss(logits, labels):
    """Cross-entropy of each image: logits (N, K), labels (N,) or (N, 1) -> (N,).

    Raises ValueError for labels of any other shape.
    """
    raise NotImplementedError


# %% course={"exercise": "per_image_loss", "role": "check"} nbgrader={"grade": true, "grade_id": "check-per_image_loss", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.per_image_loss(per_image_loss)

# %% [markdown]
# ### The gradient of another loss
#
# A second article states the loss of this lesson and then, as its gradient, $-\frac{1}{N} \sum \bigl( \frac{y}{p} - \frac{1 - y}{1 - p} \bigr) \frac{\partial p}{\partial \theta}$, added over images and classes.
# That is the gradient of $K$ coins, not of one die.
# Below, autograd sends both losses back to the logits, fifty images at a time.
#
# With two classes the article's is exactly twice as long and points the same way, so a test with two classes that looks only at the direction would pass it.
# From three classes on it points elsewhere, but for chance cases such as all classes alike.

# %%
generator = torch.Generator().manual_seed(0)
for num_classes in (2, 3, 10):
    scores = (2 * torch.randn(50, num_classes, dtype=torch.float64, generator=generator)).requires_grad_()
    t = F.one_hot(torch.randint(num_classes, (50,), generator=generator), num_classes).double()
    said = scores.softmax(dim=1)
    coins, die = F.binary_cross_entropy(said, t, reduction="sum"), -(t * said.log()).sum()
    theirs, ours = (
        torch.autograd.grad(each, scores, retain_graph=True)[0].flatten() for each in (coins, die)
    )
    cosine = F.cosine_similarity(theirs, ours, dim=0)
    print(f"{num_classes:2} classes: {theirs.norm() / ours.norm():.3f} times as long, cosine {cosine:.3f}")


# %% [markdown]
# ### Hunt 2: can this log come from this code?
#
# The network of the article in hunt 1 ends, for ten classes, with a softmax, and its loss takes a softmax of that.
# Call the network's output $p = \mathrm{softmax}(z)$; the loss then is $-\log q_c$ with $q = \mathrm{softmax}(p)$ and $c$ the true class.
# Numbers between 0 and 1 go into the second softmax, so their differences are at most 1, and no entry of $q$ can be more than $e$ times another, whatever the network does.
#
# The log beside it says: loss 1.4492 after the second **epoch** (one pass over the data), 0.6766 at the end.
# The exercises below let you judge it.

# %% [markdown]
# ### Exercise, bug hunt: the floor
#
# *2 points · about 12 minutes*
#
# Write `double_softmax_floor(num_classes)`: the number that this loss cannot fall below, for $K$ classes.
# (No finite logits reach it, but they come as near as you like.)
# Derive it on paper.
# Which output $p$ of the first softmax is the best possible one?

# %% course={"exercise": "double_softmax_floor", "role": "answer"} nbgrader={"grade": false, "grade_id": "double_softmax_floor", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double_softmax_floor(num_classes):
    """The greatest lower bound of the cross-entropy of a softmax of a softmax: a number."""
    raise NotImplementedError


# %% course={"exercise": "double_softmax_floor", "role": "check"} nbgrader={"grade": true, "grade_id": "check-double_softmax_floor", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.double_softmax_floor(double_softmax_floor)


# %% [markdown]
# ### Exercise, bug hunt: four logs
#
# *2 points · about 8 minutes*
#
# Four runs of this ten-class code with its two softmaxes, so it is said, printed the mean training loss after each epoch.
# Each printed number is a mean of losses of single images.
#
# - A: 2.3026, 1.9841, 1.7210
# - B: 2.2871, 1.7420, 1.4377
# - C: 2.3021, 2.4870, 2.5013
# - D: 1.7903, 1.4907, 1.4655
#
# Which are `"possible"`, which `"impossible"`?

# %% course={"exercise": "published_log", "role": "answer"} nbgrader={"grade": false, "grade_id": "published_log", "locked": false, "schema_version": 3, "solution": true, "task": false}
def published_log():
    """A dictionary with "possible" or "impossible" for each of "A", "B", "C" and "D"."""
    raise NotImplementedError


# %% course={"exercise": "published_log", "role": "check"} nbgrader={"grade": true, "grade_id": "check-published_log", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.published_log(published_log)


# %% [markdown]
# ### What the extra softmax costs
#
# The fault is more than a number in a log.
# On the way back the gradient passes the Jacobian of one softmax more, so it shrinks, and it vanishes where the first softmax is certain, as the squared error's did.
# While all classes are alike, it is exactly $K$ times too short.
# Here are the photographs of the five-line learner again, with one softmax, with two, and, to be fair, with two and steps $K$ times as long.
# The losses are on different scales, so compare how many patches are right, and how sure the first softmax says it is.

# %%
def with_one(x):
    """A last input of 1 stands for the bias: (N, 12) -> (N, 13)."""
    return F.pad(x, (0, 1), value=1.0)


def train(double, rate, steps=300):
    """Losses of the colour learner over the steps, and its weights, with one softmax or with two."""
    matrix, curve = torch.zeros(13, patches.num_classes, dtype=torch.float64, requires_grad=True), []
    for _ in range(steps):
        logits = with_one(x) @ matrix
        cost = F.cross_entropy(logits.softmax(dim=1) if double else logits, train_labels)
        curve.append(cost.item())
        matrix.data -= rate * torch.autograd.grad(cost, matrix)[0]
    return curve, matrix.detach()


# %% tags=["nbval-ignore-output"]
runs = {
    "one softmax": train(False, 2.0),
    "two softmaxes": train(True, 2.0),
    "two, longer steps": train(True, 2.0 * patches.num_classes),
}
for name, (curve, matrix) in runs.items():
    hit = ((with_one(x) @ matrix).argmax(dim=1) == train_labels).double().mean()
    said = (with_one(x_val) @ matrix).softmax(dim=1)
    hit_val, says = (said.argmax(dim=1) == val_labels).double().mean(), said.max(dim=1).values.mean()
    print(f"{name:17} loss {curve[-1]:.2f}, right: {hit:.0%} of training, ", end="")
    print(f"{hit_val:.0%} of validation, where it says {says:.0%}")

# %% [markdown]
# How far can the loss with two softmaxes go?
# Multiply the logits of the learner by ten thousand: it is then certain of every patch, of most rightly, of some wrongly.
# The least and the greatest loss of a patch are the ends of the band in the picture.

# %%
certain = (1e4 * with_one(x) @ runs["two softmaxes"][1]).softmax(dim=1)
extremes = F.cross_entropy(certain, train_labels, reduction="none")
figure, ax = plt.subplots(figsize=(5.8, 3.2), dpi=90, layout="constrained")
for (name, (curve, _)), colour, line in zip(
    runs.items(), (BLUE, RED, "black"), ("-", "--", ":"), strict=True
):
    ax.plot(curve, color=colour, linestyle=line, label=name)
ax.axhspan(extremes.min(), extremes.max(), color=RED, alpha=0.12, label="all that two softmaxes can cost")
ax.set(title="A softmax too many", xlabel="step", ylabel="training loss (nats per patch)")
ax.set_ylim(0)
ax.legend(frameon=False, loc="lower left")
with_text(figure, "With one softmax the loss falls below the band that the losses with two can never leave.")

# %% [markdown]
# With the same steps the second softmax makes the learner slower.
# Here longer steps make up for that; what they do not mend is the bragging.
# The worst mistake costs only 1 more than perfection, so being sure and wrong is cheap.
#
# Note where all three curves start: at $\log K$.
# Equal logits give equal probabilities, and equal probabilities a second time.
# So the habit of checking the first loss, good as it is, does not find this fault.
# Asking what the *lowest* possible loss is does.

# %% tags=["nbval-ignore-output"]
check.progress()

# %% [markdown]
# ## References
#
# - Claude E. Shannon, *A Mathematical Theory of Communication*, Bell System Technical Journal 27, 1948.
# - Solomon Kullback and Richard A. Leibler, *On Information and Sufficiency*, The Annals of Mathematical Statistics 22, 1951.
# - Sara A. Solla, Esther Levin and Michael Fleisher, *Accelerated Learning in Layered Neural Networks*, Complex Systems 2, 1988.
# - John S. Bridle, *Probabilistic Interpretation of Feedforward Classification Network Outputs, with Relationships to Statistical Pattern Recognition*, in Neurocomputing, NATO ASI Series F 68, 1990.
# - Christian Szegedy, Vincent Vanhoucke, Sergey Ioffe, Jonathon Shlens and Zbigniew Wojna, *Rethinking the Inception Architecture for Computer Vision*, CVPR 2016.
# - Chuan Guo, Geoff Pleiss, Yu Sun and Kilian Q. Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017.
# - Joshua C. Peterson, Ruairidh M. Battleday, Thomas L. Griffiths and Olga Russakovsky, *Human Uncertainty Makes Classification More Robust*, ICCV 2019.
# - Like Hui and Mikhail Belkin, *Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in Classification Tasks*, ICLR 2021.
# - Pierre Blanchard, Desmond J. Higham and Nicholas J. Higham, *Accurately Computing the Log-Sum-Exp and Softmax Functions*, IMA Journal of Numerical Analysis 41, 2021.
