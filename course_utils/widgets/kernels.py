"""The kernels that the figures offer, and cross-correlation in NumPy for pictures of one channel."""

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from course_utils.plots.palette import SIGNED

# The weights have one decimal at most, so that nine products can be checked by hand to the last digit.
KERNELS = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[0.1, 0.1, 0.1], [0.1, 0.2, 0.1], [0.1, 0.1, 0.1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "vertical edges (Sobel)": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "horizontal edges (Sobel)": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "all edges (Laplacian)": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}
YOURS = "your kernel"


def choose_kernels(kernel) -> tuple[dict[str, np.ndarray], str]:
    """All kernels by name, and the name to begin with: the given one, or the vertical edges.

    kernel: None, a name from `KERNELS`, or numbers (kernel height, kernel width) up to 5 × 5.
    """
    kernels = {name: np.array(values, dtype=float) for name, values in KERNELS.items()}
    if kernel is None:
        return kernels, "vertical edges (Sobel)"
    if isinstance(kernel, str):
        if kernel not in kernels:
            raise ValueError(f"no kernel is called {kernel!r}; there are {', '.join(kernels)}")
        return kernels, kernel
    if hasattr(kernel, "detach"):
        kernel = kernel.detach().cpu().numpy()
    array = np.array(kernel, dtype=float)
    while array.ndim > 2 and array.shape[0] == 1:  # the weight of a layer with one channel in and one out
        array = array[0]
    if array.ndim != 2 or array.size == 0 or max(array.shape) > 5:
        raise ValueError(
            f"a kernel for this figure is one channel, (height, width), at most 5 × 5, not {array.shape}"
        )
    return {YOURS: array, **kernels}, YOURS


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, the formula of lesson 02."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def cross_correlate(image, kernel, stride: int = 1, padding: int = 0, dilation: int = 1) -> np.ndarray:
    """Slide `kernel` (h, w), as it stands, over `image` (H, W) padded with zeros."""
    padded = np.pad(np.asarray(image, dtype=float), padding)
    rows, columns = (
        output_size(size, taps, stride, padding, dilation)
        for size, taps in zip(np.shape(image), np.shape(kernel), strict=True)
    )
    if rows < 1 or columns < 1:
        raise ValueError(
            f"the kernel does not fit into a picture of {np.shape(image)} with padding {padding}"
        )
    total = np.zeros((rows, columns))
    for (i, j), weight in np.ndenumerate(kernel):
        top, left = i * dilation, j * dilation
        total += (
            weight
            * padded[top : top + stride * rows : stride, left : left + stride * columns : stride][
                :rows, :columns
            ]
        )
    return total


def output_colours(kernel, output) -> tuple[ScalarMappable, str]:
    """How to show an output, and the label of its scale; the same for every position of the kernel.

    Weights that sum to one keep the brightness of a photograph: grey from 0 to 1, what is beyond is clipped.
    Other kernels with a weight below zero: blue below zero, white at zero, vermillion above.
    """
    reach = float(np.abs(output).max()) or 1.0
    if abs(np.sum(kernel) - 1) < 1e-6:
        beyond = output.min() < 0 or output.max() > 1
        label = "output value (clipped to 0 … 1)" if beyond else "output value"
        return ScalarMappable(Normalize(0, 1), colormaps["gray"]), label
    if np.min(kernel) < 0:
        return ScalarMappable(Normalize(-reach, reach), SIGNED), "output value"
    return ScalarMappable(Normalize(0, reach), colormaps["gray"]), "output value"
