# ---
# jupyter:
#   course:
#     lesson: 01_images_and_imagenet
#     minutes: 180
#     prerequisites: []
#     title: Images and ImageNet
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
# # 01 · Images and ImageNet
#
# *About 180 minutes, no lesson needed before.* [Open in Colab](https://colab.research.google.com/github/OWNER/from-convolution-to-imagenet/blob/main/lessons/01_images_and_imagenet.ipynb) · [Launch on Binder](https://mybinder.org/v2/gh/OWNER/from-convolution-to-imagenet/main?urlpath=lab/tree/lessons/01_images_and_imagenet.ipynb)
#
# A neural network learns from numbers that someone decided to call a dog.
# This lesson follows those numbers from the file on the disk to the label: how a photograph becomes a tensor, what ImageNet is and who made it, how the votes of thousands of strangers become one label, and how a careless split makes a bad model look good.
# You build a small data set with all of its troubles, and you check what popular articles claim about the large one.

# %% course={"role": "setup"}
# On Colab, this brings the course's own small package and leaves every other package as it is.
import importlib.util, subprocess, sys

if importlib.util.find_spec("course_utils") is None:
    package = "git+https://github.com/OWNER/from-convolution-to-imagenet@main"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", package], check=True)

# %% [markdown]
# ## You will be able to
#
# - **turn** an image file into a tensor, and name its type, range, channel order and layout;
# - **read** grey, CMYK, rotated and broken files without being fooled;
# - **say** what ImageNet is, who built it, when and how, what it is not, and **check** published claims about it;
# - **map** WordNet ids and devkit ids to the labels that a loss wants, and **measure** how far apart two classes are;
# - **turn** the votes of workers of unknown quality into labels, and say what a label costs;
# - **find** near-duplicates, and **split** a data set so that nothing leaks.

# %% [markdown]
# You need Python, a little NumPy and school mathematics; PyTorch is introduced as we go.
# Everything runs on a laptop, without a network and without a GPU.
#
# Every exercise has three cells: what is asked, a cell for your answer, and a check.
# Write your answer, and any helper function it needs, into the answer cell; if notebooks are graded, only these cells are read, on top of the lesson's own code.
# A check says on which call an answer went wrong, and often why.
# For a hint on an exercise called `xyz`, run `check.xyz.hint()` in a cell of your own.

# %% [markdown]
# No later cell depends on your answers.
# The last line of a cell with a figure is `with_text`: it gives the figure a sentence for readers who cannot see it.
# *Run All* stops at the first check that is not passed; select the cell below it and choose *Run Selected Cell and All Below*.

# %%
import io
import itertools
import math
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFile, ImageOps
from sklearn.metrics import cohen_kappa_score

from course_utils.checks.images_and_imagenet import check
from course_utils.data import crowd, hierarchy, load_photo_patches, photograph_names, similarity
from course_utils.data.photographs import open_photograph, photograph_path
from course_utils.data.wordnet import IMAGENETTE_WORDS
from course_utils.plots import OKABE_ITO, show_images, with_text
from course_utils.widgets import votes_explorer, wordnet_tree

# %% [markdown]
# ## A photograph is a block of numbers
#
# The course brings a few free photographs, from the package scikit-image.
# The library *Pillow* reads image files; NumPy shows what is inside.
#
# Pillow says (width, height), an array says (height, width, channels): rows first.
# This is the first trap of the trade.

# %%
cat = open_photograph("chelsea")
pixels = np.asarray(cat)
print("Pillow: size", cat.size, "mode", cat.mode)
print("NumPy:  shape", pixels.shape, "dtype", pixels.dtype, "from", pixels.min(), "to", pixels.max())

# %% [markdown]
# Each pixel holds three whole numbers from 0 to 255: how much red, green and blue.
# One such number is 8 bits, a byte; the type is called `uint8`.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.3), dpi=90, layout="constrained")
axes[0].imshow(pixels)
axes[0].add_patch(plt.Rectangle((170, 100), 6, 6, fill=False, edgecolor="white", linewidth=2))
axes[0].set(title="The photograph", xlabel="column (pixels)", ylabel="row (pixels)")
block = pixels[100:106, 170:176]
axes[1].imshow(block, extent=(169.5, 175.5, 105.5, 99.5))
for (row, column), red in np.ndenumerate(block[:, :, 0]):
    axes[1].text(170 + column, 100 + row, red, ha="center", va="center", color="white", fontsize=9)
axes[1].set(title="36 of its pixels, with their red value", xlabel="column (pixels)", ylabel="row (pixels)")
with_text(figure, "A cat, and beside it 36 pixels of its eye, much enlarged, each with the number of its red channel.")

# %% [markdown]
# ## Bytes wrap around
#
# A byte cannot hold more than 255.
# Arithmetic on `uint8` arrays neither rounds off nor complains: it starts again at 0.
# So turn bytes into decimal numbers, *floats*, before you compute with them.

# %%
two = np.array([200, 60], dtype=np.uint8)
print("as bytes:", two + np.uint8(100), "  as floats:", two.astype(np.float32) + 100)

# %% [markdown]
# ## Tensors, and where the channels go
#
# PyTorch's array is the **tensor**.
# It behaves much like a NumPy array; it can also live on a GPU and remember how it was computed.
#
# PyTorch keeps the channels *first*: an image has the shape $(C, H, W)$, channels, height, width, and a batch of $N$ images $(N, C, H, W)$.
# `permute` puts the axes into a new order and carries the numbers along.
# `reshape` does something else: it reads the same row of numbers into other brackets, and the picture is gone.

# %%
image = torch.from_numpy(pixels.copy())  # (H, W, C) uint8
moved = image.permute(2, 0, 1)  # (C, H, W): axis 2 comes first
torn = image.reshape(3, *image.shape[:2])  # the right shape, the wrong picture
print(tuple(image.shape), "->", tuple(moved.shape), "and", tuple(torn.shape))
print("same red value:", int(moved[0, 100, 170]), int(image[100, 170, 0]), " after reshape:", int(torn[0, 100, 170]))

# %% [markdown]
# ## RGB or BGR
#
# The order of the three channels is a convention, and there are two.
# Pillow and torchvision give red, green, blue.
# OpenCV's `imread` gives blue, green, red.
# Nothing in the array says which it is, and a network trained on one order usually gets worse on the other, without a word.
#
# `flip` turns an axis round; NumPy's slice `[::-1]` is an error on a tensor.

# %%
bgr = moved.flip(0)  # the first axis turned round: blue, green, red
panels = [moved, bgr, torn]
ax = show_images(panels, ["RGB, as it is", "read as BGR", "reshape for permute"], columns=3, inches=2.6, title="One array, three readings")
with_text(ax, "The cat in its own colours; the same cat turned blue because red and blue changed places; and stripes, where reshape tore the picture.")

# %% [markdown]
# ## From 0 to 1
#
# Networks train more easily on numbers of about the size of 1.
# So the bytes are divided by 255, not by 256: then white is exactly 1.
# The division gives floats, 32 bits each by default (`float32`).
# Later lessons also take away the mean and divide by the standard deviation.

