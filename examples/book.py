"""本を通して / The whole book: every example in its order, and one page of pictures.

    make book          15 分以内 / everything at a size for an evening, in minutes
    make book-full     本の規模で / at the size of the book's figures
    python examples/book.py --only ch05,xor

`out/book/index.html` に、すべての図と出力が並びます。
All pictures and all text stand in `out/book/index.html`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
CHAPTERS = [
    "ch02_gates",
    "ch03_activations",
    "ch03_forward",
    "ch03_mnist",
    "ch04_numerical_gradient",
    "ch04_gradient_descent",
    "ch04_two_layer_net",
    "ch05_apple",
    "ch05_backprop_net",
    "ch05_gradient_check",
    "ch06_optimizers_valley",
    "ch06_optimizers_mnist",
    "ch06_initial_values",
    "ch06_batch_norm",
    "ch06_weight_decay",
    "ch06_dropout",
    "ch06_hyperparameters",
    "ch07_convolution",
    "ch07_simple_convnet",
    "ch08_deep_convnet",
]
CASES = ["softmax_axis", "save_and_look", "xor_plateau", "slides", "compare"]
WHATS = ["activation", "init", "rate", "depth", "optimizer", "data"]

STYLE = """
:root { color-scheme: light dark; --ink: #1e293b; --paper: #fff; --quiet: #526077;
  --line: #dbe2ea; --card: #f7f9fb }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e9f0; --paper: #14181f;
  --quiet: #9aa7b8; --line: #333c49; --card: #1b212a } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.6 system-ui, "Hiragino Sans",
  "Noto Sans CJK JP", IPAexGothic, sans-serif }
h1 { font-size: 1.6rem }
h2 { font-size: 1.2rem; margin: 3rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line) }
nav a { display: inline-block; margin: 0 1rem .3rem 0 } a { color: #2563eb }
@media (prefers-color-scheme: dark) { a { color: #8db4ff } }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px }
figure { margin: 1.2rem 0 } figcaption { color: var(--quiet); font-size: .9rem }
img { max-width: 100%; border-radius: 6px } .wrong { color: #c2185b; font-weight: bold }
"""


def main() -> int:
    """順に動かし、目次を書く / Run them in order, and write the index."""
    options = read_options()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for script, arguments in chosen(options.only):
        name = "_".join([script.stem, *arguments[1::2]])
        print(f"{name} ...", end=" ", flush=True)
        result = run(script, arguments, out / name, options)
        print(f"{result['seconds']:.1f} s", "" if result["right"] else "WRONG")
        if not result["right"]:
            print(result["text"])
        results.append({"name": name, **result})
    page = out / "index.html"
    page.write_text(index(results), encoding="utf-8")
    total = sum(result["seconds"] for result in results)
    print(f"\n{len(results)} examples, {total:.0f} s; {page}")
    return 0 if all(result["right"] for result in results) else 1


def chosen(only: list[str]) -> list[tuple[Path, list[str]]]:
    """動かすもの / What to run: chapters first, then the readers' cases."""
    scripts: list[tuple[Path, list[str]]] = []
    for path in [HERE / f"{name}.py" for name in CHAPTERS + CASES]:
        if path.stem == "compare":
            scripts += [(path, ["--what", what]) for what in WHATS]
        else:
            scripts.append((path, []))
    if not only:
        return scripts
    return [s for s in scripts if any(part in s[0].stem for part in only)]


def run(script: Path, arguments: list[str], out: Path, options) -> dict:
    """1 つの例を動かす / Run one example, and take what it printed and showed."""
    command = [sys.executable, str(script), "--out", str(out), *arguments]
    if options.mnist:
        command += ["--mnist", str(options.mnist)]
    if options.size:
        command.append(f"--{options.size}")
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    listing = out / f"{script.stem}.json"
    shown = {"title": script.stem, "figures": []}
    if done.returncode == 0 and listing.exists():
        shown = json.loads(listing.read_text(encoding="utf-8"))
    shown["title"] = " ".join([shown["title"], *arguments[1:]])
    for figure in shown["figures"]:
        figure["file"] = f"{out.name}/{figure['file']}"
    text = re.sub(r"\n  → .*", "", done.stdout).strip("\n")
    if done.returncode:
        text += f"\n{done.stderr[-3000:]}"
    words = [f"python examples/{script.name}", *arguments]
    words += [f"--{options.size}"] * bool(options.size)
    return {
        "command": " ".join(words),
        "right": done.returncode == 0,
        "seconds": seconds,
        "text": text,
        **shown,
    }


def index(results: list[dict]) -> str:
    """目次のページ / The page of all pictures."""
    links = [f'<a href="#{r["name"]}">{escape(r["title"])}</a>' for r in results]
    parts = [part(result) for result in results]
    return (
        '<!doctype html><html lang="ja"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>tinygrad_jp: 本を通して</title><style>{STYLE}</style>"
        "<h1>『ゼロから作る Deep Learning』を tinygrad_jp で<br>The book, with "
        f"tinygrad_jp</h1><nav>{''.join(links)}</nav>{''.join(parts)}</html>"
    )


def part(result: dict) -> str:
    """1 つの例の節 / The section of one example."""
    figures = [
        f'<figure><img src="{escape(f["file"])}" alt="{escape(f["en"])}">'
        f"<figcaption>{escape(f['ja'])}<br>{escape(f['en'])}</figcaption></figure>"
        for f in result["figures"]
    ]
    wrong = "" if result["right"] else '<p class="wrong">失敗 / failed</p>'
    return (
        f'<h2 id="{result["name"]}">{escape(result["title"])}</h2>{wrong}'
        f"<p><code>{escape(result['command'])}</code> ({result['seconds']:.1f} s)</p>"
        f"{''.join(figures)}<pre>{escape(result['text'])}</pre>"
    )


def read_options() -> argparse.Namespace:
    """コマンドラインを読む / Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/book"))
    parser.add_argument("--mnist", type=Path, default=os.environ.get("MNIST") or None)
    sizes = parser.add_mutually_exclusive_group()
    for size in ("quick", "full"):
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size)
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[],
        help="parts of names, such as ch05,xor",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
