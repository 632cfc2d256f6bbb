"""Drawing: every function draws on a matplotlib Axes (`ax=`, or a new figure) and returns it.

`with_text(axes, "what it shows")` as the last line of a cell shows the figure with its text alternative.
"""

from .curves import best_epoch, history_columns, plot_curves
from .images import compare_images, show_filters, show_image, show_images
from .matrices import plot_confusion, show_matrix
from .palette import OKABE_ITO
from .picture import Picture, with_text

__all__ = [
    "OKABE_ITO",
    "Picture",
    "best_epoch",
    "compare_images",
    "history_columns",
    "plot_confusion",
    "plot_curves",
    "show_filters",
    "show_image",
    "show_images",
    "show_matrix",
    "with_text",
]
