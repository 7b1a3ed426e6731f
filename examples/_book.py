"""例に共通の道具 / What the examples share: options, data, text and figures.

各例は `python examples/ch03_forward.py` のように動きます。共通のオプション:
Each example runs by itself, with these options:

    --out DIR     図を置く場所 / where the pictures go
    --mnist DIR   MNIST の 4 つの IDX ファイル / the four IDX files; without them the
                  8x8 digits of scikit-learn are learned
    --quick       数秒で / in seconds, to see that it runs
    --full        本と同じ規模で / at the size of the book's figures
    --seed N      乱数の種 / of all random numbers

図と説明は `--out` の中の JSON に並べられ、`examples/book.py` が目次にまとめます。
Figures and captions are listed in a JSON file in `--out`, of which `examples/book.py`
makes one page.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import _plots
import numpy as np
from matplotlib.figure import Figure

import nn
import tinygrad_jp as tg


class Page:
    """1 つの例 / One example: its options, and what it shows.

    Attributes:
        name: The file's name, such as "ch03_forward".
        out: Where its pictures go.
        size: "quick", "normal" or "full".
        rng: The source of all its randomness.
        options: All options, those of `extra` among them.
    """

    def __init__(self, file: str, doc: str | None, **extra: dict[str, Any]) -> None:
        self.name = Path(file).stem
        self.title = (doc or self.name).strip().splitlines()[0]
        parser = argparse.ArgumentParser(
            description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--out", type=Path, default=Path("out"))
        parser.add_argument(
            "--mnist", type=Path, default=os.environ.get("MNIST") or None
        )
        sizes = parser.add_mutually_exclusive_group()
        for size in ("quick", "full"):
            sizes.add_argument(
                f"--{size}", dest="size", action="store_const", const=size
            )
        parser.set_defaults(size="normal")
        parser.add_argument("--seed", type=int, default=0)
        for option, settings in extra.items():
            parser.add_argument(f"--{option.replace('_', '-')}", **settings)
        self.options = parser.parse_args()
        self.out: Path = self.options.out
        self.size: str = self.options.size
        self.rng = np.random.default_rng(self.options.seed)
        self._shown: list[dict[str, str]] = []
        self._list()
        print(f"\n{self.title}\n")

    def _list(self) -> None:
        """図を並べておく / Note title and figures for `examples/book.py`."""
        self.out.mkdir(parents=True, exist_ok=True)
        listed = {"title": self.title, "figures": self._shown}
        listing = self.out / f"{self.name}.json"
        listing.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")

    def pick(self, quick: Any, normal: Any, full: Any) -> Any:
        """規模に応じた値 / The value for the size that was asked for."""
        return {"quick": quick, "normal": normal, "full": full}[self.size]

    # --- 文章 / text -----------------------------------------------------------------

    def say(self, japanese: str, english: str, result: object = None) -> None:
        """2 言語で 1 行 / Print a line in both languages, and a result after it."""
        both = f"{japanese} / {english}" if japanese != english else english
        if result is None:
            print(f"  {both}")
            return
        lines = str(result).splitlines()
        if len(lines) == 1 and len(both) + len(lines[0]) < 90:
            print(f"  {both}: {lines[0]}")
            return
        print(f"  {both}:")
        for line in lines:
            print(f"      {line}")

    # --- 図 / figures ----------------------------------------------------------------

    def show(self, picture: Any, name: str, japanese: str, english: str) -> Path:
        """図を保存する / Save a figure or a drawing under a name, with its caption."""
        path = self.out / name
        if isinstance(picture, Figure):
            _plots.save(picture, path)
        else:
            path = picture.save(path)  # グラフ / a graph; .dot without an engine
        self._shown.append({"file": path.name, "ja": japanese, "en": english})
        self._list()
        print(f"  → {path}")
        return path

    # --- データ / data ---------------------------------------------------------------

    @property
    def has_mnist(self) -> bool:
        """MNIST が指定されたか / Whether there is a folder with MNIST."""
        return self.options.mnist is not None

    def images(
        self,
        *,
        train: int | None = None,
        test: int | None = None,
        flatten: bool = True,
    ) -> nn.Dataset:
        """手書き数字 / Digits: MNIST where its folder is given, else those of 8x8.

        Args:
            train: How many to learn from at most; all where it is None.
            test: How many to be tested with at most.
            flatten: Whether a picture is a row, or (1, rows, columns).
        """
        if self.has_mnist:
            try:
                data = nn.mnist(self.options.mnist, flatten=flatten)
            except (OSError, ValueError) as error:
                raise SystemExit(f"{self.name}: {error}") from None
            source = "MNIST"
        else:
            data = nn.digits(rng=np.random.default_rng(self.options.seed))
            if not flatten:
                data = nn.Dataset(_as_pictures(data.train), _as_pictures(data.test))
            source = "8x8 digits (scikit-learn)"
        some = nn.Dataset(
            data.train.first(train or len(data.train)),
            data.test.first(test or len(data.test)),
        )
        counts = f"{len(some.train):,} + {len(some.test):,}"
        self.say("データ", "data", f"{source}, {counts}")
        return some


def _as_pictures(examples: nn.Examples) -> nn.Examples:
    side = round(examples.x.shape[1] ** 0.5)
    return nn.Examples(examples.x.reshape(-1, 1, side, side), examples.t)


def accuracy(model: nn.Module, examples: nn.Examples, batch_size: int = 1000) -> float:
    """正解率 / The part of the examples whose largest score is at their label."""
    right = 0
    training = model.training
    model.eval()
    with tg.no_grad():
        for x, t in nn.batches(examples.x, examples.t, batch_size, rng=None):
            right += int((model(x).numpy().argmax(axis=1) == t).sum())
    model.train(training)
    return right / len(examples)
