"""Photographs, batches of them, filtered pictures and filters."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from .palette import OKABE_ITO, SIGNED, TEXT, TITLE, axes_or_new


def to_array(values) -> np.ndarray:
    """A NumPy array from a tensor on any device, an array, a PIL image or nested lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if values.is_floating_point():
            values = values.float()  # NumPy knows no bfloat16
        values = values.numpy()
    return np.asarray(values)


def to_picture(image, mean=None, std=None, signed: bool = False) -> np.ndarray:
    """What `imshow` wants: (H, W) or (H, W, 3).

    image: (H, W), (1, H, W), (3, H, W), (H, W, 1) or (H, W, 3); uint8 in 0..255 or float in [0, 1].
    mean, std: one number per channel: undoes the normalisation (image * std + mean).
    signed: the values are a filter's output; leave them as they are.
    """
    array = to_array(image)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = np.moveaxis(array, 0, -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (1, 3)):
        raise ValueError(
            f"a picture is (H, W), (1, H, W) or (3, H, W), not {tuple(to_array(image).shape)}: "
            "for several pictures use show_images"
        )
    if mean is not None or std is not None:
        scale = 1.0 if std is None else to_array(std).reshape(-1)
        shift = 0.0 if mean is None else to_array(mean).reshape(-1)
        array = (array[..., None] if array.ndim == 2 else array) * scale + shift
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if signed:
        return array.astype(float)
    if array.dtype == np.uint8:
        return array / 255
    low, high = float(np.min(array)), float(np.max(array))
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # also true for NaN
        raise ValueError(
            f"pixel values run from {low:.3g} to {high:.3g}, not from 0 to 1: pass mean= and std= to undo a "
            "normalisation, or signed=True for the output of a filter"
        )
    return np.clip(array.astype(float), 0, 1)


