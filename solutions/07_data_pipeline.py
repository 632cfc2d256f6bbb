# ---
# jupyter:
#   course:
#     title: "The data pipeline"
#     minutes: 200
#     prerequisites: [06_first_cnn]
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 07 · The data pipeline
#
# Between a file on the disk and the first convolution lie five steps, and each can cost you time, detail or honesty.
# You measure them on your own machine, write the ones that decide, learn which changes to a picture keep its label, and hunt for the leaks that make bad models look good.

# %% [markdown]
# ## You will be able to
#
# - **measure** where the time goes between a JPEG file and a batch;
# - **resize** and **crop** without inventing patterns, and say why enlarging adds no detail;
# - **normalise** every split with numbers of the training images alone;
# - **augment** on the fly, and **judge** an augmentation by several seeds and an interval;
# - **batch** images of unequal sizes and classes of unequal frequency;
# - **find** leaks between training and validation, and **mend** a published pipeline.

# %% [markdown]
# You need lesson 06 for the training loop and the three sets.
# Everything runs offline on two cores.
# Where Imagenette is prepared, the two experiments that train a network use it; everything else uses photographs and digits that are installed with the course.
#
# Times are measured on your machine while you read, so yours differ from those of your neighbour.
# The JPEG files that we write lie in a temporary folder, and a cell near the middle removes it.

# %%
import copy
import math
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from course_utils import training
from course_utils.checks.data_pipeline import check
from course_utils.data import Batches, CourseDataError, Split, load_dataset, load_photo_patches, load_photograph
from course_utils.plots import OKABE_ITO, compare_images, show_images, with_text
from course_utils.widgets import augmentation_gallery, loading_time

# %% [markdown]
# ## Files to start from
#
# Real data sets come as folders of JPEG files of many sizes, one folder a class.
# We write a small one: 60 pieces of six photographs, none the same size as the next.

# %%
folder = tempfile.TemporaryDirectory()
rng = np.random.default_rng(0)
for name in ("astronaut", "chelsea", "coffee", "hubble", "motorcycle", "rocket"):
    pixels = (load_photograph(name) * 255).byte().permute(1, 2, 0).numpy()  # (H, W, 3) uint8
    (Path(folder.name) / name).mkdir()
    for number in range(10):
        height, width = rng.integers(200, 290), rng.integers(220, 440)
        top, left = rng.integers(pixels.shape[0] - height), rng.integers(pixels.shape[1] - width)
        piece = Image.fromarray(pixels[top : top + height, left : left + width])
        piece.save(Path(folder.name) / name / f"{number}.jpg", quality=90)
paths = sorted(Path(folder.name).glob("*/*.jpg"))
[Image.open(path).size for path in paths[:4]]  # (width, height)

# %% [markdown]
# ## From a file to a batch
#
# Five steps make a batch of files:
#
# 1. **decode**: JPEG bytes to pixels, uint8 (H, W, 3);
# 2. **resize** and cut to one size for all;
# 3. **augment**: change the training images at random, for example mirror them;
# 4. **to numbers**: float32 (3, S, S), scaled to [0, 1] and normalised;
# 5. **collate**: stack the images of a batch to (N, 3, S, S).
#
# A JPEG file keeps, for each block of 8×8 pixels of a channel, the strengths of 64 wave patterns, rounded and packed.
# To decode it is to unpack the numbers and to turn them back into pixels, for the *whole* picture.
# Where you want it small, only the second half can be cheaper (Pillow's `Image.draft`).

# %%
def decode(path):
    return np.asarray(Image.open(path).convert("RGB"))  # (H, W, 3) uint8


def resize_and_cut(pixels, size=64):
    image, scale = Image.fromarray(pixels), size / min(pixels.shape[:2])
    image = image.resize((math.ceil(image.width * scale), math.ceil(image.height * scale)), Image.Resampling.BILINEAR)
    return np.asarray(image)[:size, :size]  # (size, size, 3)


def mirror(pixels):
    return pixels[:, ::-1]


def to_numbers(pixels):
    return (torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255 - 0.5) / 0.25  # (3, size, size)

# %% [markdown]
# `convert("RGB")` matters: files may be grey, CMYK or have transparency, and a single grey one among thousands would break the batch.
#
# Now the clock.
# Each step runs over all 60 images before the next one starts, so that each can be timed alone.

# %% output="varies"
stages, made = {}, paths
for step in (decode, resize_and_cut, mirror, to_numbers, torch.stack):
    started = time.perf_counter()
    made = step(made) if step is torch.stack else [step(each) for each in made]
    stages[step.__name__] = 1000 * (time.perf_counter() - started) / len(paths)  # milliseconds an image
print(tuple(made.shape), "and the milliseconds an image of each step:")
print(*(f"{name} {ms:.3f}" for name, ms in stages.items()), sep="  ")

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.0), dpi=90, layout="constrained")
names = ["decode", "resize and cut", "mirror", "to numbers", "collate"]
bars = ax.barh(names, list(stages.values()), color=[OKABE_ITO[c] for c in ("blue", "orange", "green", "purple", "sky blue")])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.invert_yaxis()
ax.set(title="Where the time goes, on this machine", xlabel="time per image (ms)", xmargin=0.15)
with_text(figure, "Horizontal bars: the time per image of the five steps from a JPEG file to a batch.")

# %% [markdown]
# The first two steps take nearly all of the time, and they give the *same* pixels in every epoch.
# A run of ninety epochs decodes and resizes every file ninety times.
# Keep that in mind: later we do it once.
#
# Mirroring seems free, because NumPy only reads the same pixels in another order; the copy is made in the next step.
#
# Whether all this matters depends on the network.
# With a loader that works while the network computes, a step takes as long as the slower of the two.

# %% [markdown]
# ## Keeping the network busy
#
# Let loading an image take $t$ in one process, and let the network need $c$ an image.
#
# - Without workers they take turns: $t + c$.
# - With $w$ worker processes that prepare batches in the background: about $\max(t / w,\; c)$, as long as there are $w$ free cores for them.
#
# The figure below uses the times that you have just measured.
# Look for the number of workers from which more workers change nothing, then make the network ten times faster, as a GPU does.

# %% output="varies"
loading_time(dict(zip(names, stages.values(), strict=True)), network=2.0)

