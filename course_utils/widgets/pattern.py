"""The one pattern of every interactive figure: controls → draw(**state) → Figure → PNG → one Image widget.

It needs nothing but ipywidgets (7.7 or 8), so it works in JupyterLab, VS Code and Colab; where no kernel runs
(GitHub, a page of HTML) the same output shows the still picture, and a screen reader reads the text
alternative.
"""

import html
from collections.abc import Callable, Mapping

import ipywidgets
from matplotlib.figure import Figure

from course_utils.plots.palette import DPI
from course_utils.plots.picture import smaller_png, to_png

LIVE_DPI = (
    130  # drawn finer than shown, so that text stays sharp where the page is narrow or the screen is fine
)
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class InteractiveFigure:
    """A picture that is drawn anew whenever a control moves. The last line of a cell shows it.

    draw: called with the value of every control under its name; returns a matplotlib Figure. It should need
    less than
        about 0.15 s: the page sends the next position of a dragged slider when the last one has been drawn.
    describe: called with the same values; returns one sentence, the text alternative. It is shown below the
    picture,
        read by screen readers, and compared by nbval, so it holds no number that differs between machines.
    controls: name → a widget with a `value`, shown above the picture in this order.
    extra: widgets without a value of their own in the picture (a play button), shown before the controls.

    Attributes: controls, image (the ipywidgets.Image), view (everything), state, alternative.
    """

    def __init__(
        self,
        draw: Callable[..., Figure],
        describe: Callable[..., str],
        controls: Mapping[str, ipywidgets.Widget],
        extra: tuple[ipywidgets.Widget, ...] = (),
    ):
        self._draw, self._describe = draw, describe
        self.controls = dict(controls)
        self.image = ipywidgets.Image(format="png")
        self.image.layout.max_width = "100%"
        # A picture in a flex box would be squeezed to the height of the box instead of keeping its shape.
        self.image.layout.align_self = "flex-start"
        self.image.layout.height = "auto"
        self._caption = ipywidgets.HTML()
        for control in self.controls.values():
            control.observe(self._update, names="value")
        panel = ipywidgets.HBox([*extra, *self.controls.values()])
        panel.layout.flex_flow = "row wrap"
        self.view = ipywidgets.VBox([panel, self.image, self._caption])
        self._update()

    @property
    def state(self) -> dict[str, object]:
        """The value of every control under its name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def alternative(self) -> str:
        """The text alternative of the picture as it stands."""
        return " ".join(self._describe(**self.state).split())

    def _update(self, change=None) -> None:
        figure = self._draw(**self.state)
        self.image.width = str(round(figure.get_figwidth() * DPI))
        self.image.value = to_png(figure, LIVE_DPI)
        text = self.alternative
        # role=status lets a screen reader say the new sentence when a control has moved.
        self._caption.value = f'<div role="status" style="line-height: 1.4">{html.escape(text)}</div>'
        # No tooltip on the image: ipywidgets 8 in the browser then asks for its description, which an image
        # does not have, and shows an error in place of the picture.

    def __repr__(self) -> str:
        return self.alternative

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.view.model_id}
        data = {
            WIDGET_VIEW: view,
            "image/png": smaller_png(to_png(self._draw(**self.state))),
            "text/plain": self.alternative,
        }
        return data, {"image/png": {"alt": self.alternative}}


def slider(label: str, value, low, high, step=1, *, width: str = "21rem", readout_format: str | None = None):
    """A labelled slider: whole numbers if `step` is one, otherwise decimals."""
    kind = ipywidgets.IntSlider if isinstance(step, int) else ipywidgets.FloatSlider
    options = {} if readout_format is None else {"readout_format": readout_format}
    made = kind(value=value, min=low, max=high, step=step, description=label, **options)
    return _laid_out(made, width)


def dropdown(label: str, options, value, *, width: str = "21rem"):
    """A labelled list to choose from; `options` are names, or pairs (name, value)."""
    return _laid_out(ipywidgets.Dropdown(options=options, value=value, description=label), width)


def _laid_out(control, width: str):
    control.layout.width = width
    control.layout.flex = "0 0 auto"  # the next line, not a control squeezed until its text is cut
    control.style.description_width = "7rem"
    return control
