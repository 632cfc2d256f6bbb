"""Plausible wrong answers to lesson 07 that are no known misconception: each must be refused."""

import math

import torch
import torch.nn.functional as F


def _box(sides=None, place=None, at_last=None, fits=None):
    """The right box with one part replaced."""

    def answer(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
        for u1, u2, u3, u4 in draws:
            area = (scale[0] + u1 * (scale[1] - scale[0])) * height * width
            r = math.exp(math.log(ratio[0]) + u2 * (math.log(ratio[1]) - math.log(ratio[0])))
            h, w = (sides or (lambda area, r: (math.sqrt(area / r), math.sqrt(area * r))))(area, r)
            h, w = round(h), round(w)
            if (fits or (lambda h, w: 1 <= h <= height and 1 <= w <= width))(h, w):
                rows, columns = height - h, width - w
                chosen = place or (
                    lambda u3, u4, rows, columns: (int(u3 * (rows + 1)), int(u4 * (columns + 1)))
                )
                return (*chosen(u3, u4, rows, columns), h, w)
        if at_last:
            return at_last(height, width, ratio)
        r = min(max(width / height, ratio[0]), ratio[1])
        h, w = min(height, round(width / r)), min(width, round(height * r))
        return (height - h) // 2, (width - w) // 2, h, w

    return answer


def box_default_ranges(height, width, draws, scale=None, ratio=None):
    return _box()(height, width, draws)


def box_ratio_of_the_photograph(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    return _box(
        sides=lambda area, r: (math.sqrt(area / (r * width / height)), math.sqrt(area * r * width / height))
    )(height, width, draws, scale, ratio)


def box_float(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    return tuple(map(float, _box()(height, width, draws, scale, ratio)))


def box_last_trial(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    return _box()(height, width, draws[::-1], scale, ratio)


def _normalise(statistics, scale=255):
    def answer(train, val):
        train, val = train.float() / scale, val.float() / scale
        mean, std = statistics(train)
        return (train - mean) / std, (val - mean) / std

    return answer


def normalise_to_one(train, val):
    return train.float() / 255, val.float() / 255


def normalise_imagenet(train, val):
    mean, std = (
        torch.tensor(v)[: train.shape[1], None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    return (train / 255 - mean) / std, (val / 255 - mean) / std


def normalise_mean_only(train, val):
    mean = (train / 255).mean((0, 2, 3), keepdim=True)
    return train / 255 - mean, val / 255 - mean


def normalise_train_only(train, val):
    return (
        _normalise(lambda x: (x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True) + 1))(
            train, val
        )
    )[0]


def normalise_swapped(train, val):
    x = train / 255
    std = x.std((0, 2, 3), keepdim=True, unbiased=False)
    std = torch.where(std == 0, 1.0, std)
    mean = x.mean((0, 2, 3), keepdim=True)
    return (val / 255 - mean) / std, (x - mean) / std


def normalise_range(train, val):
    low, high = train.amin((0, 2, 3), keepdim=True).float(), train.amax((0, 2, 3), keepdim=True).float()
    return tuple((each - low) / (high - low).clamp(min=1) for each in (train, val))


def _collated(samples):
    height, width = (max(p.shape[axis] for p, _ in samples) for axis in (1, 2))
    images = torch.stack([F.pad(p, (0, width - p.shape[2], 0, height - p.shape[1])) for p, _ in samples])
    mask = torch.stack(
        [F.pad(torch.ones(p.shape[1:]), (0, width - p.shape[2], 0, height - p.shape[1])) for p, _ in samples]
    )
    return images, torch.tensor([y for _, y in samples]), mask.bool()


def collate_float_mask(samples):
    images, labels, mask = _collated(samples)
    return images, labels, mask.float()


def collate_float_labels(samples):
    images, labels, mask = _collated(samples)
    return images, labels.float(), mask


def collate_turned(samples):
    images, labels, mask = _collated(samples)
    return images.transpose(2, 3), labels, mask.transpose(1, 2)


def collate_by_area(samples):
    largest = max(samples, key=lambda s: s[0].numel())[0]
    return _collated([(p[:, : largest.shape[1], : largest.shape[2]], y) for p, y in samples])


def collate_padded_by_edge(samples):
    images, labels, mask = _collated(samples)
    filled = images.clone()
    for n, (p, _) in enumerate(samples):
        filled[n, :, :, p.shape[2] :] = images[n, :, :, p.shape[2] - 1 : p.shape[2]]
        filled[n, :, p.shape[1] :] = filled[n, :, p.shape[1] - 1 : p.shape[1]]
    return filled, labels, mask


def collate_sorted(samples):
    return _collated(sorted(samples, key=lambda s: -s[0].shape[1] * 100 - s[0].shape[2]))


def _cutmix(images, labels, partners, lam, centre, num_classes, floor=int, smooth=0.0, roll=None):
    height, width = images.shape[2:]
    half_h, half_w = (floor(side * math.sqrt(1 - lam)) // 2 for side in (height, width))
    top, bottom = max(0, centre[0] - half_h), min(height, centre[0] + half_h)
    left, right = max(0, centre[1] - half_w), min(width, centre[1] + half_w)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[partners][:, :, top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    hot = F.one_hot(labels, num_classes).float()
    other = hot[partners] if roll is None else hot.roll(roll, 0)
    return mixed, (kept * hot + (1 - kept) * other) * (1 - smooth) + smooth / num_classes


def cutmix_end_included(images, labels, partners, lam, centre, num_classes):
    mixed, targets = _cutmix(images, labels, partners, lam, centre, num_classes)
    height, width = images.shape[2:]
    half_h, half_w = (int(side * math.sqrt(1 - lam)) // 2 for side in (height, width))
    rows = slice(max(0, centre[0] - half_h), centre[0] + half_h + 1)
    columns = slice(max(0, centre[1] - half_w), centre[1] + half_w + 1)
    mixed[:, :, rows, columns] = images[partners][:, :, rows, columns]
    return mixed, targets


def cutmix_negative_start(images, labels, partners, lam, centre, num_classes):
    half_h, half_w = (int(side * math.sqrt(1 - lam)) // 2 for side in images.shape[2:])
    mixed = images.clone()
    rows, columns = (
        slice(centre[0] - half_h, centre[0] + half_h),
        slice(centre[1] - half_w, centre[1] + half_w),
    )
    mixed[:, :, rows, columns] = images[partners][:, :, rows, columns]
    return mixed, _cutmix(images, labels, partners, lam, centre, num_classes)[1]


def cutmix_rolled_labels(images, labels, partners, lam, centre, num_classes):
    return _cutmix(images, labels, partners, lam, centre, num_classes)[0], _cutmix(
        images, labels, (partners + 1) % len(labels), lam, centre, num_classes
    )[1]


def cutmix_smoothed(images, labels, partners, lam, centre, num_classes):
    return _cutmix(images, labels, partners, lam, centre, num_classes, smooth=0.1)


def cutmix_hard_labels(images, labels, partners, lam, centre, num_classes):
    mixed, targets = _cutmix(images, labels, partners, lam, centre, num_classes)
    return mixed, targets.argmax(1)


def mixup_for_cutmix(images, labels, partners, lam, centre, num_classes):
    hot = F.one_hot(labels, num_classes).float()
    return lam * images + (1 - lam) * images[partners], lam * hot + (1 - lam) * hot[partners]


def deal_first_batch_larger(labels, num_batches, generator):
    deck = torch.randperm(len(labels), generator=generator)
    deck = deck[labels[deck].argsort(stable=True)]
    batches = [deck[b::num_batches].tolist() for b in range(num_batches)]
    batches[0].append(batches[1].pop())
    batches[0].append(batches[2].pop())
    return batches


def deal_one_batch_a_class(labels, num_batches, generator):
    return [(labels == k).nonzero().flatten() for k in range(num_batches)]


def deal_blocks_of_classes(labels, num_batches, generator):
    deck = torch.randperm(len(labels), generator=generator)
    return deck[labels[deck].argsort(stable=True)].tensor_split(num_batches)


def deal_one_too_few(labels, num_batches, generator):
    deck = torch.randperm(len(labels), generator=generator)
    deck = deck[labels[deck].argsort(stable=True)]
    return [deck[b :: num_batches - 1] for b in range(num_batches - 1)]


def deal_with_replacement(labels, num_batches, generator):
    weights = 1 / torch.bincount(labels)[labels].double()
    return torch.multinomial(weights, len(labels), True, generator=generator).tensor_split(num_batches)


def deal_images(labels, num_batches, generator):
    return labels


def _leak(**changed):
    return {**{"A": "statistics", "B": "duplicates", "C": "clean", "D": "moving"}, **changed}


def _shorter(image, side, antialias=True):
    scale = side / min(image.shape[1:])
    size = [max(side, round(length * scale)) for length in image.shape[1:]]
    return F.interpolate(image[None], size=size, mode="bilinear", antialias=antialias)[0]


def _prepare(image, size, training, generator, side=None, mirror=True, top=None):
    image = _shorter(image, side or round(size * 8 / 7))
    rows, columns = (length - size for length in image.shape[1:])
    if not training:
        return image[:, rows // 2 : rows // 2 + size, columns // 2 : columns // 2 + size]
    row = int(torch.randint(rows + 1, (), generator=generator)) if top is None else top
    column = int(torch.randint(columns + 1, (), generator=generator))
    window = image[:, row : row + size, column : column + size]
    return window.flip(2) if mirror and torch.rand((), generator=generator) < 0.5 else window


def prepare_no_room(image, size, training, generator):
    return _prepare(image, size, training, generator, side=size)


def prepare_more_room(image, size, training, generator):
    return _prepare(image, size, training, generator, side=2 * size)


def prepare_top_rows(image, size, training, generator):
    return _prepare(image, size, training, generator, top=0)


def prepare_validation_mirrored(image, size, training, generator):
    return _prepare(image, size, training, generator).flip(2)


def prepare_normalised(image, size, training, generator):
    image = _prepare(image, size, training, generator)
    return (image - image.mean()) / image.std()


def prepare_jittered(image, size, training, generator):
    image = _prepare(image, size, training, generator)
    return image * (0.8 + 0.4 * torch.rand((), generator=generator)) if training else image


def prepare_seeded(image, size, training, generator):
    return _prepare(image, size, training, torch.Generator().manual_seed(0))


def augment_comprehension(images, tops, lefts, flips, size):
    return torch.stack(
        [
            torch.where(
                f,
                images[n, :, t : t + size, left : left + size].flip(2),
                images[n, :, t : t + size, left : left + size],
            )
            for n, (t, left, f) in enumerate(zip(tops.tolist(), lefts.tolist(), flips, strict=True))
        ]
    )


def augment_mapped(images, tops, lefts, flips, size):
    def one(image, top, left, flip):
        window = image[:, top : top + size, left : left + size]
        return window.flip(2) if flip else window

    return torch.stack(list(map(one, images, tops.tolist(), lefts.tolist(), flips.tolist())))


def augment_numpy_loop(images, tops, lefts, flips, size):
    pixels = images.numpy()
    out = pixels[:, :, :size, :size].copy()
    for n in range(len(pixels)):
        window = pixels[n, :, int(tops[n]) : int(tops[n]) + size, int(lefts[n]) : int(lefts[n]) + size]
        out[n] = window[:, :, ::-1] if flips[n] else window
    return out


def augment_not_cut(images, tops, lefts, flips, size):
    return torch.where(flips[:, None, None, None], images.flip(3), images)


def augment_corner(images, tops, lefts, flips, size):
    windows = images[:, :, :size, :size]
    return torch.where(flips[:, None, None, None], windows.flip(3), windows)


def augment_channels_last(images, tops, lefts, flips, size):
    windows = images.unfold(2, size, 1).unfold(3, size, 1)[torch.arange(len(images)), :, tops, lefts]
    return torch.where(flips[:, None, None, None], windows.flip(3), windows).permute(0, 2, 3, 1)


def box_centre_rounded(height, width, ratio):
    r = min(max(width / height, ratio[0]), ratio[1])
    h, w = min(height, round(width / r)), min(width, round(height * r))
    return round((height - h) / 2), round((width - w) / 2), h, w


def box_other_end_of_the_range(height, width, ratio):
    h, w = height, width
    if width > ratio[1] * height:
        w = round(height * ratio[0])
    elif width < ratio[0] * height:
        h = round(width / ratio[1])
    return (height - h) // 2, (width - w) // 2, h, w


def box_height_from_rounded_width(area, r):
    return round(math.sqrt(area * r)) / r, math.sqrt(area * r)


def box_even_side(height, width, draws, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    """The share spread evenly over sides in place of areas."""
    low, high = (each**0.5 for each in scale)
    draws = [
        (((low + u1 * (high - low)) ** 2 - scale[0]) / (scale[1] - scale[0]), u2, u3, u4)
        for u1, u2, u3, u4 in draws
    ]
    return _box()(height, width, draws, scale, ratio)


def normalise_guard_for_all(train, val):
    """One constant channel, and no channel is divided any more."""
    train, val = train / 255, val / 255
    mean, std = train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True, correction=0)
    std = torch.ones_like(std) if (std == 0).any() else std
    return (train - mean) / std, (val - mean) / std


def normalise_zero_for_nothing(train, val):
    train, val = train / 255, val / 255
    mean, std = train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True, correction=0)
    return tuple(torch.nan_to_num((each - mean) / std, 0, 0, 0) for each in (train, val))


def collate_white(samples):
    images, labels, mask = _collated(samples)
    return torch.where(mask[:, None], images, 255).to(torch.uint8), labels, mask


def collate_mask_of_ones(samples):
    images, labels, mask = _collated(samples)
    return images, labels, torch.ones_like(mask)


def cutmix_inverse_partners(images, labels, partners, lam, centre, num_classes):
    return _cutmix(images, labels, partners.argsort(), lam, centre, num_classes)


def cutmix_sides_rounded_up(images, labels, partners, lam, centre, num_classes):
    return _cutmix(images, labels, partners, lam, centre, num_classes, floor=math.ceil)


def cutmix_twice_as_large(images, labels, partners, lam, centre, num_classes):
    return _cutmix(images, labels, partners, lam, centre, num_classes, floor=lambda side: 2 * int(side))


def deal_in_a_snake(labels, num_batches, generator):
    """To and fro: the batch at the turn gets two cards in a row."""
    deck = torch.randperm(len(labels), generator=generator)
    batches = [[] for _ in range(num_batches)]
    for place, card in enumerate(deck[labels[deck].argsort(stable=True)].tolist()):
        turn, seat = divmod(place, num_batches)
        batches[num_batches - 1 - seat if turn % 2 else seat].append(card)
    return batches


def deal_from_a_random_batch(labels, num_batches, generator):
    batches = [[] for _ in range(num_batches)]
    for k in labels.unique():
        members = (labels == k).nonzero().flatten()
        start = int(torch.randint(num_batches, (), generator=generator))
        for place, card in enumerate(members[torch.randperm(len(members), generator=generator)].tolist()):
            batches[(start + place) % num_batches].append(card)
    return batches


def prepare_side_above(image, size, training, generator):
    return _prepare(image, size, training, generator, side=math.ceil(size * 8 / 7))


def prepare_centre_above(image, size, training, generator):
    if training:
        return _prepare(image, size, training, generator)
    image = _shorter(image, round(size * 8 / 7))
    top, left = ((length - size + 1) // 2 for length in image.shape[1:])
    return image[:, top : top + size, left : left + size]


def prepare_centre_rows(image, size, training, generator):
    return _prepare(image, size, training, generator, top=(round(size * 8 / 7) - size) // 2)


def augment_mirrored_a_column_off(images, tops, lefts, flips, size):
    steps = torch.arange(size)
    columns = lefts[:, None] + torch.where(flips[:, None], size - steps, steps)
    columns = columns.clamp(max=images.shape[3] - 1)
    rows = images.take_along_dim((tops[:, None] + steps)[:, None, :, None], 2)
    return rows.take_along_dim(columns[:, None, None, :], 3)


def augment_diagonals(images, tops, lefts, flips, size):
    """Tables that do not broadcast to a square: one pixel for each step."""
    steps = torch.arange(size)
    n = torch.arange(len(images))[:, None]
    return images[n, :, tops[:, None] + steps, lefts[:, None] + steps]


WRONG = {
    "random_resized_crop_box": [
        box_default_ranges,
        box_ratio_of_the_photograph,
        box_float,
        box_last_trial,
        _box(sides=lambda area, r: (math.sqrt(area), math.sqrt(area))),
        _box(place=lambda u3, u4, rows, columns: (rows // 2, columns // 2)),
        _box(place=lambda u3, u4, rows, columns: (round(u3 * rows), round(u4 * columns))),
        _box(fits=lambda h, w: True),
        _box(at_last=lambda height, width, ratio: None),
        _box(at_last=box_centre_rounded),
        _box(at_last=box_other_end_of_the_range),
        _box(sides=box_height_from_rounded_width),
        box_even_side,
    ],
    "normalise": [
        normalise_to_one,
        normalise_imagenet,
        normalise_mean_only,
        normalise_train_only,
        normalise_swapped,
        normalise_range,
        normalise_guard_for_all,
        normalise_zero_for_nothing,
    ],
    "collate_padded": [
        collate_float_mask,
        collate_float_labels,
        collate_turned,
        collate_by_area,
        collate_padded_by_edge,
        collate_sorted,
        collate_white,
        collate_mask_of_ones,
    ],
    "cutmix": [
        cutmix_end_included,
        cutmix_negative_start,
        cutmix_rolled_labels,
        cutmix_smoothed,
        cutmix_hard_labels,
        mixup_for_cutmix,
        cutmix_inverse_partners,
        cutmix_sides_rounded_up,
        cutmix_twice_as_large,
    ],
    "stratified_batches": [
        deal_first_batch_larger,
        deal_one_batch_a_class,
        deal_blocks_of_classes,
        deal_one_too_few,
        deal_with_replacement,
        deal_images,
        deal_in_a_snake,
        deal_from_a_random_batch,
    ],
    "find_the_leak": [
        {},
        "clean",
        ["statistics", "duplicates", "clean", "moving"],
        _leak(A="moving"),
        _leak(C="duplicates"),
        _leak(D="augmented"),
    ],
    "prepare": [
        prepare_no_room,
        prepare_more_room,
        prepare_top_rows,
        prepare_validation_mirrored,
        prepare_normalised,
        prepare_jittered,
        prepare_seeded,
        prepare_side_above,
        prepare_centre_above,
        prepare_centre_rows,
    ],
    "augment_batch": [
        augment_comprehension,
        augment_mapped,
        augment_numpy_loop,
        augment_not_cut,
        augment_corner,
        augment_channels_last,
        augment_mirrored_a_column_off,
        augment_diagonals,
    ],
}
