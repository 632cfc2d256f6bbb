"""What happened in each epoch of a run. Lesson 06, 'The curves'."""

from __future__ import annotations

from collections.abc import Iterator

COLUMNS = ("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy")


class History:
    """One row an epoch; `history["val_loss"]` is a column, `history[-1]` a row.

    The training figures are means over the epoch's batches, taken while the weights were still
    changing and in training mode; the validation figures are taken after the epoch's last step.
    With `fit`, the training loss is what was minimised, label smoothing and mixing of pictures included,
    and the training accuracy counts the first of two mixed labels: set neither beside the validation's.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def add(
        self, epoch: int, *, train_loss: float, train_accuracy: float, val_loss: float, val_accuracy: float
    ) -> None:
        """Append the figures of one epoch (counted from 1)."""
        values = (epoch, train_loss, train_accuracy, val_loss, val_accuracy)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def __getitem__(self, key: str | int) -> list[float] | dict[str, float]:
        """A column by its name, or an epoch's row by its position.

        Raises:
            KeyError: `key` is no column; the message names those there are.
        """
        if not isinstance(key, str):
            return self.rows[key]
        if key not in COLUMNS:
            raise KeyError(f"no column {key!r}; there are {', '.join(COLUMNS)}")
        return [row[key] for row in self.rows]

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs yet)"
        last = self.rows[-1]
        return (
            f"History({len(self)} epochs; last: train loss {last['train_loss']:.3f}, "
            f"val loss {last['val_loss']:.3f}, val accuracy {last['val_accuracy']:.1%})"
        )