# %% [markdown]
# ## Shrinking: fine patterns come back as coarse ones
#
# Keep every fourth pixel of a row, and a wave of $f = 0.3$ periods a pixel becomes
#
# $$\cos(2\pi\, 0.3 \cdot 4n) = \cos(2\pi\, 1.2\, n) = \cos(2\pi\, 0.2\, n + 2\pi n) = \cos(2\pi\, 0.2\, n),$$
#
# because $n$ is whole.
# That is a wave of one period in *five* new pixels, that is in twenty old ones, where there was one in 3.3: a pattern that the picture never had.
# This is **aliasing**.
# The remedy is to average before picking, over a width that grows with the shrinking.

# %%
n = np.arange(50)
picked = np.cos(2 * np.pi * 0.3 * np.arange(200))[::4]  # every fourth sample of a fine wave
bool(np.abs(picked - np.cos(2 * np.pi * 0.2 * n)).max() < 1e-9)

# %% [markdown]
# See it on rings that become finer outwards, and on a brick wall.
# In bilinear mode `F.interpolate` mixes the two nearest pixels in each direction, however strong the shrinking, and skips the others.
# It averages over all of them if you ask for `antialias=True`; the default is False.
# Pillow's bilinear resizing averages whenever it shrinks, and so does torchvision's `Resize` by default, on tensors since version 0.17.
# So two programs can feed one network different pixels of the same file; Parmar and others (2022) measured how much that moved the scores of generative models.

# %%
y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
rings = 0.5 + 0.5 * torch.cos(math.pi * (x**2 + y**2) / 310)[None]  # (1, 128, 128)
bricks = load_photograph("brick", size=128, grey=True)
small = {}
for name, picture in (("rings", rings), ("bricks", bricks)):
    small[name] = picture
    for word, averaged in (("two nearest", False), ("averaged", True)):
        shrunk = F.interpolate(picture[None], size=(32, 32), mode="bilinear", antialias=averaged)[0]
        small[f"{name}, {word}"] = shrunk.clamp(0, 1)
ax = compare_images(small, columns=3, inches=2.9, title="128 pixels shrunk to 32")
with_text(ax, "Rings and a brick wall, each whole, shrunk by the two nearest pixels, with false rings and rough bricks, and shrunk with averaging, where what is too fine becomes grey.")

# %% [markdown]
# ## Enlarging adds no detail
#
# Enlarge an image $x$ of $n \times n$ pixels by repeating each pixel twice in both directions.
# Then take the mean of each 2×2 block: the four pixels of a block are equal, so the mean is the pixel itself.
# The small image comes back *exactly*.
# So the large image holds what the small one held, and nothing else.

# %%
image = load_photograph("chelsea", size=(64, 64))  # (3, 64, 64)
enlarged = image.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)  # (3, 128, 128)
back = F.avg_pool2d(enlarged, 2)
f"{tuple(enlarged.shape)}, largest difference after the way back: {(back - image).abs().max().item()}"

# %% [markdown]
# A smoother method does not help.
# Bilinear and bicubic enlarging are linear: a row of $n$ pixels becomes $U x$ with a fixed matrix $U$ of shape $(2n, n)$.
# Its rank is at most $n$, so the enlarged rows fill only an $n$-dimensional part of the $2n$ dimensions.
# And since the result depends on $x$ alone, two scenes that look the same when small look the same when enlarged.

# %%
unit = torch.eye(8, dtype=torch.float64)[:, None, None, :]  # eight rows of eight pixels, one of them 1
for mode in ("bilinear", "bicubic"):
    U = F.interpolate(unit, size=(1, 16), mode=mode)[:, 0, 0].T  # (16, 8)
    print(f"{mode:<8} {tuple(U.shape)}, rank {torch.linalg.matrix_rank(U).item()}")

# %% [markdown]
# Networks trained to 'super-resolve' do add something: details that are *likely*, from other photographs.
# They are guesses, and not what the camera saw.
#
# So keep the originals, and resize in the loader.
# ImageNet itself stores its photographs as they came, in many sizes.

# %% [markdown]
# ## Cutting: proportions
#
# A network that takes squares can get them in two ways from a photograph that is not one.
#
# - **Squeeze** both sides to $S$: nothing is lost at the edges, but everything becomes thinner or wider.
# - **Resize the shorter side**, then cut the **centre** square: proportions stay, the ends of the longer side go.
#
# The usual evaluation on ImageNet resizes the shorter side to 256 and cuts the centre 224, so it sees seven eighths of the shorter side, and of the longer one at most as much.

# %%
rocket = load_photograph("rocket", size=160)  # (3, 160, 240)
squeezed = F.interpolate(rocket[None], size=(160, 160), mode="bilinear", antialias=True)[0]
left = (rocket.shape[2] - 160) // 2
ax = compare_images({"the photograph": rocket, "squeezed": squeezed, "centre cut": rocket[:, :, left : left + 160]}, columns=3, inches=2.0, title="Two ways to a square")
with_text(ax, "A rocket: the whole wide photograph, squeezed to a square with everything thinner, and the centre square with the sides cut off.")

# %% [markdown]
# Training can do more: cut *another* box from the photograph in every epoch.
# Szegedy and others (2015) drew boxes of 8 % to 100 % of the area with an aspect ratio between 3/4 and 4/3, and resized each to the network's size.
#
# Let the photograph have $H$ rows and $W$ columns, the box $h$ and $w$, its share of the area be $s$ and its aspect ratio $r = w / h$.
# From $w h = s H W$ and $w = r h$ follow
#
# $$w = \sqrt{s H W \cdot r}, \qquad h = \sqrt{s H W / r}.$$

# %% [markdown]
# ## As often wide as tall
#
# How should $r$ be drawn from $[3/4,\, 4/3]$?
# Evenly, it falls above 1 with probability
#
# $$\frac{4/3 - 1}{4/3 - 3/4} = \frac{1/3}{7/12} = \frac47,$$
#
# so wide boxes would be more frequent than tall ones.
# Draw its *logarithm* evenly instead: $\ln(4/3) = -\ln(3/4)$, so $\ln r$ is as often positive as negative, and $r$ and $1/r$ are equally likely.
# Torchvision does so.

