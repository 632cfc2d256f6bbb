"""One step of a convolution at a time: the products under the kernel, their sum, and the output filling in.

Lesson 02. As in the layers of PyTorch the kernel is used as it stands (cross-correlation); stride 1, no
padding.
"""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.plots.matrices import as_text, cell_grid, frame, show_matrix
from course_utils.plots.palette import HERE, MUTED, RESULT, SMALL, TEXT, TITLE

from .kernels import choose_kernels, cross_correlate, output_colours
from .pattern import InteractiveFigure, dropdown, slider
from .photographs import at_most, cat_eye, grey_picture

LONGEST = 18  # pixels of the longer side: each must be big enough to be seen


def convolution_stepper(image=None, kernel=None) -> InteractiveFigure:
    """Step a kernel over a small photograph.

    image: a photograph in any form that `show_image` takes; made grey and shrunk to at most 18 pixels a side.
        Without one: the eye of a cat.
    kernel: numbers (height, width) up to 5 × 5, or the name of a kernel; more can be chosen in the figure.
    """
    picture = cat_eye() if image is None else at_most(grey_picture(image), LONGEST)
    picture = np.round(picture, 2)  # what is printed in a cell is what is multiplied
    kernels, first = choose_kernels(kernel)
    for name, weights in kernels.items():
        if any(k > size for k, size in zip(weights.shape, picture.shape, strict=True)):
            raise ValueError(
                f"the kernel {name!r} {weights.shape} does not fit into the picture {picture.shape}"
            )

    def last(name: str) -> int:
        return cross_correlate(picture, kernels[name]).size - 1

    name = dropdown("Kernel", list(kernels), first)
    position = slider("Position", last(first) * 2 // 5, 0, last(first))
    play = ipywidgets.Play(interval=400, min=0, max=last(first), value=position.value)
    play.layout.width = "auto"
    ipywidgets.jslink((play, "value"), (position, "value"))

    def new_range(change) -> None:
        position.max = play.max = last(change["new"])

    name.observe(new_range, names="value")

    def draw_state(kernel: str, position: int) -> Figure:
        return draw(picture, kernels[kernel], min(position, last(kernel)), kernel)

    def describe_state(kernel: str, position: int) -> str:
        return describe(picture, kernels[kernel], min(position, last(kernel)), kernel)

    return InteractiveFigure(
        draw_state, describe_state, {"kernel": name, "position": position}, extra=(play,)
    )


def describe(image: np.ndarray, kernel: np.ndarray, position: int, name: str = "kernel") -> str:
    """The text alternative of `draw`."""
    output = cross_correlate(image, kernel)
    row, column = np.unravel_index(position, output.shape)
    return (
        f"The kernel '{name}' lies on the image with its top left corner at row {row}, column {column}; "
        f"the {kernel.size} products add up to {as_text(output[row, column], 3)}, which becomes the output "
        f"at row {row}, column {column}: pixel {position + 1} of {output.size}."
    )


def draw(image: np.ndarray, kernel: np.ndarray, position: int, name: str = "kernel") -> Figure:
    """The step at which output pixel number `position`, counted row by row from 0, is computed.

    image: (H, W) in [0, 1]. kernel: (h, w).
    """
    output = cross_correlate(image, kernel)
    row, column = (int(index) for index in np.unravel_index(position, output.shape))
    height, width = kernel.shape
    figure = Figure(figsize=(10, 6.3))
    top = figure.add_gridspec(
        1, 2, left=0.05, right=0.915, bottom=0.4, top=0.945, wspace=0.1,
        width_ratios=[image.shape[1], output.shape[1]],
    )  # fmt: skip
    _draw_image(figure.add_subplot(top[0], anchor="N"), image, row, column, kernel.shape)
    _draw_output(figure.add_subplot(top[1], anchor="N"), output, kernel, row, column)
    _draw_sum(figure, image[row : row + height, column : column + width], kernel, name, row, column)
    return figure


def _draw_image(ax, image, row, column, size) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=1)
    cell_grid(ax, *image.shape)
    ax.add_patch(frame(row, column, *size, colour=HERE, width=4))
    ax.set_title("Image: 0 is black, 1 is white", fontsize=TITLE)
    ax.set_xlabel("column (pixels)", fontsize=SMALL)
    ax.set_ylabel("row (pixels)", fontsize=SMALL)


