"""The table of ops in both READMEs, made from the rules: `make table` writes it."""

import ast
import re
import sys
from pathlib import Path

import tinygrad_jp as tg
from tinygrad_jp import aliases
from tinygrad_jp.compose import __path__ as compose_path
from tinygrad_jp.ops import PAGES, Rule

ROOT = Path(__file__).parents[1]

# Family, in English and Japanese: the pages of ops/ and of compose/ it stands on.
FAMILIES = {
    ("arithmetic", "四則と大小"): ("arithmetic", "elementwise"),
    ("exponential", "指数・対数"): ("exponential",),
    ("trigonometric", "三角・双曲線"): ("trigonometric",),
    ("rounding", "丸め"): ("rounding",),
    ("logic", "比較・論理"): ("logic",),
    ("reductions", "集約"): ("reduction", "norm"),
    ("linear algebra", "線形代数"): (
        "linalg",
        "determinant",
        "product",
        "einsum",
    ),
    ("shape", "形"): ("shape", "joining", "rearrange"),
    ("indexing", "添字"): ("indexing", "assignment"),
    ("windows", "窓・畳み込み"): ("window", "convolution", "pooling"),
    ("activations, losses", "活性化・損失"): ("activation", "loss"),
    ("creation", "生成"): ("creation",),
}

WORDS = {
    "README.md": (
        ("", "rules with a gradient", "rules without", "made of them", "also called"),
        "{gradients} rules with a gradient and {others} without; {made} ops are made "
        "of them, {aliases} more names are NumPy's and PyTorch's. Rounding has the "
        "gradient zero.",
    ),
    "README.ja.md": (
        ("", "勾配のある規則", "勾配のない規則", "その合成", "別名"),
        "勾配のある規則 {gradients}、ない規則 {others}。合成 {made}。ほかに NumPy と "
        "PyTorch での名前 {aliases}。丸めの勾配は 0。",
    ),
}

MARK = "<!-- ops: written by `make table` -->\n"


def made_on(page):
    """The public functions and classes that a page of compose/ defines."""
    path = Path(compose_path[0], f"{page}.py")
    if not path.exists():
        return []
    return [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in tg.__all__
    ]


def families():
    """For each family: rules with gradient, without, compositions, other names."""
    pages = {page.__name__.rpartition(".")[2]: page for page in PAGES}
    others = {
        name: value for name, value in vars(aliases).items() if name in tg.__all__
    }
    found = {}
    for titles, names in FAMILIES.items():
        on_pages = [
            value
            for name in names
            if name in pages
            for value in vars(pages[name]).values()
            if isinstance(value, Rule)
        ]
        rules = {rule.name: rule for rule in on_pages if tg.RULES[rule.name] is rule}
        made = [
            name
            for page in names
            for name in made_on(page)
            if name not in rules and isinstance(getattr(tg, name), type(made_on))
        ]
        here = {id(getattr(tg, name)) for name in [*rules, *made] if name in tg.__all__}
        found[titles] = (
            sorted(name for name, rule in rules.items() if any(rule.vjps)),
            sorted(name for name, rule in rules.items() if not any(rule.vjps)),
            sorted(made),
            sorted(name for name, value in others.items() if id(value) in here),
        )
    return found


def table(page):
    """The table for one README, and the sentence below it."""
    head, sentence = WORDS[page]
    language = list(WORDS).index(page)
    rows = [head, ["---"] * len(head)]
    counts = [0] * 4
    for titles, columns in families().items():
        counts = [n + len(names) for n, names in zip(counts, columns)]
        cells = [" ".join(f"`{name}`" for name in names) for names in columns]
        rows.append([titles[language], *cells])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    total = dict(zip(("gradients", "others", "made", "aliases"), counts))
    return "\n".join(lines) + f"\n\n{sentence.format(**total)}\n"


def with_table(page):
    """The text of a README, with its table as it should be."""
    text = (ROOT / page).read_text()
    pattern = re.escape(MARK) + r".*?" + re.escape(MARK)
    assert re.search(pattern, text, re.S), f"{page}: no place for the table"
    new = MARK + "\n" + table(page) + "\n" + MARK
    return re.sub(pattern, lambda _: new, text, flags=re.S)


def main():
    for page in WORDS:
        (ROOT / page).write_text(with_table(page))


if __name__ == "__main__":
    sys.exit(main())