# %%
u = np.random.default_rng(0).random(200_000)
evenly = 3 / 4 + u * (4 / 3 - 3 / 4)
in_logarithm = np.exp(np.log(3 / 4) + u * (np.log(4 / 3) - np.log(3 / 4)))
f"wider than tall: {(evenly > 1).mean():.3f} evenly (4/7 = {4 / 7:.3f}), {(in_logarithm > 1).mean():.3f} in the logarithm"

# %% [markdown]
# A box may not fit: a wide photograph has no room for a tall box of its whole area.
# Then everything is drawn again.
# Cutting the box off at the border instead would change its proportions.
#
# When nothing fits after several trials, one takes the largest **central** box with an aspect ratio in the range: at least one of its sides is the photograph's own, and its first row and column are `(H - h) // 2` and `(W - w) // 2`.

# %% [markdown]
# ### Exercise: the box of a random resized crop
#
# Write `random_resized_crop_box(height, width, draws, scale, ratio)`, which returns `(top, left, h, w)`, four `int`.
# Each trial in the list `draws` is four numbers $(u_1, u_2, u_3, u_4)$ from $[0, 1)$:
#
# - $u_1$ spreads $s$ evenly over `scale` (0 is the low end), $u_2$ spreads $\ln r$ over the logarithms of `ratio`;
# - $h$ and $w$ are made whole by `round`;
# - the first box with $1 \le h \le H$ and $1 \le w \le W$ is taken: $u_3$ chooses its first row among all where it fits, $u_4$ its first column, all equally likely, 0 the first.
#
# If no trial fits: the largest central box, as above, with `round` for a side that is not the photograph's own.

# %% exercise="random_resized_crop_box"
def random_resized_crop_box(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    """The first box of the trials `draws`, each (u1, u2, u3, u4), that fits -> (top, left, h, w), int."""
    ### BEGIN SOLUTION
    for u1, u2, u3, u4 in draws:
        area = (scale[0] + u1 * (scale[1] - scale[0])) * height * width
        r = math.exp(math.log(ratio[0]) + u2 * (math.log(ratio[1]) - math.log(ratio[0])))
        h, w = round(math.sqrt(area / r)), round(math.sqrt(area * r))
        if 1 <= h <= height and 1 <= w <= width:
            return int(u3 * (height - h + 1)), int(u4 * (width - w + 1)), h, w
    r = min(max(width / height, ratio[0]), ratio[1])
    h, w = min(height, round(width / r)), min(width, round(height * r))
    return (height - h) // 2, (width - w) // 2, h, w
    ### END SOLUTION

# %% check="random_resized_crop_box"
check.random_resized_crop_box(random_resized_crop_box)

# %% [markdown]
# ## Normalising
#
# Pixels from 0 to 255 become numbers with mean 0 and standard deviation 1, channel by channel:
#
# $$z_{n c i j} = \frac{x_{n c i j} / 255 - \mu_c}{\sigma_c}, \qquad \mu_c,\, \sigma_c \text{ over all training images and positions.}$$
#
# To scale to [0, 1] and stop there is not what a pretrained network expects.
# The usual ones were trained with the constants below, estimates of the mean and standard deviation of ImageNet's training images.
# Their inputs run from about $-2.1$ to $2.6$.

# %%
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
print("black", [round(v, 2) for v in ((0 - mean) / std).tolist()], "white", [round(v, 2) for v in ((1 - mean) / std).tolist()])

# %% [markdown]
# The numbers $\mu$ and $\sigma$ are *learnt from data*, like weights, so they come from the **training** images and from nothing else.
# Validation and test images use the same numbers.
#
# Two mistakes are common.
# Whoever computes them over all images lets the test images decide something.
# Whoever gives each split its own removes a difference that the model would meet in real life: if the test photographs are darker, that is part of the test.

# %%
day = torch.from_numpy(load_photo_patches(size=16, train_per_class=50).train.images) / 255
night = 0.4 * day  # the same photographs, much darker
model_sees = {"numbers of the training images": (night - day.mean()) / day.std(), "numbers of their own": (night - night.mean()) / night.std()}
for name, seen in model_sees.items():
    print(f"dark test images, {name:<31} mean {abs(seen.mean()):.2f} from zero, std {seen.std():.2f}")

# %% [markdown]
# With numbers of their own the dark images look like bright ones, and a test would not notice that it got dark.

# %% [markdown]
# ### Exercise: normalise two splits
#
# Write `normalise(train, val)`.
# Both are uint8 (N, C, H, W), with different N.
# Return both as float32, scaled to [0, 1] and then normalised with mean and standard deviation of the training images, one pair for each channel.
# The standard deviation divides by the number of pixels, not by one less.
# A channel that is constant in the training images has $\sigma = 0$: divide by 1 there.

# %% exercise="normalise"
def normalise(train, val):
    """uint8 (N, C, H, W), (M, C, H, W) -> both float32, by mean and std of each channel of train."""
    ### BEGIN SOLUTION
    train, val = train.float() / 255, val.float() / 255
    mean = train.mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)
    std = train.std(dim=(0, 2, 3), keepdim=True, unbiased=False)
    std = torch.where(std == 0, 1.0, std)
    return (train - mean) / std, (val - mean) / std
    ### END SOLUTION

# %% check="normalise"
check.normalise(normalise)

# %% [markdown]
# ## Dataset and DataLoader
#
# PyTorch divides the work in two.
# A `Dataset` knows how many samples there are and how to make one of them.
# A `DataLoader` chooses an order, asks for samples, and collates them to batches, itself or by worker processes.

# %%
class Files(Dataset):
    """Pictures as they are in the files: uint8 (3, H, W) of any size, with a label."""

    def __init__(self, paths, classes):
        self.paths, self.classes = paths, classes

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        path = self.paths[index]
        return torch.from_numpy(decode(path).copy()).permute(2, 0, 1), self.classes.index(path.parent.name)


files = Files(paths, sorted({path.parent.name for path in paths}))
image, label = files[0]
len(files), tuple(image.shape), label

# %% [markdown]
# Some published training code for 'ImageNet' has `transforms.ToTensor()` as its only transform.
# On photographs of different sizes, with more than one in a batch, that cannot even start:

# %%
try:
    next(iter(DataLoader(files, batch_size=4)))
except RuntimeError as error:
    print(type(error).__name__, "-", str(error).split(",")[0])

