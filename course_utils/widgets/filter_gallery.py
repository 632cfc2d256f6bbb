"""What kernel, stride, padding and dilation do to a photograph, and to its size.

Lesson 02. One channel; zeros as padding; the kernel as it stands, as in the layers of PyTorch.
"""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.plots.matrices import as_text, cell_grid, show_matrix
from course_utils.plots.palette import HERE, OKABE_ITO, RESULT, SMALL, TEXT, TITLE

from .kernels import choose_kernels, cross_correlate, output_colours, output_size
from .pattern import InteractiveFigure, dropdown, slider
from .photographs import at_most, cat, grey_picture

LONGEST = 160  # pixels of the longer side: drawn fast, and a padding of a few pixels can still be seen
MOST = {"stride": 4, "padding": 12, "dilation": 4}


def filter_gallery(image=None, kernel=None) -> InteractiveFigure:
    """Filter a photograph with a kernel, stride, padding and dilation to be chosen.

    image: a photograph in any form that `show_image` takes; made grey and shrunk to at most 160 pixels a
        side. Without one: a cat.
    kernel: numbers (height, width) up to 5 × 5, or the name of a kernel; more can be chosen in the figure.
    """
    picture = cat() if image is None else at_most(grey_picture(image), LONGEST)
    kernels, first = choose_kernels(kernel)
    needed = MOST["dilation"] * (max(max(weights.shape) for weights in kernels.values()) - 1) + 1
    if min(picture.shape) < needed:
        raise ValueError(
            f"the photograph {picture.shape} is too small: this figure needs {needed} pixels a side"
        )

    def bound(function):
        return lambda kernel, **sizes: function(picture, kernels[kernel], name=kernel, **sizes)

    controls = {
        "kernel": dropdown("Kernel", list(kernels), first),
        "stride": slider("Stride", 1, 1, MOST["stride"]),
        "padding": slider("Padding", 0, 0, MOST["padding"]),
        "dilation": slider("Dilation", 1, 1, MOST["dilation"]),
    }
    return InteractiveFigure(bound(draw), bound(describe), controls)


def describe(
    image, kernel, stride: int = 1, padding: int = 0, dilation: int = 1, name: str = "kernel"
) -> str:
    """The text alternative of `draw`."""
    sizes = [
        output_size(size, taps, stride, padding, dilation)
        for size, taps in zip(image.shape, kernel.shape, strict=True)
    ]
    return (
        f"A photograph of {image.shape[0]} × {image.shape[1]} pixels, filtered with the kernel '{name}', "
        f"stride {stride}, padding {padding}, dilation {dilation}, becomes {sizes[0]} × {sizes[1]} pixels."
    )


def draw(image, kernel, stride: int = 1, padding: int = 0, dilation: int = 1, name: str = "kernel") -> Figure:
    """The padded photograph, the places that the kernel reads, and the output, at the same pixel size.

    image: (H, W) in [0, 1]. kernel: (h, w).
    """
    output = cross_correlate(image, kernel, stride, padding, dilation)
    figure = Figure(figsize=(10, 5.9))
    room = {"bottom": 0.345, "top": 0.945}
    across = figure.add_gridspec(1, 2, left=0.055, right=0.915, wspace=0.12, **room)
    extent = [size + 2 * MOST["padding"] for size in image.shape]
    _draw_input(figure.add_subplot(across[0]), image, extent, padding)
    _draw_output(figure.add_subplot(across[1]), output, extent, kernel)
    below = figure.add_gridspec(
        1, 3, left=0.055, right=0.98, bottom=0.03, top=0.22, wspace=0.05, width_ratios=[0.9, 2.2, 3.4]
    )
    ax = figure.add_subplot(below[0])
    show_matrix(kernel, "kernel", fontsize=SMALL, signed=bool((kernel < 0).any()), ticks=False, ax=ax)
    _draw_taps(figure.add_subplot(below[1], anchor=(0.2, 0.5)), kernel.shape, stride, dilation)
    _write_sizes(figure.add_subplot(below[2]), image.shape, kernel.shape, stride, padding, dilation)
    return figure