# %%
scaled = moved / 255
print(scaled.dtype, f"from {scaled.min():.3f} to {scaled.max():.3f};", "bytes divided as whole numbers:", (moved // 255).unique().tolist())


# %% [markdown]
# ### Exercise: from a BGR photograph to a tensor
#
# *2 points · about 8 minutes*
#
# Write `to_chw_float(image)`.
# `image` is a `uint8` tensor of shape $(H, W, 3)$ with the channels in the order blue, green, red, as OpenCV would give it.
# Return a float tensor of shape $(3, H, W)$, in the order red, green, blue, with 0 for black and 1 for full brightness.
# Leave `image` itself as it is.

# %% course={"exercise": "to_chw_float", "role": "answer"} nbgrader={"grade": false, "grade_id": "to_chw_float", "locked": false, "schema_version": 3, "solution": true, "task": false}
def to_chw_float(image):
    """uint8 (H, W, 3), blue green red, 0 to 255 -> float (3, H, W), red green blue, 0 to 1."""
    raise NotImplementedError


# %% course={"exercise": "to_chw_float", "role": "check"} nbgrader={"grade": true, "grade_id": "check-to_chw_float", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.to_chw_float(to_chw_float)


# %% [markdown]
# ## What the numbers are not: light
#
# Twice the number is not twice the light.
# Ordinary image files hold sRGB values, which spend more of the 256 steps on the dark, where the eye is sensitive.
# With $v$ from 0 to 1, the light $\ell$ of a pixel is
#
# $$\ell = \begin{cases} v / 12.92 & v \le 0.04045 \\ \bigl((v + 0.055) / 1.055\bigr)^{2.4} & \text{otherwise.} \end{cases}$$
#
# So the average of two pixel values is not the value of the average light.
# Almost every training pipeline averages the values all the same when it resizes, and networks get along with it.
# It is a choice, and only those who know of it can make it.

# %%
def to_light(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_value(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


print(f"value 128 gives {to_light(128 / 255):.1%} of the light of 255")
print(f"half of the light of 255 has the value {255 * to_value(0.5):.0f}; there and back: {to_value(to_light(0.3)):.3f}")

# %% [markdown]
# ## Files: exact and approximate
#
# A PNG file gives back every byte.
# A JPEG file gives back a picture that *looks* the same and is many times smaller: it rounds away what the eye hardly sees, in blocks of 8×8 pixels.
# ImageNet consists of JPEG files.
# Whoever saves a JPEG again rounds again.

# %%
folder = Path(tempfile.mkdtemp())
cat.save(folder / "cat.png")
for quality in (90, 30):
    cat.save(folder / f"cat_{quality}.jpg", quality=quality)
for name in ("cat.png", "cat_90.jpg", "cat_30.jpg"):
    back = np.asarray(Image.open(folder / name)).astype(int)
    print(f"{name:<11} largest change of a byte: {abs(back - pixels).max():>3}   smaller than the PNG: {(folder / name).stat().st_size < (folder / 'cat.png').stat().st_size}")

# %% [markdown]
# ## Sizes
#
# Photographs come in every size and shape, those of ImageNet too, and a batch needs one.
# So the loader resizes and crops; the files stay as they are.
#
# Making a picture larger adds no detail.
# Double each pixel, average every 2×2 block, and you have the old picture back, to the last byte: the new numbers of a 'high-resolution' copy say nothing that the old ones did not.

# %%
large = pixels.repeat(2, axis=0).repeat(2, axis=1)
again = large.reshape(pixels.shape[0], 2, pixels.shape[1], 2, 3).mean(axis=(1, 3))
print(pixels.shape, "->", large.shape, "-> identical:", bool((again == pixels).all()))

# %%
sizes = {name: Image.open(photograph_path(name)).size for name in photograph_names()}
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
ax.plot([w for w, _ in sizes.values()], [h for _, h in sizes.values()], "o", color=OKABE_ITO["blue"], label="a photograph of this course")
ax.plot([0, 1450], [0, 1450], "--", color=OKABE_ITO["black"], linewidth=1, label="square")
ax.plot(224, 224, "s", color=OKABE_ITO["vermillion"], markersize=9, label="224×224, a usual network input")
ax.set(title="No two photographs need have the same size", xlabel="width (pixels)", ylabel="height (pixels)")
ax.legend(frameon=False, loc="lower right")
with_text(figure, "Widths and heights of the course's photographs, most of them wider than tall, and most larger than 224 by 224 pixels.")

# %% [markdown]
# ## Files that make trouble
#
# In a large collection, everything occurs.
# Here are five files that are all called `.jpg`: one in colour, one grey, one in the printers' four colours CMYK, one taken with the camera on its side, and one that broke off during a download.
# The camera on its side is not seen in the pixels: it left a note in the file's EXIF data, 'turn me before you show me'.

# %%
small = cat.resize((90, 60))
small.save(folder / "colour.jpg")
small.convert("L").save(folder / "grey.jpg")
small.convert("CMYK").save(folder / "cmyk.jpg")
note = Image.Exif()
note[0x0112] = 6  # orientation: turn by a quarter before you show me
small.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=note)
whole = (folder / "colour.jpg").read_bytes()
(folder / "broken.jpg").write_bytes(whole[: len(whole) // 2])
names = ["colour", "grey", "cmyk", "turned", "broken"]
sum((folder / f"{name}.jpg").is_file() for name in names)

# %% [markdown]
# Read without thinking, they give three different numbers of channels, one picture that lies on its side, and one error in the middle of the night.
# `Image.open` reads only the head of a file; a broken body shows when the pixels are asked for.

# %%
for name in names:
    opened = Image.open(folder / f"{name}.jpg")
    try:
        print(f"{name:<7} mode {opened.mode:<5} array {np.asarray(opened).shape}")
    except OSError as error:
        print(f"{name:<7} mode {opened.mode:<5} {type(error).__name__}: {str(error).split('(')[0].strip()}")


# %% [markdown]
# The upper row below shows the numbers as Pillow hands them over, the first three channels taken for red, green and blue.
# CMYK counts *ink*, not light, so its cat looks like a negative.
# For the broken file, Pillow was told to go on regardless: the missing part is filled with one grey, and no error says so.
# The lower row comes from the reader that you meet next.

# %%
def read_rgb(path):
    """(H, W, 3) uint8, upright; raises OSError for a file that breaks off or is no image."""
    with Image.open(path) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))


figure, axes = plt.subplots(2, 5, figsize=(8.6, 3.7), dpi=90, layout="constrained")
for (above, below), name in zip(axes.T, names, strict=True):
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # for the upper row only
    raw = np.asarray(Image.open(folder / f"{name}.jpg"))
    above.imshow(raw if raw.ndim == 2 else raw[:, :, :3], cmap="gray", vmin=0, vmax=255)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    above.set(title=name, xticks=[], yticks=[])
    below.axis("off")
    try:
        below.imshow(read_rgb(folder / f"{name}.jpg"))
    except OSError:
        below.text(0.5, 0.5, "refused", ha="center", va="center", fontsize=11)
figure.suptitle("Five files: as Pillow hands them over (above), and read with care (below)")
with_text(figure, "Above: a cat in colour, in grey, as a negative, on its side, and with most of it missing. Below: four upright cats, one refusal.")

# %% [markdown]
# ## A reader that decides
#
# A good reader treats every file in one way, and reports what it refuses.
# `read_rgb` turns by the EXIF note, converts to RGB, and refuses a file that breaks off.
# Damage in the middle of a JPEG it cannot see: Pillow often decodes that without an error, so large collections come with checksums.
# The training images of ILSVRC include CMYK files, and a PNG whose name ends in `.JPEG`; who reads them without `convert("RGB")` learns about it late.

# %%
shapes, refused = {}, []
for name in names:
    try:
        shapes[name] = read_rgb(folder / f"{name}.jpg").shape
    except OSError:
        refused.append(name)
print(shapes)
print("refused:", refused)

# %% [markdown]
# ## What ImageNet is: two data sets with one name
#
# The word *ImageNet* stands for two things, and many mistakes in popular articles come from mixing them.
#
# | | images | classes | split |
# |---|---|---|---|
# | full ImageNet of 2011, also called ImageNet-21K | 14,197,122 | 21,841 synsets | none |
# | ILSVRC-2012, also called ImageNet-1K | 1,281,167 + 50,000 + 100,000 | 1,000 | training, validation, test |

# %% [markdown]
# ILSVRC is the *ImageNet Large Scale Visual Recognition Challenge*, held every year from 2010 to 2017.
# Its training images are a part of the full set; its validation and test images were collected anew.
# A model learns from the *training* images, is compared with others on the *validation* images, and is judged once on the *test* images.
# The test labels of 2012 are kept back, so most papers report accuracy, the share of right answers, on the validation set.

# %%
full_images, full_synsets = 14_197_122, 21_841
train_images, val_images, test_images = 1_281_167, 50_000, 100_000
print(f"full:   {full_images / full_synsets:,.0f} images a synset on average")
print(f"ILSVRC: {train_images + val_images + test_images:,} images, {train_images / 1000:,.0f} training images a class on average")
print(f"ILSVRC's training images are {train_images / full_images:.0%} of the full set")

# %% [markdown]
# Averages hide the spread.
# In ILSVRC-2012 a class has from 732 to 1,300 training images; each has exactly 50 validation images.

# %% [markdown]
# ## Who built it, and when
#
# You will read that Stanford built ImageNet, or Google, or volunteers.
# The head of the paper settles it: *ImageNet: A Large-Scale Hierarchical Image Database*, CVPR 2009, by Jia Deng, Wei Dong, Richard Socher, Li-Jia Li, Kai Li and Li Fei-Fei, all six at Princeton.
# Li Fei-Fei had launched the project there with Kai Li in 2007; she moved to Stanford, and both universities have kept it since.
#
# The paper describes a beginning: 3.2 million images in 5,247 synsets, under twelve subtrees such as mammal, vehicle and flower.
# So a number always needs its year: the labelling, by some 49,000 paid workers of Amazon's Mechanical Turk, went on until April 2010.

# %%
events = [(2005, "PASCAL VOC's first challenge"), (2007, "the ImageNet project starts"), (2009, "the paper, at CVPR"), (2010, "labelling ends; first ILSVRC"), (2012, "ILSVRC-2012; a deep network wins"), (2014, "COCO"), (2017, "last ILSVRC"), (2019, "the person subtree examined"), (2021, "a version with blurred faces")]
figure, ax = plt.subplots(figsize=(6.6, 3.4), dpi=90, layout="constrained")
for row, (year, what) in enumerate(events):
    ours = what not in ("PASCAL VOC's first challenge", "COCO")
    ax.plot(year, row, "o" if ours else "s", color=OKABE_ITO["blue" if ours else "vermillion"])
    ax.text(year + 0.4, row, what, va="center", fontsize=9)
ax.invert_yaxis()
ax.set(title="ImageNet (circles) and two projects of others (squares)", xlabel="year", xlim=(2004, 2029), xticks=range(2005, 2022, 2), yticks=[])
with_text(figure, "A line of time from 2005 to 2021; PASCAL VOC begins before ImageNet, and COCO follows five years after its paper.")

# %% [markdown]
# ## How it was built
#
# 1. Take a noun of the dictionary WordNet: a **synset**, a set of words with one meaning, such as {English springer, English springer spaniel}.
# 2. Ask several image search engines for its words, also with words of the synset above it and in other languages. About one result in ten shows the thing.
# 3. Show the candidates and the definition to workers, who mark the images that contain it.
# 4. Repeat with more workers until enough of them agree. How many are enough was found for each synset: a cat is easy, a rare breed of cat is not.

# %% [markdown]
# So the crowd did not collect the images; it checked candidates, with a yes or a no.
# The authors had the images of 80 synsets, mammals and vehicles, checked again: 99.7 % of the labels were right on average.
# Later studies were less kind, as you will see.

# %% [markdown]
# ## What it is not
#
# - It is not a set of high-resolution images: it holds what the web had, at every size, and networks mostly see 224×224 pixels of it.
# - It is not a set of faces, of patients or of streets: there are no identities, no diagnoses, no lanes. Three of the thousand ILSVRC classes are people: scuba diver, bridegroom and baseball player.

# %% [markdown]
# Nor is it what its users made of it, or what others built:
#
# - It is not augmented: flipping and cropping happen in your loader, on training images only (lesson 07).
# - It has no file of class weights, and no colour or brightness was normalised.
# - It is not the ancestor of PASCAL VOC, whose challenge began in 2005 and was the model for ILSVRC, nor of COCO, a separate project published in 2014.
# - It is not the largest any more: JFT-300M, a private set of Google's, had 300 million images by 2017.

# %% [markdown]
# ## What changed from 2019 to 2021
#
# WordNet has a great many words for people, some of them slurs, and many that no photograph can show: who *looks like* a debtor?
# In 2019 the makers of ImageNet examined the subtree *person*, marked the synsets that offend or cannot be seen, and set out to remove what is unsafe (Yang and others, published in 2020).
#
# Photographs of things show bystanders.
# In 2021 the makers published a copy of ILSVRC with the faces blurred, in 243,198 images; models they trained on it lost at most one point of accuracy (Yang and others, 2022).
#
# So 'ImageNet' also has versions: the full set of winter 2021 has 19,167 synsets where that of 2011 had 21,841.
# A careful report says which one it used.

# %% [markdown]
# ## How good the labels are
#
# Each ILSVRC image has one label, though many show several things.
# Northcutt and others (2021) estimate that at least 6 % of the validation labels are wrong.
# Beyer and others (2020) labelled the validation set again, with as many labels as an image deserves, and found that the old labels no longer were the best guide to what people see.
#
# Two models that differ by less than such numbers may differ in nothing but the errors that they share with the labels.

# %%
wrong = 0.06 * val_images
one_point = 0.01 * val_images
print(f"6 % of the validation labels are {wrong:,.0f} images, {wrong / one_point:.0f} times the images behind one point of accuracy")

# %% [markdown]
# ## Access and terms
#
# ImageNet is for non-commercial research and education.
# Its makers do not own the photographs; the rights stay with the photographers.
# You ask for an account on image-net.org, accept the terms, and download the archives yourself.
#
# `torchvision.datasets.ImageNet` reads archives that are already there; it downloads nothing, and has neither a `train=` nor a `download=` of its own.
# This course passes no ImageNet pixel on.
# Its lessons use free photographs, and **Imagenette**, ten ImageNet classes, once you fetch it with `course data get imagenette`.

# %%
from torchvision.datasets import ImageNet

try:
    ImageNet(folder, split="train")
except RuntimeError as error:
    print(str(error).split(".gz")[0][-26:] + ".gz:", "must be put there by hand")

# %% [markdown]
# ## A datasheet
#
# A resistor comes with a datasheet; a data set should too (Gebru and others, 2021).
# Seven groups of questions: why was it made, what is in it, how was it collected, how was it processed and labelled, what should it be used for, how is it passed on, and who looks after it?
#
# Here are some answers for the patches that this course brings along: small squares cut from its photographs, each labelled with the photograph that it is from.

# %%
patches = load_photo_patches(size=16, train_per_class=40)
datasheet = {
    "motivation": "lessons that run without a network",
    "composition": f"{len(patches.train):,} training and {len(patches.val):,} validation squares of {patches.size}×{patches.size} pixels, {patches.in_channels} channel(s)",
    "labels": f"which of {patches.num_classes} photographs a square is from: certain, and useless elsewhere",
    "split": "training squares from the left part of a photograph, the others from the right",
    "uses": "teaching; no claim about the world",
}
for question, answer in datasheet.items():
    print(f"{question:<12} {answer}")

# %% [markdown]
# ## WordNet ids
#
# A class folder of ImageNet is called `n02102040`, its **wnid**: *n* for noun, and the place of the synset in the files of WordNet 3.0.
# Above each synset stand more general ones, its **hypernyms**, up to *entity*.

# %%
springer = "n02102040"
print(textwrap.fill(" < ".join(hierarchy.word(wnid) for wnid in hierarchy.hypernym_path(springer)), 90))

# %% [markdown]
# ## Not quite a tree
#
# Some synsets have two hypernyms: a dog is a canine and a domestic animal.
# So WordNet is a graph, and 'the' path of a class depends on a choice.
# We take the hypernym that WordNet lists first, which makes a tree of the ten classes.

# %%
for wnid, (name, above) in hierarchy.SYNSETS.items():
    if len(above) > 1:
        print(f"{wnid}  {name:<15} is a", " and a ".join(hierarchy.word(each) for each in above))

# %%
wordnet_tree("n01440764", "n02102040")

# %% [markdown]
# ## How wrong is wrong?
#
# Calling a spaniel a beagle is a smaller mistake than calling it a church.
# The tree can measure that: go up from both classes until the ways meet, at the **lowest common ancestor**, and count the steps of both ways together.
#
# A warning: WordNet slices animals finer than things.
# From tench to English springer it is 18 steps, and so it is from tench to church.
# Steps are comparable within a region of the tree, hardly across.
# The depth of the ancestor tells these two mistakes apart: vertebrate stands 8 steps below *entity*, whole only 3.
# But it depends on the same slicing.

# %%
classes = sorted(IMAGENETTE_WORDS)
tree = hierarchy.first_parents(classes)
steps = np.array([[hierarchy.lowest_common_ancestor(tree, a, b)[1] for b in classes] for a in classes])
figure, ax = plt.subplots(figsize=(6.6, 5.2), dpi=90, layout="constrained")
ax.imshow(steps, cmap="Blues")
for (row, column), count in np.ndenumerate(steps):
    ax.text(column, row, count, ha="center", va="center", fontsize=9, color="white" if count > 14 else "black")
ax.set_xticks(range(10), [hierarchy.word(c) for c in classes], rotation=45, ha="right")
ax.set_yticks(range(10), [hierarchy.word(c) for c in classes])
ax.set(title="Steps from class to class in WordNet (count)", xlabel="predicted class", ylabel="true class")
with_text(ax, "A matrix of steps between the ten classes: the two animals are far from all things and from each other; the things lie closer together.")


# %% [markdown]
# ### Exercise: the lowest common ancestor
#
# *2 points · about 12 minutes*
#
# Write `lowest_common_ancestor(parents, a, b)`.
# `parents` is a dictionary from each node of a tree to its parent, and from the root to `None`.
# Return a tuple: the lowest node that is above or equal to both `a` and `b`, and the number of steps from `a` up to it plus those from `b` up to it.

# %% course={"exercise": "lowest_common_ancestor", "role": "answer"} nbgrader={"grade": false, "grade_id": "lowest_common_ancestor", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lowest_common_ancestor(parents, a, b):
    """parents: child -> parent, root -> None. Returns (common ancestor, steps from a to b over it)."""
    raise NotImplementedError


# %% course={"exercise": "lowest_common_ancestor", "role": "check"} nbgrader={"grade": true, "grade_id": "check-lowest_common_ancestor", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.lowest_common_ancestor(lowest_common_ancestor)

# %% [markdown]
# ## Labels count from zero
#
# A *loss* is a number that says how bad a network's guess was; lesson 04 builds one.
# It is told the right class by a number, $0, 1, \dots, C - 1$.
# The usual convention: sort the wnids, and the place in the sorted list is the label.
# That is what a loader of class folders does.
#
# A popular article counts from 1 to $C$ instead.
# Nothing happens, until the first image of the last class.

# %%
logits = torch.zeros(1, 1000)
for label in (1, 999, 1000):
    try:
        print(f"label {label}: loss {F.cross_entropy(logits, torch.tensor([label])).item():.3f}")
    except IndexError as error:
        print(f"label {label}: IndexError, {error}")

# %% [markdown]
# ## The devkit's own order
#
# The validation images of ILSVRC-2012 lie in one heap.
# Their classes are in a text file of the *development kit*: one number from 1 to 1,000 a line, an `ILSVRC2012_ID`.
# The kit's table says which wnid each number means, and its order is **not** that of the sorted wnids.
#
# Who takes 'number minus one' for the label gets no error, and an accuracy near chance, which is 0.1 % for a thousand classes.
# Here is a kit of three classes, and what that shortcut does.

# %%
kit = ["n03394916", "n02102040", "n01440764"]  # the wnids of the numbers 1, 2 and 3
ground_truth = [1, 3, 3, 2]  # of four validation images
shortcut = [sorted(kit)[number - 1] for number in ground_truth]
truth = [kit[number - 1] for number in ground_truth]
for number, right, wrong_one in zip(ground_truth, truth, shortcut, strict=True):
    print(f"devkit number {number}: {hierarchy.word(right):<15} shortcut: {hierarchy.word(wrong_one)}")


# %% [markdown]
# ### Exercise: from devkit numbers to labels
#
# *2 points · about 10 minutes*
#
# Write `devkit_labels(ground_truth, wnids)`.
# `ground_truth` is an `int64` tensor $(N,)$ of devkit numbers, counted from 1; `wnids` is the list of all class ids in the devkit's order, so `wnids[0]` belongs to number 1.
# Return the labels, an `int64` tensor $(N,)$: the place of each image's class among the *sorted* wnids, counted from 0.

# %% course={"exercise": "devkit_labels", "role": "answer"} nbgrader={"grade": false, "grade_id": "devkit_labels", "locked": false, "schema_version": 3, "solution": true, "task": false}
def devkit_labels(ground_truth, wnids):
    """ground_truth (N,) int64, 1 to C in the devkit's order; wnids: list of C ids.

    Returns labels (N,) int64, 0 to C - 1.
    """
    raise NotImplementedError


# %% course={"exercise": "devkit_labels", "role": "check"} nbgrader={"grade": true, "grade_id": "check-devkit_labels", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.devkit_labels(devkit_labels)

# %% [markdown]
# ## A data set in miniature: workers
#
# Let us play the whole game where the truth is known: 600 images, four classes, thirty workers, five votes an image.
# Each worker has a **confusion matrix**: row $k$ says how often they answer each class when the truth is $k$.
#
# Ten workers are careful, twelve hasty, and eight are paid by the click and nearly always answer class 0.
# A vote that was not asked for is written as $-1$.

# %%
K = 4  # classes


def worker(right):
    """A confusion matrix (K, K): right with this probability, else any other class."""
    return np.full((K, K), (1 - right) / (K - 1)) + np.eye(K) * (right - (1 - right) / (K - 1))


clicker = np.tile([0.97, 0.01, 0.01, 0.01], (K, 1))
crew = np.stack([worker(0.9)] * 10 + [worker(0.6)] * 12 + [clicker] * 8)  # (30, K, K)
truth = np.random.default_rng(0).integers(0, K, 600)
votes = crowd.simulate_votes(truth, crew, votes_per_image=5, seed=1)  # (600, 30), -1 where not asked
print("votes", votes.shape, "- the first image, class", int(truth[0]), "got", votes[0][votes[0] >= 0].tolist())


# %% [markdown]
# ## Majority
#
# The simplest rule: the class with the most votes wins.
# It needs a rule for ties, too.
# A rule that takes the smaller number in silence, as `argmax` does, favours class 0, and nobody will ever know.
# Here a tie is no label: the image goes back to the pile.

# %% [markdown]
# ### Exercise: majority vote
#
# *2 points · about 12 minutes*
#
# Write `majority_vote(votes, num_classes)`.
# `votes` is an `int64` tensor $(N, W)$: what worker $w$ said of image $n$, or $-1$ where the worker was not asked.
# Return an `int64` tensor $(N,)$: the class with the most votes; $-1$ where two or more classes share the most, or where nobody was asked.

# %% course={"exercise": "majority_vote", "role": "answer"} nbgrader={"grade": false, "grade_id": "majority_vote", "locked": false, "schema_version": 3, "solution": true, "task": false}
def majority_vote(votes, num_classes):
    """votes (N, W) int64, -1 where not asked -> labels (N,) int64, -1 for ties and for no votes."""
    raise NotImplementedError


# %% course={"exercise": "majority_vote", "role": "check"} nbgrader={"grade": true, "grade_id": "check-majority_vote", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.majority_vote(majority_vote)


# %% [markdown]
# ## How good is a majority?
#
# Take a yes-or-no question and $n$ votes, $n$ odd, each right with probability $q$, independently.
# A given set of $k$ voters is right and all others wrong with probability $q^k (1 - q)^{n - k}$.
# There are $\binom{n}{k}$ such sets, and these cases exclude each other, so exactly $k$ are right with probability $\binom{n}{k} q^k (1 - q)^{n - k}$.
# The majority is right when $k > n/2$:
#
# $$P_n(q) = \sum_{k > n/2} \binom{n}{k} q^k (1 - q)^{n - k}.$$
#
# The cell goes through all $2^n$ patterns of right and wrong, one by one, and adds up.

# %%
def majority_right(n, q):
    return sum(math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n // 2 + 1, n + 1))


n, q = 7, 0.7
patterns = itertools.product((0, 1), repeat=n)
added = sum(q ** sum(p) * (1 - q) ** (n - sum(p)) for p in patterns if sum(p) > n / 2)
print(f"formula {majority_right(n, q):.12f}, all {2**n} patterns {added:.12f}")

# %%
votes_explorer(quality=70, target=95)

# %% [markdown]
# Move the quality towards 50 % and the votes needed run away; at 50 % no number is enough.
# More votes cannot mend workers who only guess, and the formula has a weak spot: *independently*.
# When all workers are fooled by the same picture, or do not know a word, their votes agree and are wrong together.

# %% [markdown]
# ## What a label costs
#
# Cost = images × votes an image × price of a vote.
# Say a vote costs one cent, which is an assumption, and compare two crowds that shall both reach 95 %.

# %%
for q in (0.9, 0.7):
    n = next(n for n in range(1, 101, 2) if majority_right(n, q) >= 0.95)
    print(f"workers right {q:.0%}: {n:>2} votes an image, {1_281_167 * n * 0.01:>10,.0f} dollars for as many images as ILSVRC trains on")


# %% [markdown]
# ## Agreement
#
# Without the truth one can at least ask whether workers agree.
# But two workers who answer 'no' nine times in ten agree often by chance.
# Cohen's **kappa** (1960) takes that off.
# Let $p_o$ be the share of images on which both say the same, $a_k$ and $b_k$ how often each says class $k$, and $p_e = \sum_k a_k b_k$ the agreement of two workers who answer independently, with these habits:
#
# $$\kappa = \frac{p_o - p_e}{1 - p_e}.$$
#
# It is 1 for full agreement and 0 for that of chance.

# %%
def kappa(a, b):
    observed = np.mean(a == b)
    chance = sum(np.mean(a == k) * np.mean(b == k) for k in range(K))
    return (observed - chance) / (1 - chance)


def answers(confusion, seed):
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(K, p=confusion[label]) for label in truth])


pairs = {"careful, careful": (worker(0.9), worker(0.9)), "careful, hasty": (worker(0.9), worker(0.6)), "clicker, clicker": (clicker, clicker)}
for name, (one, other) in pairs.items():
    a, b = answers(one, 2), answers(other, 3)
    print(f"{name:<17} agree on {np.mean(a == b):.0%}, kappa {kappa(a, b):.2f}, scikit-learn {cohen_kappa_score(a, b):.2f}")

# %% [markdown]
# Two clickers agree on nearly everything, and kappa sees through them: they know nothing.
# High agreement alone is no sign of good labels.

# %% [markdown]
# ## Whose word counts?
#
# A majority counts every voice the same.
# If we knew the workers, we could do better; if we knew the labels, we could judge the workers.
# Dawid and Skene (1979) estimate both at once, for doctors and their patients then.
#
# Their model: image $n$ has the true class $z_n = k$ with probability $\pi_k$.
# Given that, worker $w$ says $j$ with probability $C_{wkj}$, independently of the others.
# $\pi$ has the shape $(K,)$, $C$ has $(W, K, K)$, and $v_{nw}$ is the vote.

# %% [markdown]
# ## Step 1: from workers to labels
#
# Suppose $\pi$ and $C$ are known.
# The votes on image $n$ and the class $k$ together have the probability $\pi_k \prod_w C_{w k v_{nw}}$, where $w$ runs over the workers who were asked.
# Bayes' rule divides by the sum over all classes:
#
# $$T_{nk} = P(z_n = k \mid \text{votes}) = \frac{\pi_k \prod_w C_{w k v_{nw}}}{\sum_{k'} \pi_{k'} \prod_w C_{w k' v_{nw}}}.$$
#
# With fifteen hundred votes, as below, the products are smaller than any positive float, and 0/0 is no probability.
# So add logarithms, take off the largest, and only then use the exponential: that multiplies top and bottom by the same number.

# %%
logs = 1500 * np.log(np.array([0.6, 0.599]))  # two classes, 1500 factors each
naive, shifted = np.exp(logs), np.exp(logs - logs.max())
print("products:", naive, "  shifted, then divided by the sum:", shifted / shifted.sum())


# %% [markdown]
# ### Exercise: the E-step
#
# *3 points · about 18 minutes*
#
# Write `label_posterior(votes, prior, confusion)` for the formula above.
# `votes` is an `int64` tensor $(N, W)$ with $-1$ where a worker was not asked, `prior` is $\pi$, $(K,)$, and `confusion` is $C$, $(W, K, K)$, both in float64 and without zeros: `confusion[w, k, j]` is the probability that $w$ says $j$ when the truth is $k$.
# Return $T$, a tensor $(N, K)$ whose rows add up to 1.

# %% course={"exercise": "label_posterior", "role": "answer"} nbgrader={"grade": false, "grade_id": "label_posterior", "locked": false, "schema_version": 3, "solution": true, "task": false}
def label_posterior(votes, prior, confusion):
    """votes (N, W) int64, prior (K,), confusion (W, K, K) -> P(true class | votes), (N, K)."""
    raise NotImplementedError


# %% course={"exercise": "label_posterior", "role": "check"} nbgrader={"grade": true, "grade_id": "check-label_posterior", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.label_posterior(label_posterior)

# %% [markdown]
# ## Step 2: from labels to workers
#
# Now suppose the labels are known, each with its probability $T_{nk}$.
# The expected log-probability of everything is
#
# $$\sum_{n,k} T_{nk} \Bigl( \log \pi_k + \sum_w \log C_{w k v_{nw}} \Bigr).$$
#
# The terms with $\log C_{wkj}$ for one $w$ and $k$ have the weights $M_{wkj} = \sum_{n:\, v_{nw} = j} T_{nk}$: how often, in expectation, $w$ said $j$ about an image of class $k$.
# We want the largest $\sum_j M_{wkj} \log C_{wkj}$ with $\sum_j C_{wkj} = 1$.

# %% [markdown]
# At the optimum the derivatives $M_{wkj} / C_{wkj}$ are the same for all $j$: otherwise a little probability, moved to the answer with the larger one, would raise the sum.
# Call this number $\lambda$; then $C_{wkj} = M_{wkj} / \lambda$, and the sum being 1 gives $\lambda = \sum_j M_{wkj}$.

# %% [markdown]
# So $C$ is what one would guess: counts, divided by their row's sum.
# In the same way $\pi_k = \frac1N \sum_n T_{nk}$.
#
# A worker with few votes would get zeros: 'never errs'.
# We add a small number $s$ to each count before dividing, as if every worker had been seen giving each answer $s$ times.
#
# The cell checks the optimum in float64: none of 100,000 other distributions does better on the same counts.

# %%
rng = np.random.default_rng(0)
counts = np.array([7.5, 1.25, 0.25])  # M for one worker and one true class
best = counts / counts.sum()
others = rng.dirichlet(np.ones(3), size=100_000)
print(f"value at M / sum: {counts @ np.log(best):.6f}, best of 100,000 others: {(np.log(others) @ counts).max():.6f}")


# %% [markdown]
# ### Exercise: the M-step
#
# *3 points · about 18 minutes*
#
# Write `estimate_workers(votes, posterior, smoothing)`.
# `votes` is $(N, W)$ with $-1$ where a worker was not asked, `posterior` is $T$, $(N, K)$ in float64, and `smoothing` is the $s$ above, added to every count.
# Return two tensors: $\pi$, $(K,)$, without smoothing, and $C$, $(W, K, K)$, each of whose rows adds up to 1.

# %% course={"exercise": "estimate_workers", "role": "answer"} nbgrader={"grade": false, "grade_id": "estimate_workers", "locked": false, "schema_version": 3, "solution": true, "task": false}
def estimate_workers(votes, posterior, smoothing):
    """votes (N, W) int64, posterior (N, K), smoothing > 0 -> prior (K,), confusion (W, K, K)."""
    raise NotImplementedError


# %% course={"exercise": "estimate_workers", "role": "check"} nbgrader={"grade": true, "grade_id": "check-estimate_workers", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.estimate_workers(estimate_workers)


# %% [markdown]
# ## Both steps, in turn
#
# Start with the shares of the votes as $T$, then repeat: judge the workers by the labels, and the labels by the workers.
# This is the **EM algorithm**, *expectation* (step 1, the E-step) and *maximisation* (step 2, the M-step) in turn; without smoothing, no round makes the votes less probable.
# `crowd.dawid_skene` is its finished form.
#
# One crew, its votes drawn five times: how many labels are right?
# For the majority a tie is no label; so that the comparison is fair, the second line draws lots in a tie.

# %%
def share_right(labels, truth):
    return float(np.mean(labels == truth))


majorities, by_lot, weighed = [], [], []
for seed in range(5):
    votes = crowd.simulate_votes(truth, crew, votes_per_image=5, seed=seed)
    counts = crowd.count_votes(votes, K)
    most = counts == counts.max(axis=1, keepdims=True)  # (600, 4), several in a tie
    majorities.append(share_right(np.where(most.sum(axis=1) == 1, counts.argmax(axis=1), -1), truth))
    lots = np.random.default_rng(seed).random(counts.shape)
    by_lot.append(share_right((most * (1 + lots)).argmax(axis=1), truth))
    posterior, prior, confusion = crowd.dawid_skene(votes, K, smoothing=0.1)
    weighed.append(share_right(posterior.argmax(axis=1), truth))
for name, shares in (("majority", majorities), ("ties by lot", by_lot), ("Dawid-Skene", weighed)):
    print(f"{name:<13}", " ".join(f"{share:.1%}" for share in shares))

# %%
estimated = np.einsum("wkk,k->w", confusion, prior)  # how often each worker is right, says EM
actual = np.array([np.mean(np.diag(matrix)) for matrix in crew])
figure, ax = plt.subplots(figsize=(6.2, 3.6), dpi=90, layout="constrained")
for name, part, marker, colour in (("careful", slice(0, 10), "o", "blue"), ("hasty", slice(10, 22), "^", "orange"), ("clicker", slice(22, 30), "s", "vermillion")):
    ax.plot(np.arange(30)[part], estimated[part], marker, color=OKABE_ITO[colour], label=name)
ax.step(np.arange(30), actual, where="mid", color=OKABE_ITO["black"], linewidth=1, label="true quality")
ax.set(title="What EM finds out about workers, without one true label", xlabel="worker (number)", ylabel="right answers (share)", ylim=(0, 1.05))
ax.legend(frameon=False, ncols=2, loc="upper right")
with_text(figure, "The estimated quality of thirty workers lies close to the true one: careful workers high, hasty ones lower, clickers at a quarter.")

# %% [markdown]
# Nobody told the algorithm who clicks blindly.
# All it has to go by is who agrees with whom, and on which images: whoever always says the same agrees with the others no more often than chance has it.
#
# It has limits.
# If most workers share one error, that error becomes the truth.
# And with a bad start the classes may change names, since the model does not know which number means 'cat'.

# %% [markdown]
# ## Near-duplicates
#
# The web repeats itself: the same photograph at another size, with cut edges, saved once more.
# No two bytes need be the same, so comparing files finds nothing.
#
# A **difference hash** (an idea that N. Krawetz described) keeps only a sketch: shrink the grey picture to 8 rows of 9 pixels, and note for each pixel whether it is brighter than its right neighbour.
# That gives 64 bits.
# Two sketches are compared by the number of bits in which they differ, the **Hamming distance**.

# %%
base = {name: open_photograph(name) for name in ("chelsea", "coffee", "rocket", "astronaut")}
buffer = io.BytesIO()
base["chelsea"].save(buffer, format="JPEG", quality=25)
variants = {
    "original": base["chelsea"],
    "smaller": base["chelsea"].resize((200, 133)),
    "JPEG, quality 25": Image.open(buffer),
    "edges cut": base["chelsea"].crop((14, 10, 440, 293)),
    "mirrored": ImageOps.mirror(base["chelsea"]),
    "another picture": base["coffee"],
}
sketches = {name: similarity.difference_hash(picture) for name, picture in variants.items()}
distances = {name: int((sketch != sketches["original"]).sum()) for name, sketch in sketches.items()}
distances

# %%
squares = [np.asarray(picture.convert("RGB").resize((150, 100))) for picture in variants.values()]
ax = show_images(squares, [f"{name}: {distances[name]}" for name in variants], columns=3, inches=2.4, title="Bits of 64 in which the sketch differs from the original's")
with_text(ax, "Six small photographs with their Hamming distances: copies of the cat stay within a few bits, the mirrored cat and a cup of coffee are far away.")


# %% [markdown]
# ## From pairs to groups
#
# Choose a radius, say 6 bits: pairs at most that far apart count as copies.
# A copy of a copy belongs to the group as well, even if it has drifted further than the radius from the first.
# So the groups are the **connected components** of a graph: images are its nodes, close pairs its edges, and a group is everything that can be reached step by step.
#
# The radius is a choice with two kinds of error.
# Too small, and copies slip through; too large, and different pictures are thrown together.
# So look at some groups before you trust it.

# %% [markdown]
# ### Exercise: find the duplicates
#
# *3 points · about 18 minutes*
#
# Write `duplicate_groups(hashes, radius)`.
# `hashes` is a bool tensor $(N, B)$ of $N$ sketches with $B$ bits.
# Two images are close when their Hamming distance is *at most* `radius`; a group is all that can be reached by close steps.
# Return an `int64` tensor $(N,)$: for each image the smallest index in its group, which is its own index if it is alone.

# %% course={"exercise": "duplicate_groups", "role": "answer"} nbgrader={"grade": false, "grade_id": "duplicate_groups", "locked": false, "schema_version": 3, "solution": true, "task": false}
def duplicate_groups(hashes, radius):
    """hashes (N, B) bool, radius in bits -> (N,) int64, the smallest index in the group of each image."""
    raise NotImplementedError


# %% course={"exercise": "duplicate_groups", "role": "check"} nbgrader={"grade": true, "grade_id": "check-duplicate_groups", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.duplicate_groups(duplicate_groups)

# %% [markdown]
# ## Splits that leak
#
# A data set is cut in parts so that a model is judged on images that it has not seen.
# A duplicate breaks that promise: one copy in training, the other in validation.
#
# Let us measure it.
# Each of 320 patches is taken three times, each time with a little noise of its own.
# The 'model' learns by heart: a new image gets the label of the nearest training image.
# Once we split the 960 images at random, once by groups, so that copies stay together; five seeds.

# %%
originals = torch.from_numpy(patches.train.images[::2].copy()).float().flatten(1)  # (320, pixels)
originals = originals / originals.max()
own = torch.from_numpy(patches.train.labels[::2].copy())
noise = torch.Generator().manual_seed(0)
copies = [originals + 0.03 * torch.randn(originals.shape, generator=noise) for _ in range(3)]
x, y, group = torch.cat(copies), own.repeat(3), torch.arange(len(own)).repeat(3)


def nearest_accuracy(val):
    nearest = torch.cdist(x[val], x[~val]).argmin(dim=1)
    return float((y[~val][nearest] == y[val]).float().mean())


for name, ids in (("at random", torch.arange(len(x))), ("by groups", group)):
    scores = []
    for seed in range(5):
        chosen = torch.rand(int(ids.max()) + 1, generator=torch.Generator().manual_seed(seed)) < 0.25
        scores.append(nearest_accuracy(chosen[ids]))
    print(f"split {name}: accuracy", " ".join(f"{score:.0%}" for score in scores))


# %% [markdown]
# The model is the same, the data are the same, and the first line is worth nothing: it says how well copies are found.
# The second line says how the model does on patches of which it has no copy; some overlap another patch all the same, so even this line is a little too kind.
#
# The same happens with frames of one video, scans of one patient, or photographs of one afternoon.
# Whatever belongs together stays together: that is a **group-aware** split.

# %% [markdown]
# ## Stratified
#
# A split at random may give a rare class five validation images or none.
# A **stratified** split cuts every class in the same ratio.
# With groups one cannot always hit the ratio exactly, but one can come within one group of it: go through the groups of a class in random order, and put each into validation while there is room.

# %% [markdown]
# ### Exercise: a split without a leak
#
# *4 points · about 22 minutes*
#
# Write `split_by_group(labels, groups, val_share, seed)`.
# `labels` and `groups` are `int64` tensors $(N,)$; the images of one group all have the same label.
# Return two `int64` tensors: the indices of the training images and those of the validation images.
#
# - Every image is in exactly one of the two, and a group is never divided.
# - For each class of $n$ images, the number in validation differs from `val_share` $\cdot\, n$ by no more than the size of the largest group of that class.
# - The groups are drawn at random: the same `seed` gives the same split, another seed another one.

# %% course={"exercise": "split_by_group", "role": "answer"} nbgrader={"grade": false, "grade_id": "split_by_group", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_by_group(labels, groups, val_share, seed):
    """labels (N,), groups (N,), 0 < val_share < 1, seed -> (train indices, val indices), both int64."""
    raise NotImplementedError


# %% course={"exercise": "split_by_group", "role": "check"} nbgrader={"grade": true, "grade_id": "check-split_by_group", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.split_by_group(split_by_group)


# %% [markdown]
# ## Ask until you are sure
#
# Why give every image five votes?
# Three careful workers who agree settle an easy image; a hard one deserves more.
# The makers of ImageNet, too, let the number of votes depend on the case.
#
# For a yes-or-no question, let $p$ be the probability of *yes* before any vote, and $q_i$ how often voter $i$ is right.
# If the votes are independent, and each voter is right as often on a yes as on a no, Bayes' rule multiplies the odds $P(\text{yes}) / P(\text{no})$ by $q_i / (1 - q_i)$ for a yes, and by $(1 - q_i) / q_i$ for a no.
# Stop when the more probable answer has a probability of at least $t$.

# %%
def adaptive(truth, quality, target, most, rng):
    """One image, workers all right with probability `quality`: (was the label right, votes used)."""
    odds, used = 1.0, 0
    while max(odds, 1 / odds) / (1 + max(odds, 1 / odds)) < target - 1e-9 and used < most:
        says_yes = truth == (rng.random() < quality)
        odds, used = odds * (quality / (1 - quality)) ** (1 if says_yes else -1), used + 1
    return (odds > 1) == truth if odds != 1 else rng.random() < 0.5, used


rng = np.random.default_rng(0)
runs = np.array([adaptive(rng.random() < 0.5, 0.75, 0.95, 15, rng) for _ in range(4000)], dtype=float)
print(f"until sure:       right {runs[:, 0].mean():.1%}, {runs[:, 1].mean():.1f} votes on average, at most {runs[:, 1].max():.0f}")
for n in (5, 9):
    print(f"always {n} votes:   right {majority_right(n, 0.75):.1%}")


# %% [markdown]
# ### Exercise (stretch): adaptive stopping
#
# *4 points · about 20 minutes*
#
# Write `ask_until_sure(votes, quality, prior, target)`.
# `votes` is an `int64` tensor $(V,)$ of 0 (no) and 1 (yes), in the order in which they would be asked for; `quality` is a float64 tensor $(V,)$, how often each voter is right, between 0 and 1; `prior` is $p$ and `target` is $t$.
# Take one vote after the other and stop as soon as one of the two answers has a probability of at least `target`: before the first vote, if the prior is enough, and at the latest when the votes run out.
# Return a tuple of two `int`: the more probable answer, and the number of votes used.

# %% course={"exercise": "ask_until_sure", "role": "answer"} nbgrader={"grade": false, "grade_id": "ask_until_sure", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ask_until_sure(votes, quality, prior, target):
    """votes (V,) int64 of 0 and 1, quality (V,) float64, prior and target: numbers.

    Returns (answer, votes used), both int.
    """
    raise NotImplementedError


# %% course={"exercise": "ask_until_sure", "role": "check"} nbgrader={"grade": true, "grade_id": "check-ask_until_sure", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 4}
check.ask_until_sure(ask_until_sure)

# %% [markdown]
# ## Where this goes wrong in the wild
#
# What follows is from popular articles on ImageNet, restated in our own words and code.
# None of these faults needs a large computer to be found; adding up is enough.

# %% [markdown]
# ## The split that does not add up
#
# A popular article cuts a data set of $N$ images like this: training gets $M$, 'much smaller than $N$', validation gets $N - M$, and test gets $N - M - (N - M) = M$.
# Put in numbers.

# %%
N, M = 1000, 100
train, val, test = M, N - M, M
print(f"training {train}, validation {val}, test {test}: {train + val + test} of {N} images; N - M - (N - M) is {N - M - (N - M)}")


# %% [markdown]
# The parts add up to more than there is, the last equation says $0 = M$, and validation gets the most, where training should.
# The cure is to compute every part but one, and give that one the rest.

# %% [markdown]
# ### Exercise: bug hunt, sizes that add up
#
# *2 points · about 10 minutes*
#
# Write `split_sizes(total, val_percent, test_percent)` for whole numbers.
# Validation and test get their percentage of `total`, rounded down, but at least one image each; training gets the rest.
# Return a tuple of three `int`, training, validation, test.
# Raise `ValueError` when training would not be larger than each of the other two.

# %% course={"exercise": "split_sizes", "role": "answer"} nbgrader={"grade": false, "grade_id": "split_sizes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_sizes(total, val_percent, test_percent):
    """Whole numbers -> (training, validation, test), which add up to `total`."""
    raise NotImplementedError


# %% course={"exercise": "split_sizes", "role": "check"} nbgrader={"grade": true, "grade_id": "check-split_sizes", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 2}
check.split_sizes(split_sizes)


# %% [markdown]
# ## The fact desk
#
# You work at the fact desk of a magazine, and these claims come in, as they stand in popular articles or ought to.
#
# | | claim |
# |---|---|
# | A | ImageNet has 14 million images in 1,000 classes. |
# | B | The training set of ILSVRC-2012 has 1,281,167 images. |
# | C | All authors of the paper of 2009 give Princeton as their address. |
# | D | Stanford and Google developed ImageNet together. |
# | E | Volunteers sent in the photographs. |
# | F | Paid workers answered whether a candidate shows the synset. |
# | G | PASCAL VOC and COCO grew out of ImageNet. |
# | H | The 14,197,122 images are split into training, validation and test. |

# %% [markdown]
# | | claim |
# |---|---|
# | I | The label files of the ILSVRC-2012 test set let you choose your best model. |
# | J | ImageNet-21K is a successor that is still to come. |
# | K | At least 6 % of the ILSVRC validation labels are estimated to be wrong. |
# | L | One of ImageNet's tasks is to classify medical images. |
# | M | The 50,000 validation images belong to 21,841 synsets. |
# | N | Since 2021 there is a version of ILSVRC with blurred faces. |
#
# Mark each claim: `"true"`; `"false"`; or `"confused"`, where each number or half is true of a data set of that name, but of two different ones.

# %% [markdown]
# ### Exercise: bug hunt, the fact desk
#
# *3 points · about 15 minutes*
#
# Write `fact_desk()`: a dictionary from each letter, `"A"` to `"N"`, to `"true"`, `"false"` or `"confused"`.
# Everything you need is in this lesson.

# %% course={"exercise": "fact_desk", "role": "answer"} nbgrader={"grade": false, "grade_id": "fact_desk", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fact_desk():
    """A dictionary with "true", "false" or "confused" for each of "A" to "N"."""
    raise NotImplementedError


# %% course={"exercise": "fact_desk", "role": "check"} nbgrader={"grade": true, "grade_id": "check-fact_desk", "locked": true, "schema_version": 3, "solution": false, "task": false, "points": 3}
check.fact_desk(fact_desk)

# %% [markdown]
# ## Where to look it up
#
# Read this after your attempt; the works are listed below.
#
# - A, H, M: full ImageNet and ILSVRC-2012 are mixed. Russakovsky and others (2015).
# - B: the same paper.
# - C, D: the head of Deng and others (2009): six authors, all at Princeton.
# - E, F: section 3 of Deng and others (2009).
# - G: Everingham and others (2010) for VOC, Lin and others (2014) for COCO.
# - I: the test labels are held back; the page of the challenge.
# - J: 'ImageNet-21K' is the full set of 21,841 synsets.
# - K: Northcutt and others (2021).
# - L: the subtrees listed by Deng and others (2009).
# - N: Yang and others (2022).

# %%
check.progress()

# %% [markdown]
# ## What you now know
#
# - You can **turn** a file into a tensor: `uint8` to float, 0 to 1, RGB or BGR, channels first; and you know that values are not light.
# - You can **read** grey, CMYK, rotated and broken files in one way.
# - You can **say** what ImageNet is and is not, and **check** claims against its two sets of numbers, its makers and its dates.
# - You can **map** wnids and devkit numbers to labels from 0, and **measure** distances in WordNet.
# - You can **turn** votes into labels by majority and by Dawid and Skene's EM, and reckon what they cost.
# - You can **find** near-duplicates, and **split** by class and by group so that nothing leaks.

# %% [markdown]
# ## References
#
# - J. Deng, W. Dong, R. Socher, L.-J. Li, K. Li, L. Fei-Fei: *ImageNet: A Large-Scale Hierarchical Image Database*. CVPR 2009.
# - J. Deng, A. C. Berg, K. Li, L. Fei-Fei: *What Does Classifying More Than 10,000 Image Categories Tell Us?* ECCV 2010. WordNet's structure and what is hard to see.
# - O. Russakovsky, J. Deng, H. Su and others: *ImageNet Large Scale Visual Recognition Challenge*. International Journal of Computer Vision 115, 2015.
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman: *The Pascal Visual Object Classes (VOC) Challenge*. International Journal of Computer Vision 88, 2010.
# - T.-Y. Lin and others: *Microsoft COCO: Common Objects in Context*. ECCV 2014.
# - C. Sun, A. Shrivastava, S. Singh, A. Gupta: *Revisiting Unreasonable Effectiveness of Data in Deep Learning Era*. ICCV 2017. JFT-300M.
# - K. Yang, K. Qinami, L. Fei-Fei, J. Deng, O. Russakovsky: *Towards Fairer Datasets: Filtering and Balancing the Distribution of the People Subtree in the ImageNet Hierarchy*. FAT* 2020.
# - K. Yang, J. Yau, L. Fei-Fei, J. Deng, O. Russakovsky: *A Study of Face Obfuscation in ImageNet*. ICML 2022.
# - L. Beyer, O. J. Hénaff, A. Kolesnikov, X. Zhai, A. van den Oord: *Are we done with ImageNet?* arXiv 2006.07159, 2020.
# - C. G. Northcutt, A. Athalye, J. Mueller: *Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks*. NeurIPS Datasets and Benchmarks, 2021.
# - T. Gebru, J. Morgenstern, B. Vecchione, J. Wortman Vaughan, H. Wallach, H. Daumé III, K. Crawford: *Datasheets for Datasets*. Communications of the ACM 64(12), 2021.
# - A. P. Dawid, A. M. Skene: *Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm*. Applied Statistics 28(1), 1979.
# - J. Cohen: *A Coefficient of Agreement for Nominal Scales*. Educational and Psychological Measurement 20(1), 1960.
# - WordNet 3.0, Princeton University, 2006: the synsets and hypernyms of this lesson are an excerpt, under its licence, which stands in `course_utils/data/hierarchy.py`.