# %% [markdown]
# ## Mixed sizes in one batch
#
# A tensor has one shape, so the pictures of a batch must be brought to one.
#
# - For classification: resize and cut, as above.
# - Where the whole picture matters, as for detection: **pad** each with zeros, below and to the right, to the largest height and the largest width in the batch, and keep a **mask** that says which pixels are real.
#
# A black pixel is a zero, too, so the mask cannot be read off the pixels.
# `collate_fn` tells a `DataLoader` how to build a batch from a list of samples.

# %% [markdown]
# ### Exercise: collate pictures of mixed sizes
#
# Write `collate_padded(samples)`.
# `samples` is a list of pairs (picture uint8 (C, h, w), label `int`).
# Return three tensors: the pictures uint8 (N, C, H, W), padded with zeros below and to the right, where H is the largest height and W the largest width; the labels int64 (N,); and the mask bool (N, H, W), True where there is picture.

# %% exercise="collate_padded"
def collate_padded(samples):
    """samples: a list of (uint8 (C, h, w), int).

    Returns images uint8 (N, C, H, W), labels int64 (N,), mask bool (N, H, W).
    """
    ### BEGIN SOLUTION
    height = max(picture.shape[1] for picture, _ in samples)
    width = max(picture.shape[2] for picture, _ in samples)
    images = torch.zeros(len(samples), samples[0][0].shape[0], height, width, dtype=torch.uint8)
    mask = torch.zeros(len(samples), height, width, dtype=torch.bool)
    for n, (picture, _) in enumerate(samples):
        h, w = picture.shape[1:]
        images[n, :, :h, :w] = picture
        mask[n, :h, :w] = True
    return images, torch.tensor([label for _, label in samples]), mask
    ### END SOLUTION

# %% check="collate_padded"
check.collate_padded(collate_padded)

# %% [markdown]
# ## Workers and their random numbers
#
# With `num_workers=2` PyTorch starts two processes and gives each a *copy* of the data set.
# If the data set holds its own random generator, the copies hold copies of it: both workers draw the same numbers, and when workers are started anew, the next epoch draws them again.
# `copy.deepcopy` shows what happens, without starting any process.