def _draw_output(ax, output, kernel, row, column) -> None:
    rows, columns = output.shape
    colours, label = output_colours(kernel, output)
    painted = colours.to_rgba(output)
    ax.imshow(painted, interpolation="nearest")
    cell_grid(ax, rows, columns, colour="#BBBBBB")
    waiting = {"facecolor": "white", "edgecolor": "#BBBBBB", "hatch": "////", "linewidth": 0, "zorder": 4}
    ax.add_patch(Rectangle((column + 0.5, row - 0.5), columns - column - 1, 1, **waiting))
    ax.add_patch(Rectangle((-0.5, row + 0.5), columns, rows - row - 1, **waiting))
    ax.add_patch(frame(row, column, 1, 1, colour=RESULT, width=4))
    ax.set_title(f"Output: pixel {row * columns + column + 1} of {output.size}", fontsize=TITLE)
    ax.set_xlabel("column (pixels); hatched: still to come", fontsize=SMALL)
    bar = ax.get_figure().colorbar(colours, cax=ax.inset_axes([1.03, 0, 0.03, 1]))
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)


def _draw_sum(figure, window, kernel, name, row, column) -> None:
    """The bottom row: window × kernel = products, and their sum."""
    products = window * kernel
    total = products.sum()
    matrices = (
        ("pixels in the frame", window, {"signed": False, "reach": 1.0}),
        ("kernel", kernel, {"signed": bool((kernel < 0).any())}),
        (
            f"{kernel.size} products",
            products,
            {"signed": bool((kernel < 0).any()), "reach": max(1.0, np.abs(products).max())},
        ),
    )
    bottom = figure.add_gridspec(
        1, 4, left=0.05, right=0.98, bottom=0.06, top=0.3, wspace=0.3, width_ratios=[1, 1, 1, 1.5]
    )
    for index, (title, values, style) in enumerate(matrices):
        ax = figure.add_subplot(bottom[index])
        digits = 3 if index == 2 else 2
        show_matrix(
            values,
            title,
            digits=digits,
            fontsize=10 if max(kernel.shape) < 4 else SMALL,
            ax=ax,
            ticks=False,
            **style,
        )
        colour = HERE if index == 0 else MUTED
        ax.spines[:].set(color=colour, linewidth=3 if index == 0 else 1)
        if index == 1:
            ax.set_xlabel(name, fontsize=TEXT)
        ax.text(1.14, 0.5, "×=="[index], transform=ax.transAxes, ha="center", va="center", fontsize=20)
    ax = figure.add_subplot(bottom[3])
    ax.axis("off")
    shown = sum(float(f"{value:.3f}") for value in products.flat)
    sign = "=" if abs(shown - total) < 5e-4 else "≈"
    ax.text(0.5, 0.86, "sum of the products", transform=ax.transAxes, ha="center", fontsize=TITLE)
    box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": RESULT, "linewidth": 4}
    text = f"out[{row}, {column}] {sign} {as_text(total, 3)}"
    ax.text(0.5, 0.56, text, transform=ax.transAxes, ha="center", va="center", fontsize=14, bbox=box)
    rule = "out[i, j] = Σ kernel[a, b] · image[i + a, j + b]"  # mathtext would take a third of the time
    ax.text(0.5, 0.15, rule, transform=ax.transAxes, ha="center", va="center", fontsize=TEXT)
    note = "the kernel is not flipped: cross-correlation"
    ax.text(0.5, 0.0, note, transform=ax.transAxes, ha="center", va="center", fontsize=TEXT, color=MUTED)