def _place(ax, extent, size) -> None:
    """Limits in pixels that are the same for input and output, so that a smaller picture is drawn smaller."""
    for limits, most, now in ((ax.set_ylim, extent[0], size[0]), (ax.set_xlim, extent[1], size[1])):
        middle = (now - 1) / 2
        low, high = middle - most / 2, middle + most / 2
        limits(*((high, low) if limits == ax.set_ylim else (low, high)))
    ax.set_facecolor("#EEEEEE")
    ax.set_xticks(range(0, size[1], 40))
    ax.set_yticks(range(0, size[0], 40))
    ax.tick_params(labelsize=SMALL)
    ax.set_xlabel("column (pixels)", fontsize=TEXT)


def _draw_input(ax, image, extent, padding) -> None:
    height, width = image.shape
    ax.add_patch(
        Rectangle((-0.5 - padding, -0.5 - padding), width + 2 * padding, height + 2 * padding,
                  facecolor="black", edgecolor=HERE, linewidth=2 if padding else 0, zorder=-1)
    )  # fmt: skip
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _place(ax, extent, image.shape)
    with_padding = f" in a border of {padding} zeros" if padding else ""
    ax.set_title(f"Input: {height} × {width} pixels{with_padding}", fontsize=TITLE)
    ax.set_ylabel("row (pixels)", fontsize=TEXT)


def _draw_output(ax, output, extent, kernel) -> None:
    colours, label = output_colours(kernel, output)
    ax.imshow(output, cmap=colours.cmap, norm=colours.norm, interpolation="nearest")
    _place(ax, extent, output.shape)
    ax.set_title(f"Output: {output.shape[0]} × {output.shape[1]} pixels", fontsize=TITLE)
    bar = ax.get_figure().colorbar(colours, cax=ax.inset_axes([1.03, 0, 0.03, 1]))
    bar.set_label(label, fontsize=TEXT)
    bar.ax.tick_params(labelsize=SMALL)


def _draw_taps(ax, taps, stride, dilation) -> None:
    """Which pixels the kernel reads for one output pixel, and for the next one to the right."""
    rows, columns = ((MOST["dilation"] * (size - 1) + 1) for size in taps)
    columns += MOST["stride"]
    for shift, colour, size in ((stride, OKABE_ITO["sky blue"], 0.56), (0, HERE, 0.92)):
        for row in range(taps[0]):
            for column in range(taps[1]):
                corner = (column * dilation + shift - size / 2, row * dilation - size / 2)
                ax.add_patch(Rectangle(corner, size, size, facecolor=colour, zorder=2 if size > 0.6 else 4))
    cell_grid(ax, rows, columns, colour="#DDDDDD", ticks=False)
    ax.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")
    ax.set_title("Which pixels are read", fontsize=TITLE)
    ax.text(
        1.03,
        0.7,
        "■ for one\n   output pixel",
        color="#A06A00",
        fontsize=SMALL,
        va="center",
        transform=ax.transAxes,
    )
    ax.text(
        1.03,
        0.3,
        "■ for the next",
        color=OKABE_ITO["blue"],
        fontsize=SMALL,
        va="center",
        transform=ax.transAxes,
    )
    ax.spines[:].set_visible(False)


def _write_sizes(ax, image_size, kernel_size, stride, padding, dilation) -> None:
    ax.axis("off")
    ax.set_title(
        "output size = ⌊(size + 2 · padding − dilation · (kernel − 1) − 1) / stride⌋ + 1", fontsize=TEXT
    )
    for line, (side, size, taps) in enumerate(zip(("height", "width"), image_size, kernel_size, strict=True)):
        result = output_size(size, taps, stride, padding, dilation)
        exact = (size + 2 * padding - dilation * (taps - 1) - 1) / stride
        text = (
            f"{side} = ⌊({size} + 2 · {padding} − {dilation} · ({taps} − 1) − 1) / {stride}⌋ + 1"
            f" = ⌊{as_text(exact, 2)}⌋ + 1 = {result}"
        )
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": RESULT, "linewidth": 2}
        ax.text(0.5, 0.68 - 0.5 * line, text, ha="center", va="center", fontsize=10, bbox=box)
