"""What training leaves to look at: numbers in lists, and pictures of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from nn import checks

_WORDS = {
    "ja": {
        "loss": "損失",
        "accuracy": "正解率",
        "epoch": "エポック",
        "train": "訓練",
        "test": "テスト",
        "each step": "各ステップ",
    }
}


_JAPANESE = ("IPAexGothic", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic")


class History(dict[str, list[Any]]):
    r"""A list for each column, with a number for each epoch: ``history["loss"]``.

    Columns: "epoch", counted from 1; "loss" and the metrics, means over the epoch's
    batches as they were met in training; the same of the test examples as "test_loss",
    ...; "lr", the learning rate of the last step.

    Attributes:
        steps: Columns with a number for each step: "step", "loss", "lr".
        watch: Columns with a number for each step that was looked at: "step",
            "output_spread", "gradient.<layer>", "dead.<layer>", "spread.<layer>".
        ended: "" while it runs; then "finished", "stopped early" or "interrupted".

    Example:
        >>> import nn
        >>> history = nn.History()
        >>> history.add("epochs", {"epoch": 1, "loss": 0.5})
        >>> history.to_csv("history.csv")
        >>> from pathlib import Path
        >>> Path("history.csv").read_text()
        'epoch,loss\n1,0.5\n'
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[str, list[Any]] = {}
        self.watch: dict[str, list[Any]] = {}
        self.ended = ""

    @property
    def tables(self) -> dict[str, dict[str, list[Any]]]:
        """The tables by name: "epochs" (the history itself), "steps" and "watch"."""
        return {"epochs": self, "steps": self.steps, "watch": self.watch}

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Append a row; the first one names the columns."""
        columns = self.tables[table]
        for name, value in row.items():
            columns.setdefault(name, []).append(value)

    def lengths(self) -> dict[str, int]:
        """How many rows each table has."""
        return {
            name: min([len(column) for column in table.values()], default=0)
            for name, table in self.tables.items()
        }

    def cut(self, lengths: Mapping[str, int]) -> None:
        """Go back to fewer rows."""
        for name, table in self.tables.items():
            for column in table.values():
                del column[lengths[name] :]
            if not lengths[name]:
                table.clear()

    def to_csv(self, path: str | os.PathLike[str], table: str = "epochs") -> None:
        """Write a table as comma-separated values.

        Args:
            path: Where to.
            table: "epochs", "steps" or "watch".
        """
        checks.choice("to_csv", "table", table, *self.tables)
        columns = self.tables[table]
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values()))

    def plot(self, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
        """Draw loss and metrics over the epochs; the path's ending says the format.

        Args:
            path: Where to, such as "history.png".
            lang: "en" or "ja" for the words; English where no Japanese font is.

        Returns:
            The path.

        Raises:
            ValueError: There is no epoch to draw.
            ModuleNotFoundError: matplotlib is not installed.
        """
        checks.choice("plot", "lang", lang, "en", "ja")
        if not self.get("epoch"):
            raise ValueError("plot: the history holds no epoch yet")
        metrics = [
            name
            for name in self
            if name not in ("epoch", "lr") and not name.startswith("test_")
        ]
        matplotlib = _matplotlib()
        known = set(import_module("matplotlib.font_manager").get_font_names())
        fonts = [font for font in _JAPANESE if font in known]
        words = _WORDS.get(lang, {}) if fonts else {}
        family = ["DejaVu Sans", *fonts] if words else ["DejaVu Sans"]
        with matplotlib.rc_context({"font.family": family}):
            size = (5.2 * len(metrics), 3.6)
            figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
            panels = figure.subplots(1, len(metrics), squeeze=False)
            for panel, name in zip(panels[0], metrics):
                self._draw(panel, name, words)
            figure.savefig(path, dpi=150)
        return Path(path)

    def _draw(self, panel: Any, name: str, words: Mapping[str, str]) -> None:
        epochs = self["epoch"]
        if name == "loss" and len(self.steps.get("loss", [])) > len(epochs):
            losses = self.steps["loss"]
            places = [epochs[-1] * (i + 1) / len(losses) for i in range(len(losses))]
            label = words.get("each step", "each step")
            panel.plot(places, losses, color="#c9d3df", linewidth=0.7, label=label)
        marker = "o" if len(epochs) <= 40 else ""
        for part, column, colour in (
            ("train", name, "#2f6fb0"),
            ("test", f"test_{name}", "#d9662b"),
        ):
            if column in self:
                label = words.get(part, part)
                panel.plot(
                    epochs,
                    self[column],
                    color=colour,
                    marker=marker,
                    markersize=3.5,
                    label=label,
                )
        panel.set_xlabel(words.get("epoch", "epoch"))
        panel.set_title(words.get(name, name))
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(color="#e6e6e6", linewidth=0.8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False)


def _matplotlib() -> Any:
    try:
        import_module("matplotlib.figure")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "plot: needs matplotlib; install it with: pip install 'tinygrad_jp[nn]'"
        ) from error
    return import_module("matplotlib")
