"""Honest answers to the exercises of lesson 07, in several styles: every one must pass."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.transforms import v2


def box_numpy(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    for share, shape, down, right in np.asarray(draws, dtype=float).reshape(-1, 4):
        area = np.interp(share, [0, 1], scale) * height * width
        r = np.exp(np.interp(shape, [0, 1], np.log(ratio)))
        h, w = int(np.rint(np.sqrt(area / r))), int(np.rint(np.sqrt(area * r)))
        if 0 < h <= height and 0 < w <= width:
            return int(np.floor(down * (height - h + 1))), int(np.floor(right * (width - w + 1))), h, w
    if width / height < ratio[0]:
        h, w = round(width / ratio[0]), width
    elif width / height > ratio[1]:
        h, w = height, round(height * ratio[1])
    else:
        h, w = height, width
    return (height - h) // 2, (width - w) // 2, h, w


def box_torch(H, W, trials, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    low, high = torch.tensor(ratio, dtype=torch.float64).log().tolist()
    found = None
    for u in trials:
        target = H * W * (scale[0] + (scale[1] - scale[0]) * u[0])
        aspect = math.exp(low + (high - low) * u[1])
        w = round((target * aspect) ** 0.5)
        h = round((target / aspect) ** 0.5)
        if found is None and 1 <= w <= W and 1 <= h <= H:
            found = [int(u[2] * (H - h + 1)), int(u[3] * (W - w + 1)), h, w]
    if found:
        return found
    w = min(W, round(ratio[1] * H))
    h = min(H, round(W / ratio[0]))
    return [(H - h) // 2, (W - w) // 2, h, w]


def box_helper(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    def between(u, low, high):
        return low + u * (high - low)

    def sides(u1, u2):
        area = between(u1, *scale) * height * width
        r = math.exp(between(u2, *map(math.log, ratio)))
        return round(math.sqrt(area / r)), round(math.sqrt(area * r))

    fitting = (
        (math.floor(u3 * (height - h + 1)), math.floor(u4 * (width - w + 1)), h, w)
        for (u1, u2, u3, u4) in draws
        for h, w in [sides(u1, u2)]
        if 1 <= h <= height and 1 <= w <= width
    )
    r = min(max(width / height, ratio[0]), ratio[1])
    h, w = min(height, round(width / r)), min(width, round(height * r))
    return next(fitting, ((height - h) // 2, (width - w) // 2, h, w))


def normalise_numpy(train, val):
    train, val = train.numpy().astype(np.float64) / 255, val.numpy().astype(np.float64) / 255
    mean, std = train.mean((0, 2, 3)), train.std((0, 2, 3))
    std[std < 1e-9] = 1
    return tuple(
        ((each - mean[:, None, None]) / std[:, None, None]).astype(np.float32) for each in (train, val)
    )


def normalise_loop(train, val):
    train, val = train.float() / 255, val.float() / 255
    out_train, out_val = torch.empty_like(train), torch.empty_like(val)
    for c in range(train.shape[1]):
        mean, std = train[:, c].mean(), train[:, c].std(correction=0)
        std = std if std > 0 else torch.tensor(1.0)
        out_train[:, c], out_val[:, c] = (train[:, c] - mean) / std, (val[:, c] - mean) / std
    return out_train, out_val


def normalise_module(train, val):
    flat = (train.double() / 255).transpose(0, 1).flatten(1)
    std, mean = torch.std_mean(flat, dim=1, correction=0)
    std[std == 0] = 1
    change = v2.Normalize(mean.tolist(), std.tolist())
    return [change(each.float() / 255) for each in (train, val)]


def normalise_moments(train, val):
    x = train / 255
    mean = x.mean((0, 2, 3), keepdim=True)
    std = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True).sqrt()
    std = torch.where(std > 1e-6, std, torch.ones_like(std))
    return (x - mean) / std, (val / 255 - mean) / std


def collate_pad(samples):
    height, width = (max(p.shape[axis] for p, _ in samples) for axis in (1, 2))
    images = [F.pad(p, (0, width - p.shape[2], 0, height - p.shape[1])) for p, _ in samples]
    masks = [
        F.pad(torch.ones(p.shape[1:], dtype=torch.bool), (0, width - p.shape[2], 0, height - p.shape[1]))
        for p, _ in samples
    ]
    return torch.stack(images), torch.tensor([y for _, y in samples]), torch.stack(masks)


def collate_ranges(samples):
    pictures, labels = zip(*samples, strict=True)
    heights = torch.tensor([p.shape[1] for p in pictures])
    widths = torch.tensor([p.shape[2] for p in pictures])
    mask = (torch.arange(int(heights.max())) < heights[:, None])[:, :, None] & (
        torch.arange(int(widths.max())) < widths[:, None]
    )[:, None, :]
    images = torch.zeros((len(pictures), pictures[0].shape[0], *mask.shape[1:]), dtype=torch.uint8)
    for out, picture in zip(images, pictures, strict=True):
        out[:, : picture.shape[1], : picture.shape[2]] = picture
    return images, torch.as_tensor(labels), mask


def collate_numpy(samples):
    height = max(int(p.shape[1]) for p, _ in samples)
    width = max(int(p.shape[2]) for p, _ in samples)
    images = np.zeros((len(samples), samples[0][0].shape[0], height, width), np.uint8)
    mask = np.zeros((len(samples), height, width), bool)
    for n, (p, _) in enumerate(samples):
        images[n, :, : p.shape[1], : p.shape[2]] = p.numpy()
        mask[n, : p.shape[1], : p.shape[2]] = True
    return images, np.array([y for _, y in samples]), mask


def cutmix_mask(images, labels, partners, lam, centre, num_classes):
    n, _, height, width = images.shape
    half_h, half_w = int(height * math.sqrt(1 - lam)) // 2, int(width * math.sqrt(1 - lam)) // 2
    row, column = torch.arange(height)[:, None], torch.arange(width)[None, :]
    box = (row >= centre[0] - half_h) & (row < centre[0] + half_h)
    box = box & (column >= centre[1] - half_w) & (column < centre[1] + half_w)
    share = box.float().mean().item()
    targets = torch.zeros(n, num_classes)
    targets[torch.arange(n), labels] += 1 - share
    targets[torch.arange(n), labels[partners]] += share
    return torch.where(box, images[partners], images), targets


def cutmix_numpy(images, labels, partners, lam, centre, num_classes):
    pixels = images.numpy()
    height, width = pixels.shape[2:]
    half = [int(side * np.sqrt(1 - lam)) // 2 for side in (height, width)]
    top, bottom = np.clip([centre[0] - half[0], centre[0] + half[0]], 0, height)
    left, right = np.clip([centre[1] - half[1], centre[1] + half[1]], 0, width)
    mixed = pixels.copy()
    mixed[..., top:bottom, left:right] = pixels[partners.numpy()][..., top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    hot = np.eye(num_classes, dtype=np.float32)
    return mixed, kept * hot[labels.numpy()] + (1 - kept) * hot[labels[partners].numpy()]


def cutmix_loop(images, labels, partners, lam, centre, num_classes):
    height, width = images.shape[-2:]
    mixed, targets = images.clone(), torch.zeros(len(images), num_classes)
    rows = range(max(0, centre[0] - int(height * (1 - lam) ** 0.5) // 2),
                 min(height, centre[0] + int(height * (1 - lam) ** 0.5) // 2))  # fmt: skip
    columns = range(max(0, centre[1] - int(width * (1 - lam) ** 0.5) // 2),
                    min(width, centre[1] + int(width * (1 - lam) ** 0.5) // 2))  # fmt: skip
    pasted = len(rows) * len(columns) / (height * width)
    for i, j in enumerate(partners.tolist()):
        for row in rows:
            for column in columns:
                mixed[i, :, row, column] = images[j, :, row, column]
        targets[i, labels[i]] += 1 - pasted
        targets[i, labels[j]] += pasted
    return mixed, targets


def stratified_deal(labels, num_batches, generator):
    batches = [[] for _ in range(num_batches)]
    turn = 0
    for k in labels.unique():
        members = torch.nonzero(labels == k).flatten()
        for index in members[torch.randperm(len(members), generator=generator)]:
            batches[turn % num_batches].append(int(index))
            turn += 1
    return batches


def stratified_tensors(labels, num_batches, generator):
    deck = torch.argsort(labels + torch.rand(len(labels), generator=generator) * 0.5)
    return [deck[b::num_batches] for b in range(num_batches)]


def stratified_numpy(labels, num_batches, generator):
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    order = rng.permutation(len(labels))
    deck = order[np.argsort(labels.numpy()[order], kind="stable")]
    return [np.sort(deck[b::num_batches]) for b in range(num_batches)]


def found():
    return {"A": "statistics", "B": "duplicates", "C": "clean", "D": "moving"}


def found_by_loop():
    return dict(zip("ABCD", ("statistics", "duplicates", "clean", "moving"), strict=True))


def found_capitals():
    return {"D": "Moving", "C": "clean ", "B": "duplicates", "A": "STATISTICS"}


def _shorter(image, side):
    scale = side / min(image.shape[1:])
    size = [max(side, round(length * scale)) for length in image.shape[1:]]
    return F.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0]


def prepare_slices(image, size, training, generator):
    image = _shorter(image, round(size * 8 / 7))
    rows, columns = image.shape[1] - size, image.shape[2] - size
    top, left = rows // 2, columns // 2
    if training:
        top = torch.randint(0, rows + 1, (1,), generator=generator).item()
        left = torch.randint(0, columns + 1, (1,), generator=generator).item()
    image = image[:, top : top + size, left : left + size]
    if training and torch.rand(1, generator=generator).item() < 0.5:
        image = image.flip(-1)
    return image


def prepare_torchvision(image, size, training, generator):
    image = _shorter(image, round(size * 8 / 7))
    spare = [length - size for length in image.shape[1:]]
    if not training:
        return v2.functional.crop(image, spare[0] // 2, spare[1] // 2, size, size)
    top, left = ((torch.rand((), generator=generator) * (each + 1)).int().item() for each in spare)
    window = v2.functional.crop(image, top, left, size, size)
    mirrored = torch.randint(2, (), generator=generator)
    return v2.functional.horizontal_flip(window) if mirrored else window


def prepare_unfold(image, size, training, generator):
    windows = _shorter(image, round(size * 8 / 7)).unfold(1, size, 1).unfold(2, size, 1)
    rows, columns = windows.shape[1:3]
    if not training:
        return windows[:, (rows - 1) // 2, (columns - 1) // 2]
    if torch.rand((), generator=generator) > 0.5:
        windows = torch.flip(windows, dims=(4,))
    place = int(torch.randint(rows * columns, (), generator=generator))
    return windows[:, place // columns, place % columns]


def augment_gather(images, tops, lefts, flips, size):
    n, channels, height, width = images.shape
    steps = torch.arange(size)
    columns = lefts.view(-1, 1) + torch.where(flips.view(-1, 1), size - 1 - steps, steps)
    rows = tops.view(-1, 1) + steps
    places = rows.view(n, 1, size, 1) * width + columns.view(n, 1, 1, size)
    flat = images.reshape(n, channels, height * width)
    return flat.gather(2, places.view(n, 1, -1).expand(-1, channels, -1)).view(n, channels, size, size)


def augment_unfold(images, tops, lefts, flips, size):
    windows = images.unfold(2, size, 1).unfold(3, size, 1)  # (N, C, rows, columns, size, size)
    chosen = windows[torch.arange(len(images)), :, tops, lefts]  # (N, C, size, size)
    return torch.where(flips[:, None, None, None], chosen.flip(3), chosen)


def augment_numpy(images, tops, lefts, flips, size):
    pixels, steps = images.numpy(), np.arange(size)
    columns = np.where(flips.numpy()[:, None], steps[::-1], steps) + lefts.numpy()[:, None]
    rows = tops.numpy()[:, None] + steps
    n = np.arange(len(pixels))[:, None, None]
    return pixels[n, :, rows[:, :, None], columns[:, None, :]].transpose(0, 3, 1, 2)


def augment_indexed(images, tops, lefts, flips, size):
    steps = torch.arange(size)
    rows = tops[:, None] + steps
    columns = lefts[:, None] + steps
    n = torch.arange(len(images))[:, None, None]
    windows = images[n, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).clone()
    windows[flips] = windows[flips].flip(3)
    return windows


def normalise_never_scaled_down(train, val):
    """Without the division by 255, which cancels; a constant channel is divided by 255 in its place."""
    mean = train.float().mean((0, 2, 3), keepdim=True)
    std = train.float().std((0, 2, 3), keepdim=True, correction=0)
    std[std == 0] = 255
    return (train - mean) / std, (val - mean) / std


def cutmix_einsum(images, labels, partners, lam, centre, num_classes):
    along = [
        (torch.arange(side) - middle + 0.5).abs() < int(side * (1 - lam) ** 0.5) // 2
        for side, middle in zip(images.shape[2:], centre, strict=True)
    ]
    box = torch.einsum("h,w->hw", along[0].float(), along[1].float())
    hot = torch.eye(num_classes, dtype=torch.float64)
    mixed = images * (1 - box) + images[partners] * box
    return mixed, torch.lerp(hot[labels], hot[labels[partners]], box.mean().double().item())


def stratified_smallest_first(labels, num_batches, generator):
    """Every class in equal shares; its rest goes to the batches that are smallest so far."""
    batches = [[] for _ in range(num_batches)]
    for k in torch.unique(labels):
        members = torch.nonzero(labels == k).flatten()
        members = members[torch.randperm(len(members), generator=generator)].tolist()
        share, rest = divmod(len(members), num_batches)
        for place, batch in enumerate(sorted(batches, key=len)):
            count = share + (place < rest)
            batch += members[:count]
            members = members[count:]
    return batches


def stratified_backwards(labels, num_batches, generator):
    order = torch.randperm(len(labels), generator=generator).tolist()
    deck = sorted(order, key=lambda index: -int(labels[index]))
    batches = tuple([] for _ in range(num_batches))
    while deck:
        for batch in batches[: len(deck)]:
            batch.append(torch.tensor(deck.pop()))
    return batches


def prepare_mirrored_first(image, size, training, generator):
    """Mirroring the whole photograph first changes nothing: all places are equally likely."""
    image = _shorter(image, round(8 * size / 7))
    if not training:
        top, left = (length - size >> 1 for length in image.shape[1:])
        return image.narrow(1, top, size).narrow(2, left, size).clone()
    if torch.bernoulli(torch.tensor(0.5), generator=generator):
        image = image.flip(-1)
    rows, columns = (
        torch.randint(length - size + 1, (1,), generator=generator) + torch.arange(size)
        for length in image.shape[1:]
    )
    return image[:, rows][:, :, columns]


def augment_masks(images, tops, lefts, flips, size):
    y, x = torch.arange(images.shape[2]), torch.arange(images.shape[3])
    rows = (y >= tops[:, None]) & (y < tops[:, None] + size)
    columns = (x >= lefts[:, None]) & (x < lefts[:, None] + size)
    inside = (rows[:, None, :, None] & columns[:, None, None, :]).expand_as(images)
    windows = images[inside].view(*images.shape[:2], size, size)
    return torch.where(flips[:, None, None, None], windows.flip(3), windows)


def augment_pixel_by_pixel(images, tops, lefts, flips, size):
    """A loop over the pixels of the window, not over the images."""
    n = torch.arange(len(images))
    columns = [torch.where(flips, lefts + size - 1 - j, lefts + j) for j in range(size)]
    return torch.stack(
        [torch.stack([images[n, :, tops + i, column] for i in range(size)], 2) for column in columns], 3
    )


RIGHT = {
    "random_resized_crop_box": [box_numpy, box_torch, box_helper],
    "normalise": [
        normalise_numpy,
        normalise_loop,
        normalise_module,
        normalise_moments,
        normalise_never_scaled_down,
    ],
    "collate_padded": [collate_pad, collate_ranges, collate_numpy],
    "cutmix": [cutmix_mask, cutmix_numpy, cutmix_loop, cutmix_einsum],
    "stratified_batches": [
        stratified_deal,
        stratified_tensors,
        stratified_numpy,
        stratified_smallest_first,
        stratified_backwards,
    ],
    "find_the_leak": [found, found_by_loop, found_capitals],
    "prepare": [prepare_slices, prepare_torchvision, prepare_unfold, prepare_mirrored_first],
    "augment_batch": [
        augment_gather,
        augment_unfold,
        augment_numpy,
        augment_indexed,
        augment_masks,
        augment_pixel_by_pixel,
    ],
}