# %%
class Shifted:
    """Draws a shift for each sample from a generator of its own: the trap."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __getitem__(self, index):
        return int(self.rng.integers(-9, 10))


dataset = Shifted()
for epoch in (1, 2):
    workers = [copy.deepcopy(dataset) for _ in range(2)]
    print(f"epoch {epoch}: ", *(f"worker {w} shifts by {[each[i] for i in range(5)]}" for w, each in enumerate(workers)))

# %% [markdown]
# Four times the same five shifts.
# NumPy's *global* generator had the same trouble for years; since 2021 PyTorch seeds it afresh in each worker and each epoch, as it did before for its own generator.
# A generator that you made yourself remains your business.
#
# Two ways out: draw from `torch`'s generator in `__getitem__`, or let the draw depend on (seed, epoch, index) alone.
# The second gives the same pictures whatever the number of workers.

# %%
def shift(seed, epoch, index):
    return int(np.random.default_rng([seed, epoch, index]).integers(-9, 10))


for epoch in (1, 2):
    print(f"epoch {epoch}:", [shift(0, epoch, index) for index in range(10)])

# %% [markdown]
# ## Decode once
#
# The first two steps give the same pixels in every epoch, so we do them once and keep the result: one large uint8 array in a file.
# Opened with `mmap_mode="r"`, a **memory map**, it costs almost nothing to open; the system reads what is touched and keeps it in free memory.
#
# `course data prepare` does the same for a folder of any size, with checks of every file.

# %%
pixels = np.stack([resize_and_cut(decode(path)).transpose(2, 0, 1) for path in paths])  # (60, 3, 64, 64) uint8
np.save(Path(folder.name) / "images.npy", pixels)
mapped = np.load(Path(folder.name) / "images.npy", mmap_mode="r")
prepared = Split(mapped, np.array([label for _, label in files]))
prepared

# %% [markdown]
# `Batches`, the loader that you know from lesson 06, cuts its batches from such an array.
# It draws all random numbers of a batch at once, moves whole rows of pixels, and normalises the whole batch in one go.
# We race it against `ImageFolder` with torchvision's transforms, one process each, on the same files: resize and cut, padded random crop, mirror, normalise.

# %%
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

transform = v2.Compose([
    v2.Resize(64), v2.CenterCrop(64), v2.RandomCrop(64, padding=4, padding_mode="reflect"), v2.RandomHorizontalFlip(),
    v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.25]),
])  # fmt: skip
usual = DataLoader(ImageFolder(folder.name, transform), batch_size=20, shuffle=True)
ours = Batches(prepared, 20, shuffle=True, mean=0.5, std=0.25, padding=4, flip=True)
[tuple(next(iter(loader))[0].shape) for loader in (usual, ours)]

# %% output="varies"
def images_a_second(loader, passes):
    started = time.perf_counter()
    count = sum(len(labels) for _ in range(passes) for _, labels in loader)
    return count / (time.perf_counter() - started)


speeds = [(images_a_second(usual, 2), images_a_second(ours, 20)) for _ in range(3)]  # in turns, to be fair
slow, fast = np.median(speeds, axis=0)
print(f"ImageFolder {slow:,.0f}, Batches {fast:,.0f} images a second: {fast / slow:.0f} times as many on this machine")

# %% [markdown]
# The price is paid once: the time to prepare, and disk space, because uint8 pixels are larger than JPEG files of the same size.
# And the array holds *one* size: a box cut from it has fewer pixels than one cut from the original file.
#
# We are done with the files.

# %%
del prepared, mapped, ours, usual
folder.cleanup()
Path(folder.name).exists()

# %% [markdown]
# ## Augmentation
#
# A mirrored cat is a cat.
# **Augmentation** changes training images at random in ways that do not change their label, anew in each epoch.
# The network sees fewer pictures twice, and learns what should make no difference.
#
# Three rules:
#
# 1. **On the fly**: drawn anew each time an image is loaded, not stored.
# 2. **Training images only**: what is measured must hold still.
# 3. **Label-preserving**: and that depends on the labels.

# %%
augmentation_gallery()

# %% [markdown]
# ## A six turned upside down
#
# Which changes keep the label is a question about the *labels*, not about the pixels.
# Turn handwritten digits by 180 degrees, and ask a classifier that has seen upright ones only: it finds, for each image, the nearest training image and takes its label.

# %%
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

digits = load_digits()  # images (1797, 8, 8), values 0 to 16
order = np.random.default_rng(0).permutation(len(digits.target))
train, test = order[:1200], order[1200:]
nearest = KNeighborsClassifier(1).fit(digits.data[train], digits.target[train])
sixes = digits.images[test][digits.target[test] == 6]  # (62, 8, 8)
turned = nearest.predict(sixes[:, ::-1, ::-1].reshape(-1, 64))
print(f"upright: {nearest.score(digits.data[test], digits.target[test]):.1%} of all test digits right")
print(f"{len(sixes)} sixes upside down: {(turned == 9).sum()} are called a nine, {(turned == 6).sum()} a six")

# %%
ax = show_images(list(sixes[:8, ::-1, ::-1] / 16), [f"called {t}" for t in turned[:8]], inches=1.0, title="Sixes, turned by 180 degrees")
with_text(ax, "Eight handwritten sixes turned upside down, which look like nines, each with the classifier's answer above.")

# %% [markdown]
# The classifier is right: these *are* nines now.
# Whoever trains with turned digits under their old labels teaches that a nine may be called a six.
#
# Mirroring has the same trouble with text and with left and right hands; changed colours have it where colour is the label, as with ripe fruit.

# %% [markdown]
# ## Does it help? Ask several seeds
#
# One run with and one without says little: other first weights would also have changed the result.
# So we train a small network four times in each of four ways, from the same four seeds, on few training images.
# The only thing that differs is the augmentation.

# %% output="varies"
try:
    full, per_class = load_dataset("imagenette", size=64), 32
except CourseDataError:
    full, per_class = load_photo_patches(size=32, val_per_class=50), 20
rng = np.random.default_rng(0)


def some(split, count):
    """`count` images of each class of a Split, chosen at random."""
    return split.subset(np.concatenate([rng.permutation(np.flatnonzero(split.labels == k))[:count] for k in range(full.num_classes)]))


few, val = some(full.train, per_class), some(full.val, 50)
len(few), len(val)

# %%
WAYS = {"none": {}, "mirrored": {"flip": True}, "shifted": {"padding": 4}, "both": {"padding": 4, "flip": True}}
SEEDS, EPOCHS = (0, 1, 2, 3), 20


def small_network(width=8):
    layers, channels = [], full.in_channels
    for wide in (width, 2 * width, 4 * width):
        layers += [nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(), nn.MaxPool2d(2)]
        channels = wide
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * channels, full.num_classes))


def batches(split, batch_size, **options):
    return Batches(split, batch_size, mean=full.mean, std=full.std, size=16, **options)

# %% output="varies"
def accuracies(seed, options):
    """Accuracy on training and validation images after training from `seed`."""
    training.seed_everything(seed)
    model, loader = small_network(), batches(few, 64, shuffle=True, seed=seed, **options)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=EPOCHS * len(loader))
    for _ in range(EPOCHS):
        for images, labels in loader:
            training.train_step(model, images, labels, optimizer)
            schedule.step()
    return [training.evaluate(model, batches(split, 256)).accuracy for split in (few, val)]


table = {way: np.array([accuracies(seed, options) for seed in SEEDS]) for way, options in WAYS.items()}  # (seeds, 2)
for way, rows in table.items():
    print(f"{way:<9} training {rows[:, 0].mean():.1%}   validation {rows[:, 1].mean():.1%}, from {rows[:, 1].min():.1%} to {rows[:, 1].max():.1%}")

# %% [markdown]
# Runs from the same seed share their first weights and the order of their images, so compare them pairwise: the difference to 'none', seed by seed.
# The mean $\bar d$ of $m$ such differences with standard deviation $s_d$ (divided by $m - 1$) has the 95 % interval
#
# $$\bar d \pm t_{m-1} \frac{s_d}{\sqrt m}, \qquad t_3 = 3.18 \text{ for } m = 4.$$
#
# It takes the differences for draws from a normal distribution.
# It speaks of other seeds, on *these* images; other images would add their own spread.

# %% output="varies"
gains = {}
for way in list(WAYS)[1:]:
    d = 100 * (table[way][:, 1] - table["none"][:, 1])  # percentage points, one for each seed
    gains[way] = d.mean(), 3.18 * d.std(ddof=1) / math.sqrt(len(d))
    verdict = "more than luck of the seeds" if abs(gains[way][0]) > gains[way][1] else "not told apart from luck"
    print(f"{way:<9} {gains[way][0]:+.1f} ± {gains[way][1]:.1f} percentage points: {verdict}")

# %%
figure, ax = plt.subplots(figsize=(6.2, 3.4), dpi=90, layout="constrained")
for place, (way, (gain, half)) in enumerate(gains.items()):
    single = 100 * (table[way][:, 1] - table["none"][:, 1])
    ax.errorbar(place, gain, half, fmt="s", capsize=6, color=OKABE_ITO["blue"], label="mean and 95 % interval" if place == 0 else None)
    ax.plot(place + 0.12 + 0.06 * np.arange(len(single)), single, "o", color=OKABE_ITO["vermillion"], label="one seed" if place == 0 else None)
ax.axhline(0, color="black", linestyle=":")
ax.set_xticks(range(len(gains)), gains)
ax.set(title="What augmentation changed", xlabel="augmentation", ylabel="gain in validation accuracy\n(percentage points)", xlim=(-0.5, 2.6))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
with_text(figure, "Gain in validation accuracy over no augmentation for three augmentations: four seeds each, with the mean and its interval, and a line at zero.")

# %% [markdown]
# Read it soberly.
# Where the interval lies above zero (or below), the gain (or loss) is more than the luck of the seeds; where it crosses zero, these four seeds cannot tell.
# Three comparisons were made, and each has its own five per cent of luck.
#
# And look at the *training* accuracy in the table: augmentation lowers it.
# That is no fault: the task has become harder, and fewer images can be learnt by heart.
# With much more data the gain shrinks, as a rule.

# %% [markdown]
# ## Two images in one
#
# **Mixup** blends two training images *and their labels*: with a $\lambda$ from 0 to 1, drawn from a Beta distribution,
#
# $$\tilde x = \lambda x_i + (1 - \lambda) x_j, \qquad \tilde y = \lambda y_i + (1 - \lambda) y_j,$$
#
# where $y_i$ and $y_j$ are one-hot vectors of length $K$.
# The cross-entropy $-\sum_k \tilde y_k \log p_k$ is linear in $\tilde y$, so the loss of the blend is the blend of two losses with the *same* prediction $p$:
#
# $$\ell(p, \tilde y) = \lambda\, \ell(p, y_i) + (1 - \lambda)\, \ell(p, y_j).$$

# %%
torch.manual_seed(0)
logits, first, second, lam = torch.randn(5, 4, dtype=torch.float64), torch.randint(4, (5,)), torch.randint(4, (5,)), 0.3
one_hot = torch.eye(4, dtype=torch.float64)
blend = lam * one_hot[first] + (1 - lam) * one_hot[second]  # (5, 4)
apart = lam * F.cross_entropy(logits, first) + (1 - lam) * F.cross_entropy(logits, second)
bool((F.cross_entropy(logits, blend) - apart).abs().max() < 1e-12)

# %% [markdown]
# **CutMix** pastes a box of the partner image into the image; the labels are mixed by *area*.
# If a share $\lambda$ is to remain, the box has the share $1 - \lambda$ of the area, and with the image's proportions its sides are
#
# $$h = H \sqrt{1 - \lambda}, \qquad w = W \sqrt{1 - \lambda}.$$
#
# Its centre may be any pixel, so a part of the box may lie outside.
# Then less is pasted than was planned, and **$\lambda$ must be counted again** from the pixels that were really pasted.

# %%
lam, side, centres = 0.5, 64, np.random.default_rng(0).integers(0, 64, (20_000, 2))
half = int(side * math.sqrt(1 - lam)) // 2
rows, columns = (np.minimum(side, centres + half) - np.maximum(0, centres - half)).T  # pasted rows and columns
kept = 1 - rows * columns / side**2
f"planned to keep {lam:.2f}; kept on average {kept.mean():.2f}, from {kept.min():.2f} to {kept.max():.2f}"

# %% [markdown]
# Whoever goes on with the planned $\lambda$ gives the partner's label more weight than its pixels have, most of all where the box hangs over a corner.

# %% [markdown]
# ### Exercise: CutMix
#
# Write `cutmix(images, labels, partners, lam, centre, num_classes)`.
# `images` float (N, C, H, W), `labels` (N,); `partners` (N,) holds, for each image, the index of the image that it is mixed with; `centre` is (row, column).
#
# - Half the box's height is `int(H * sqrt(1 - lam)) // 2` rows, half its width `int(W * sqrt(1 - lam)) // 2` columns.
# - It spans the rows from centre − half to centre + half, the end excluded, cut off at the image's border; the columns likewise.
# - There each image gets the pixels that its partner has at the *same* place. The input stays as it was.
#
# Return the mixed images and the targets, float (N, K): the one-hot labels mixed by the areas really kept and pasted.

# %% exercise="cutmix"
def cutmix(images, labels, partners, lam, centre, num_classes):
    """images (N, C, H, W), labels (N,), partners (N,) -> mixed (N, C, H, W), targets (N, num_classes)."""
    ### BEGIN SOLUTION
    height, width = images.shape[2:]
    half_h, half_w = (int(side * math.sqrt(1 - lam)) // 2 for side in (height, width))
    top, bottom = max(0, centre[0] - half_h), min(height, centre[0] + half_h)
    left, right = max(0, centre[1] - half_w), min(width, centre[1] + half_w)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[partners][:, :, top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    hot = F.one_hot(labels, num_classes).float()  # (N, K)
    return mixed, kept * hot + (1 - kept) * hot[partners]
    ### END SOLUTION

# %% check="cutmix"
check.cutmix(cutmix)

# %% [markdown]
# `training.TrainConfig(mixup=..., cutmix=...)` switches both on in the course's engine; the two numbers say how $\lambda$ is drawn, from Beta($\alpha$, $\alpha$).
# Neither keeps the label: they change it along with the pixels, which is as good.

# %% [markdown]
# ## Rare classes
#
# In a data set with few images of some class, a small batch may hold none of it.
# If a class has the share $q$ of the images, a batch of $B$ random ones has none of it with probability about $(1 - q)^B$.

# %%
for q in (0.1, 0.03, 0.01):
    print(f"share {q:.0%}: missing from {(1 - q) ** 32:.0%} of the batches of 32, from {(1 - q) ** 128:.0%} of those of 128")

# %% [markdown]
# Two remedies, which are not the same:
#
# - **Stratified** batches: every batch has the classes in the shares of the data set, as nearly as whole numbers allow. Nothing is repeated; only the luck of the draw goes, and a class with fewer images than there are batches is still missing from some.
# - **Balanced** sampling: every class is drawn equally often, so rare images are repeated. The network is now trained for *another world*, where all classes are equally frequent, and calls the rare ones too often in this one.
#
# `WeightedRandomSampler` draws with weights of your choice; one over the size of the class makes all classes equal.

# %%
labels = torch.tensor([0] * 900 + [1] * 80 + [2] * 20)
weights = 1 / torch.bincount(labels)[labels].double()  # (1000,): each class sums to 1
drawn = list(WeightedRandomSampler(weights, 1000, generator=torch.Generator().manual_seed(0)))
print("of each class", torch.bincount(labels).tolist(), "drawn", torch.bincount(labels[drawn]).tolist())
print("different images of class 2 among its draws:", len({i for i in drawn if labels[i] == 2}))

# %% [markdown]
# Twenty images, drawn more than three hundred times in all, remain twenty images: repetition adds weight, not knowledge.
# Which remedy is right depends on what a mistake costs, and lesson 09 measures that.
# The validation set is never rebalanced without saying so.

# %% [markdown]
# ### Exercise: stratified batches
#
# Write `stratified_batches(labels, num_batches, generator)`, a list of `num_batches` lists (or tensors) of indices.
#
# - Every image is in exactly one batch.
# - The sizes of two batches differ by at most one.
# - For every class, its numbers of images in two batches differ by at most one.
# - `generator` decides which images meet: the same state gives the same batches, another state other ones.
#
# Think of a deck of cards, sorted in a clever way and dealt to `num_batches` players.

# %% exercise="stratified_batches"
def stratified_batches(labels, num_batches, generator):
    """labels (N,) int64 -> num_batches lists of indices; every class is spread evenly over them."""
    ### BEGIN SOLUTION
    shuffled = torch.randperm(len(labels), generator=generator)
    by_class = shuffled[labels[shuffled].argsort(stable=True)]  # class by class, shuffled within
    return [by_class[b::num_batches].tolist() for b in range(num_batches)]
    ### END SOLUTION

# %% check="stratified_batches"
check.stratified_batches(stratified_batches)

# %% [markdown]
# ## Leaks
#
# A **leak** is any way in which validation or test images influence what is trained, or training images return in the validation set.
# The number gets better, the model does not.
#
# The most treacherous one is a question of order: augment *first*, split *afterwards*.
# To see it clearly, take 960 small squares and toss a coin for the label of each, so that there is nothing at all to learn: any accuracy clearly above chance is a leak.
# (The squares come from only 16 photographs; as each has a coin of its own, its neighbours do not give its label away.)

# %%
photos = load_photo_patches(size=16, train_per_class=60).train.images[:, 0].astype(float)  # (960, 16, 16)
rng = np.random.default_rng(0)
copies = np.concatenate([photos + rng.normal(0, 3, photos.shape) for _ in range(4)]).reshape(-1, 256)  # 'augmented'
source = np.tile(np.arange(len(photos)), 4)  # which photograph each copy shows
coins = rng.integers(0, 2, (500, len(photos)))  # 500 times: a label for each photograph, by the toss of a coin


def accuracy(on_train):
    """Share of validation copies whose label is that of the nearest training copy, mean of all tosses."""
    nearest = KNeighborsClassifier(1).fit(copies[on_train], source[on_train]).predict(copies[~on_train])
    return (coins[:, nearest] == coins[:, source[~on_train]]).mean()


of_a_photograph = rng.random(len(photos)) < 0.75
print(f"photographs split, each with its copies: {accuracy(of_a_photograph[source]):.1%}")
print(f"copies split, wherever they come from:   {accuracy(rng.random(len(copies)) < 0.75):.1%}")

# %% [markdown]
# One half is what chance gives.
# The second 'model' has found, for nearly every validation image, another copy in the training set, and read its label off it.
# The same happens with real duplicates, with neighbouring frames of a video, and with several pictures of one patient: **split by source first**, then augment the training part.
#
# A third leak is quieter: numbers that are computed over all images before the split, such as a mean, a threshold, or the choice of features.

# %% [markdown]
# ## A ruler that moves
#
# Augment the validation images, too, and the *same* model gets another accuracy at every look.
# Which of two models is better then depends on luck, and 'the best epoch' is the luckiest.

# %% output="varies"
training.seed_everything(0)
model = small_network()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
training.train_epochs(model, batches(few, 64, shuffle=True), batches(val, 256), optimizer, 5)
looks = {}
for word, options in (("as they are", {}), ("augmented", {"flip": True, "zoom": (0.3, 1.0)})):
    looks[word] = [training.evaluate(model, batches(val, 256, seed=seed, **options)).accuracy for seed in range(5)]
    print(f"validation images {word:<12}", *(f"{accuracy:.1%}" for accuracy in looks[word]))

# %% [markdown]
# There is an honest relative: **test-time augmentation** averages the predictions over a *fixed* set of views, the same for every model that is compared, and says so.

# %% [markdown]
# ## Where this goes wrong in the wild
#
# The stories that follow are from popular articles and tutorials, restated in our own words and code.
# First four pipelines on paper; then one that you mend.

# %% [markdown]
# ## Four pipelines
#
# ```python
# # A
# images = load_all()
# images = (images - images.mean()) / images.std()
# train, val = split_by_photograph(images)
# # B
# images = load_all()
# images = [view for image in images for view in five_random_views(image)]
# train, val = random_split(images)
# # C
# train, val = split_by_photograph(load_all())
# mean, std = train.mean(), train.std()
# train_loader = loader(augment(normalise(train, mean, std)))
# val_loader = loader(normalise(val, mean, std))
# # D
# train, val = split_by_photograph(load_all())
# transform = Compose([RandomResizedCrop(224), RandomHorizontalFlip(), normalise_by(train)])
# train_loader, val_loader = loader(train, transform), loader(val, transform)
# ```

# %% [markdown]
# ### Exercise: bug hunt, find the leak
#
# Return a dictionary with one word for each of A, B, C and D:
#
# - `"clean"`: nothing is wrong;
# - `"statistics"`: images of the validation set decide a number that training uses;
# - `"duplicates"`: views of one photograph can be in both splits;
# - `"moving"`: the validation images change from look to look.

# %% exercise="find_the_leak"
def find_the_leak():
    """One of "clean", "statistics", "duplicates", "moving" for each pipeline."""
    ### BEGIN SOLUTION
    return {"A": "statistics", "B": "duplicates", "C": "clean", "D": "moving"}
    ### END SOLUTION

# %% check="find_the_leak"
check.find_the_leak(find_the_leak)

# %% [markdown]
# ## The pipeline that wants high resolution
#
# A popular article describes how ImageNet was 'built': the images are brought to high resolution, and augmented by turning and mirroring, all of them.
# You know by now why the first is impossible, and why the second is no part of a data set: augmentation belongs to the loader, and to training alone.
#
# As code, the description would be this.

# %%
def published_prepare(image, size, training, generator):
    """image float (C, H, W) -> (C, size, size), as a popular article describes it."""
    large = F.interpolate(image[None], scale_factor=4, mode="bicubic")  # 'high resolution'
    square = F.interpolate(large, size=(size, size), mode="bilinear")[0]  # squeezed, and not averaged
    square = square.rot90(int(torch.randint(4, (), generator=generator)), (1, 2))
    return square.flip(2) if torch.rand((), generator=generator) < 0.5 else square


photo = load_photograph("coffee", size=150)
views = [published_prepare(photo, 64, False, torch.Generator().manual_seed(seed)) for seed in (0, 1, 2, 6)]
ax = show_images(torch.stack(views).clamp(0, 1), columns=4, title="One validation image, looked at four times")
with_text(ax, "Four versions of one validation photograph of a coffee cup, turned and mirrored differently each time.")

# %% [markdown]
# ## What belongs where
#
# | step | training image | validation image |
# |---|---|---|
# | shorter side to a little more than $S$, averaged | yes | yes |
# | window of $S \times S$ | at a random place | the centre |
# | mirrored | half of the time | never |
# | mean and standard deviation of the training images | yes | yes |
#
# 'A little more' is 8/7, as in 256 and 224: it leaves room for the random window.
# The helper below does the first row.

# %%
def shorter_side_to(image, side):
    """image float (C, H, W), resized with averaging so that its shorter side has `side` pixels."""
    scale = side / min(image.shape[1:])
    size = [max(side, round(length * scale)) for length in image.shape[1:]]
    return F.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0]


tuple(shorter_side_to(photo, 73).shape)

# %% [markdown]
# ### Exercise: bug hunt, the mended pipeline
#
# Write `prepare(image, size, training, generator)`: float (C, H, W) of any size to (C, size, size).
#
# First `shorter_side_to(image, round(size * 8 / 7))`, for all.
# Then, if `training` is True: a window of `size` pixels, every place equally likely, mirrored left to right with probability one half, everything drawn from `generator` (`torch.randint` and `torch.rand` take it).
# If it is False: the centre window, whose first row is `(h - size) // 2` of the resized image's $h$ rows, its first column likewise.
# Leave normalisation to the loader.

# %% exercise="prepare"
def prepare(image, size, training, generator):
    """image float (C, H, W) -> (C, size, size): random window and mirroring in training,
    else the centre."""
    ### BEGIN SOLUTION
    image = shorter_side_to(image, round(size * 8 / 7))
    rows, columns = (length - size for length in image.shape[1:])
    if not training:
        top, left = rows // 2, columns // 2
        return image[:, top : top + size, left : left + size]
    top = int(torch.randint(rows + 1, (), generator=generator))
    left = int(torch.randint(columns + 1, (), generator=generator))
    window = image[:, top : top + size, left : left + size]
    return window.flip(2) if torch.rand((), generator=generator) < 0.5 else window
    ### END SOLUTION

# %% check="prepare"
check.prepare(prepare)

# %% [markdown]
# ## Whole batches at once
#
# Every operation of Python and PyTorch has a fixed cost, however few pixels it handles, and a loop over images pays it for each of them.
# `Batches` is fast partly because it has no such loop for the arithmetic.
# Here is a slow version of crop and mirror.

# %%
def augment_slowly(images, tops, lefts, flips, size):
    """images (N, C, H, W): a window of `size` pixels of each, at its own place,
    mirrored where `flips` says so."""
    windows = []
    for image, top, left, flip in zip(images, tops.tolist(), lefts.tolist(), flips.tolist(), strict=True):
        window = image[:, top : top + size, left : left + size]
        windows.append(window.flip(2) if flip else window)
    return torch.stack(windows)


images = torch.from_numpy(load_photo_patches(size=32, train_per_class=4).train.images)  # (64, 1, 32, 32)
tops, lefts = torch.randint(0, 5, (2, 64))
tuple(augment_slowly(images, tops, lefts, torch.rand(64) < 0.5, 28).shape)

# %% [markdown]
# ## Indexing with tables of places
#
# If $a$, $b$ and $c$ are tables of whole numbers that broadcast to one shape, `x[a, b, c]` has that shape and holds `x[a[i], b[i], c[i]]` at place $i$.
# With `rows` of shape $(N, S)$, the row numbers of each window, and `columns` likewise, the place of every pixel of every window can be written as one index.
# A mirrored window is one whose column numbers run backwards.

# %%
grid = torch.arange(12).view(3, 4)
rows, columns = torch.tensor([0, 1]), torch.tensor([3, 2, 1])  # rows 0 and 1, columns backwards
grid[rows[:, None], columns[None, :]]

# %% [markdown]
# ### Exercise (stretch): augment a batch without a loop
#
# Write `augment_batch(images, tops, lefts, flips, size)`, equal to `augment_slowly` for every input, without any loop over the images.
# The check compares the results, and counts: for a batch eight times as large, your function may not take more steps of Python nor more operations of PyTorch.

# %% exercise="augment_batch"
def augment_batch(images, tops, lefts, flips, size):
    """images (N, C, H, W), tops, lefts int64 (N,), flips bool (N,) -> windows (N, C, size, size)."""
    ### BEGIN SOLUTION
    steps = torch.arange(size)
    rows = tops[:, None] + steps  # (N, size)
    columns = lefts[:, None] + torch.where(flips[:, None], steps.flip(0), steps)  # (N, size)
    n, c = torch.arange(images.shape[0]), torch.arange(images.shape[1])
    return images[n[:, None, None, None], c[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]
    ### END SOLUTION

# %% check="augment_batch"
check.augment_batch(augment_batch)

# %%
check.progress()

# %% [markdown]
# ## What you now know
#
# - You have **measured** the five steps from file to batch, and how far a memory map with whole-batch operations outruns decoding every time.
# - You **resize** with averaging, **cut** boxes that keep their proportions, and can prove that enlarging adds no detail.
# - You **normalise** every split with numbers of the training images alone.
# - You **augment** on the fly, training images only, where the label survives or is changed along; and you **judge** the gain by seeds and an interval.
# - You can **batch** pictures of mixed sizes, and spread or balance rare classes, and know the difference.
# - You have **found** leaks by statistics, by duplicates and by a ruler that moves, and **mended** a pipeline that had more than one fault.

# %% [markdown]
# ## References
#
# - C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke, A. Rabinovich: *Going Deeper with Convolutions*. CVPR 2015. Boxes of random area and aspect ratio.
# - G. Parmar, R. Zhang, J.-Y. Zhu: *On Aliased Resizing and Surprising Subtleties in GAN Evaluation*. CVPR 2022. What resizing without averaging does to a score.
# - H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz: *mixup: Beyond Empirical Risk Minimization*. ICLR 2018.
# - S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo: *CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features*. ICCV 2019.
# - PyTorch issue 5059, *np.random generates the same random numbers for each data batch* (2018), and pull request 56488, *Add Numpy seeding to worker of DataLoader* (2021).
