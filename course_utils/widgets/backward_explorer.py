"""Which outputs does this pixel touch, and through which weights does its gradient return?

Lesson 03. The gradient of pixel (p, q) is the sum of grad_out[i, j] · kernel[a, b] over all windows (i, j)
that hold it, where (a, b) is its place in the window: a = p + padding − i · stride, b likewise.
"""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.plots.matrices import as_text, cell_grid, frame
from course_utils.plots.palette import HERE, MUTED, OKABE_ITO, RESULT, SMALL, TEXT, TITLE

from .kernels import output_size
from .pattern import InteractiveFigure, slider

ROWS, COLUMNS = 7, 8  # of the image
LARGEST = 4  # kernel
TOUCHED = OKABE_ITO["sky blue"]


def backward_explorer(row: int = 2, column: int = 3, kernel: int = 3, stride: int = 2, padding: int = 1):
    """Choose a pixel, a square kernel, stride and padding; see what the pixel's gradient is made of."""
    controls = {
        "row": slider("pixel, row", row, 0, ROWS - 1),
        "column": slider("pixel, column", column, 0, COLUMNS - 1),
        "kernel": slider("kernel size", kernel, 1, LARGEST),
        "stride": slider("stride", stride, 1, 3),
        "padding": slider("padding", padding, 0, 2),
    }
    return InteractiveFigure(draw, describe, controls)


def paths(row: int, column: int, kernel: int, stride: int, padding: int) -> list[tuple[int, int, int, int]]:
    """(i, j, a, b): each output (i, j) that the pixel touches, and the place (a, b) of the weight between."""
    found = []
    for i in range(output_size(ROWS, kernel, stride, padding)):
        for j in range(output_size(COLUMNS, kernel, stride, padding)):
            a, b = row + padding - i * stride, column + padding - j * stride
            if 0 <= a < kernel and 0 <= b < kernel:
                found.append((i, j, a, b))
    return found


def describe(row: int, column: int, kernel: int, stride: int, padding: int) -> str:
    """The text alternative of `draw`."""
    found = paths(row, column, kernel, stride, padding)
    setting = f"Kernel {kernel} × {kernel}, stride {stride}, padding {padding}"
    if not found:
        return (
            f"{setting}: pixel ({row}, {column}) lies in no window and touches no output; its gradient is 0."
        )
    first_i, first_j, first_a, first_b = found[0]
    outputs = "1 output" if len(found) == 1 else f"{len(found)} outputs"
    return (
        f"{setting}: pixel ({row}, {column}) touches {outputs}; for example output ({first_i}, {first_j}) "
        f"sends its gradient back through the weight at row {first_a}, column {first_b} of the kernel."
    )


def draw(row: int, column: int, kernel: int, stride: int, padding: int) -> Figure:
    """Three grids, image, outputs and kernel, with what belongs to the pixel coloured; below, the sum."""
    found = paths(row, column, kernel, stride, padding)
    figure = Figure(figsize=(9.2, 4.9))
    grids = figure.add_gridspec(
        1, 3, left=0.06, right=0.98, bottom=0.3, top=0.9, wspace=0.22, width_ratios=[12, 10, 5]
    )
    _draw_image(figure.add_subplot(grids[0]), row, column, kernel, stride, padding, found)
    _draw_outputs(figure.add_subplot(grids[1]), kernel, stride, padding, found)
    _draw_kernel(figure.add_subplot(grids[2]), kernel, found)
    _write_sum(figure, row, column, found)
    return figure


def _empty(ax, height: int, width: int, title: str) -> None:
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    cell_grid(ax, height, width)
    ax.set_title(title, fontsize=TITLE)
    ax.set_xlabel("column", fontsize=TEXT)
    ax.set_ylabel("row", fontsize=TEXT)


def _fill(ax, row: int, column: int, colour: str, alpha: float = 1.0) -> None:
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=alpha, zorder=1))


def _draw_image(ax, row, column, kernel, stride, padding, found) -> None:
    """The padded image; the windows that hold the pixel are framed; a few are drawn one inside another."""
    height, width = ROWS + 2 * padding, COLUMNS + 2 * padding
    _empty(ax, height, width, "Image; frames: windows that hold the pixel")
    for r in range(height):
        for c in range(width):
            if not (padding <= r < padding + ROWS and padding <= c < padding + COLUMNS):
                _fill(ax, r, c, "#DDDDDD")
    for number, (i, j, _a, _b) in enumerate(found):
        inset = 0.06 + 0.09 * number if len(found) <= 4 else 0.08  # many are told apart by their places
        corner = (j * stride - 0.5 + inset, i * stride - 0.5 + inset)
        size = kernel - 2 * inset
        ax.add_patch(
            Rectangle(corner, size, size, fill=False, edgecolor=OKABE_ITO["blue"], linewidth=1.3, zorder=5)
        )
    _fill(ax, row + padding, column + padding, HERE)
    _number(ax, height, width, padding)


def _number(ax, height: int, width: int, padding: int) -> None:
    """Rows and columns numbered as those of the image: the padding lies before 0 and after the end."""
    ax.set_yticks(range(height), [as_text(r - padding, 0) for r in range(height)])
    ax.set_xticks(range(width), [as_text(c - padding, 0) for c in range(width)])
    ax.tick_params(labelsize=SMALL)
    ax.set_xlabel("column (grey: padding)" if padding else "column", fontsize=TEXT)


def _draw_outputs(ax, kernel, stride, padding, found) -> None:
    height, width = (output_size(side, kernel, stride, padding) for side in (ROWS, COLUMNS))
    _empty(ax, height, width, f"Outputs: {len(found)} of {height * width} touched")
    for i, j, a, b in found:
        _fill(ax, i, j, TOUCHED)
        ax.text(j, i, f"w{a}{b}", ha="center", va="center", fontsize=TEXT)


def _draw_kernel(ax, kernel, found) -> None:
    used = {(a, b) for _i, _j, a, b in found}
    _empty(ax, kernel, kernel, "Weights used")
    for a in range(kernel):
        for b in range(kernel):
            if (a, b) in used:
                _fill(ax, a, b, TOUCHED)
            ax.text(b, a, f"w{a}{b}", ha="center", va="center", fontsize=TEXT,
                    color="black" if (a, b) in used else MUTED)  # fmt: skip
    ax.add_patch(frame(0, 0, kernel, kernel, colour=OKABE_ITO["blue"], width=1.3))


def _write_sum(figure, row: int, column: int, found) -> None:
    """The pixel's gradient as a sum, six terms a line: three lines for a 4 × 4 kernel with stride 1."""
    terms = [f"g[{i},{j}]·w{a}{b}" for i, j, a, b in found] or ["0, for it lies in no window"]
    lines = [" + ".join(terms[start : start + 6]) for start in range(0, len(terms), 6)]
    text = f"∂L/∂x[{row},{column}] = " + " +\n      ".join(lines)
    box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": RESULT, "linewidth": 2}
    figure.text(0.5, 0.105, text, ha="center", va="center", fontsize=10, bbox=box)