def show_image(
    image, title: str = "", *, mean=None, std=None, signed: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw one photograph with its pixel coordinates. Forms of `image`: see `to_picture`."""
    picture = to_picture(image, mean, std, signed)
    height, width = picture.shape[:2]
    ax = axes_or_new(ax, 4.5, 4.5 * min(1.4, max(0.5, height / width)))
    ax.imshow(picture, **_colours([picture], signed))
    ax.set_title(title, fontsize=TITLE)
    ax.set_xlabel("column (pixels)", fontsize=TEXT)
    ax.set_ylabel("row (pixels)", fontsize=TEXT)
    ax.tick_params(labelsize=TEXT)
    return ax


def show_images(
    images,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    title: str = "",
    mean=None,
    std=None,
    signed: bool = False,
    wrong: Sequence[bool] | None = None,
    inches: float = 1.6,
    ax: Axes | None = None,
) -> Axes:
    """Draw a batch (N, C, H, W), or a list of pictures that may differ in size, as a grid with a title over
    each.

    signed: the pictures are outputs of a filter; one blue-white-vermillion scale for all, white at zero.
    wrong: marks pictures with a frame (mistakes of a model, say).
    inches: width of one picture in a new figure, which is at most 10 inches wide.
    """
    array = images if isinstance(images, list | tuple) else to_array(images)
    if not isinstance(array, list | tuple) and array.ndim != 4:
        raise ValueError(
            f"show_images wants (N, C, H, W) or a list of pictures, not {tuple(array.shape)}: "
            "for one picture use show_image, for several grey ones add the channel dimension"
        )
    pictures = [to_picture(image, mean, std, signed) for image in array]
    for name, given in (("titles", titles), ("wrong", wrong)):
        if given is not None and len(given) != len(pictures):
            raise ValueError(f"{len(given)} {name} for {len(pictures)} pictures")
    if not pictures:
        raise ValueError("no pictures to show")
    columns = min(columns, len(pictures))
    shapes = [picture.shape[0] / picture.shape[1] for picture in pictures]  # height for a width of 1
    line = 0.26 / inches if titles is not None else 0.0  # room for a title, in widths of a picture
    heights = [max(shapes[start : start + columns]) + line + 0.06 for start in range(0, len(shapes), columns)]
    width = min(10.0, inches * columns)
    ax = axes_or_new(ax, width + 0.2, width / columns * sum(heights) + 0.4)
    colours = _colours(pictures, signed)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        left, top = column * 1.06, sum(heights[:row]) + line
        height, width = shapes[index], 1.0
        ax.imshow(picture, extent=(left, left + width, top + height, top), interpolation="nearest", **colours)
        if titles is not None:
            ax.text(left + width / 2, top - 0.03, str(titles[index]), ha="center", va="bottom", fontsize=TEXT)
        if wrong is not None and wrong[index]:
            _frame(ax, left, top, width, height)
    ax.set_xlim(-0.03, columns * 1.06 - 0.03)
    ax.set_ylim(sum(heights), -0.03)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title(title, fontsize=TITLE)
    return ax


def compare_images(
    pictures: Mapping[str, object],
    *,
    title: str = "",
    columns: int = 4,
    inches: float = 2.4,
    ax: Axes | None = None,
) -> Axes:
    """Draw named pictures beside each other, e.g. a photograph and what filters make of it.

    A picture with values below 0 is the output of a filter: blue below zero, white at zero, vermillion above,
    on a scale of its own that its title names. All others are grey or colour in [0, 1]; what is brighter
    is scaled, and its title says so. `inches`: width of one picture.
    """
    drawn, titles = [], []
    for name, image in pictures.items():
        picture = to_picture(image, signed=True)
        if to_array(image).dtype == np.uint8:
            picture = picture / 255
        if picture.min() < 0:
            if picture.ndim == 3:
                raise ValueError(
                    f"picture {name!r} has three channels and values below 0: show one channel at a time"
                )
            reach = float(np.abs(picture).max())
            drawn.append(np.moveaxis(SIGNED(0.5 + 0.5 * picture / reach)[..., :3], -1, 0))
            titles.append(f"{name} (±{reach:.2g})")
        else:
            bright = float(picture.max())
            if bright > 1 + 1e-3:
                picture, name = picture / bright, f"{name} (0 to {bright:.2g})"
            colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, -1)
            drawn.append(np.moveaxis(np.clip(colour, 0, 1), -1, 0))
            titles.append(str(name))
    return show_images(drawn, titles, columns=columns, title=title, inches=inches, ax=ax)


def show_filters(
    weight, *, columns: int = 8, limit: int = 64, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the filters of a convolution: weight (out_channels, in_channels, kernel height, kernel width).

    Three input channels are shown as colours (mid-grey is zero). Otherwise each input channel is a picture of
    its own, blue below zero, white at zero, vermillion above; with several input channels one row shows one
    filter. All filters share one scale, which the title states. At most `limit` pictures are drawn.
    """
    array = to_array(weight).astype(float)
    if array.ndim != 4:
        raise ValueError(
            f"weight is (out_channels, in_channels, kernel height, kernel width), not {array.shape}"
        )
    out_channels, in_channels = array.shape[:2]
    reach = float(np.abs(array).max()) or 1.0
    several = in_channels not in (1, 3)
    heading = f"{title or f'{out_channels} filters'}: weights from −{reach:.2g} to {reach:.2g}"
    if several:
        heading += "\nrows: filters, columns: inputs"
    if in_channels == 3:
        pictures = list(0.5 + 0.5 * array[:limit] / reach)
    else:
        shown = array[: max(1, limit // in_channels)].reshape(-1, *array.shape[2:])
        pictures = [np.moveaxis(SIGNED(0.5 + 0.5 * cells / reach)[..., :3], -1, 0) for cells in shown]
    columns = in_channels if several else columns
    return show_images(pictures, columns=columns, title=heading, inches=0.8, ax=ax)


def _colours(pictures: list[np.ndarray], signed: bool) -> dict:
    if not signed:
        return {"cmap": "gray", "vmin": 0, "vmax": 1}
    reach = max(float(np.abs(picture).max()) for picture in pictures) or 1.0
    return {"cmap": SIGNED, "vmin": -reach, "vmax": reach}


def _frame(ax: Axes, left: float, top: float, width: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle((left, top), width, height, fill=False, edgecolor=OKABE_ITO["vermillion"], linewidth=3)
    )
