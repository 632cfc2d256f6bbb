"""A still picture with a text alternative, as one mime bundle."""

import io
import sys

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .palette import DPI


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as a PNG file. A figure of pyplot's is closed: it is neither shown twice nor kept."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return buffer.getvalue()


def smaller_png(png: bytes, colours: int = 200) -> bytes:
    """The same picture with a palette of `colours` colours: half of the bytes in a notebook."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        # Median cut keeps the shades of photographs, which the faster octree shifts; dithering costs bytes.
        flat = picture.convert("RGB").quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        flat.save(buffer, format="PNG", optimize=True)
    return min(png, buffer.getvalue(), key=len)


class Picture:
    """A figure as a PNG together with the sentence that says what it shows.

    A notebook that is saved with it shows the picture everywhere, a screen reader reads the sentence, and
    nbval compares the sentence (it never compares pictures).
    """

    def __init__(self, png: bytes, alternative: str):
        self.png = png
        self.alternative = alternative

    def __repr__(self) -> str:
        return self.alternative

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"image/png": self.png, "text/plain": self.alternative}
        return data, {"image/png": {"alt": self.alternative}}


def with_text(drawing: Axes | Figure, alternative: str) -> Picture:
    """Show a figure together with its text alternative: make it the last line of a cell.

    `drawing` is a figure or any axes in it. `alternative` is one sentence that says what can be seen, for
    those who cannot see it. It must not hold a number that differs between machines, because nbval compares
    it.
    """
    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure(root=True)
    sentence = " ".join(alternative.split())
    if not sentence:
        raise ValueError("the text alternative is empty: say in one sentence what the picture shows")
    return Picture(smaller_png(to_png(figure)), sentence)
