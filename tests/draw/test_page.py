"""The html page as text: one safe file, with the right numbers in its data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import mlp, parameter
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw import page
from tinygrad_jp.draw.page.amounts import amounts_of
from tinygrad_jp.draw.page.buttons import PICTURES
from tinygrad_jp.draw.page.words import PAGE_WORDS
from tinygrad_jp.draw.picture import Kind
from tinygrad_jp.draw.text import WORDS, clean, number

FOLDER = Path(page.__file__).parent
DATA = re.compile('(<script type="application/json" id="data">)(.*?)(</script>)', re.S)


def data_of(html):
    (found,) = DATA.findall(html)
    return json.loads(found[1])


def script():
    return "\n".join([(FOLDER / f"{n}.js").read_text() for n in page.SCRIPTS])


# --- one safe file -----------------------------------------------------------------


def test_the_page_is_saved_where_there_is_no_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    path = tg.draw(mlp()).save(tmp_path / "deep" / "graph.html")
    assert path.name == "graph.html"
    assert data_of(path.read_text("utf-8"))["items"]


def test_the_page_names_nothing_outside_of_itself():
    html = tg.draw(mlp()).html()
    addresses = set(re.findall(r"\w+://[^\s\"'<>]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, that is not fetched
    for way_out in ("src=", "href=", "@import", "url(", "fetch(", "XMLHttp", "import("):
        assert way_out not in html
    policy = re.search('http-equiv="Content-Security-Policy" content="(.*?)"', html)[1]
    allowed = [part.split() for part in policy.split(";")]
    assert allowed == [
        ["default-src", "'none'"],
        ["style-src", "'unsafe-inline'"],
        ["script-src", "'unsafe-inline'"],
    ]


def test_the_script_makes_no_markup_of_text():
    code = script()
    for danger in ("innerHTML", "outerHTML", "insertAdjacent", "document.write"):
        assert danger not in code
    for danger in ("eval(", "new Function"):
        assert danger not in code


def test_every_page_of_the_script_is_put_in():
    assert sorted(page.SCRIPTS) == sorted(path.stem for path in FOLDER.glob("*.js"))


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_stay_in_the_data_whatever_they_are(name, scope):
    def drawn(name, scope):
        x = parameter(name)
        with tg.scope(scope):
            return tg.draw((x * x) * 2.0)

    html = drawn(name, scope).html()
    assert DATA.sub(r"\1\3", html) == DATA.sub(r"\1\3", drawn("x", "s").html())
    (found,) = DATA.findall(html)
    assert found[1].isascii()
    assert not set("<>&") & set(found[1])
    data = data_of(html)
    assert clean(name) in [row.get("name") for row in data["rows"]]
    assert clean(scope) in [box["title"] for box in data["boxes"]]


@pytest.mark.parametrize(
    "name", ["</script>", "<!--", "a\u2028b", "\ud800", "$data", '"']
)
def test_names_that_could_end_the_data_do_not(name):
    html = tg.draw(parameter(name) * 2.0).html()
    assert data_of(html)["rows"][0]["name"] == clean(name)
    assert html.count("</script>") == 2


def test_the_same_graph_gives_the_same_bytes_in_another_process():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from drawn import mlp; import tinygrad_jp as tg, hashlib\n"
        "print(hashlib.sha256(tg.draw(mlp()).html().encode()).hexdigest())"
    )
    folder = str(Path(__file__).parent)
    made = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            env={"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1


# --- what is in it -----------------------------------------------------------------


def test_the_data_is_the_whole_picture_and_starts_like_the_page():
    drawing = tg.draw(mlp())
    data = data_of(drawing.html())
    whole = drawing._whole
    assert [item["kind"] for item in data["items"]] == [
        i.kind.value for i in whole.items
    ]
    assert len(data["wires"]) == len(whole.wires)
    for i, box in enumerate(data["boxes"]):
        assert (box["parent"] is None) == (i == 0)
        assert i == 0 or box["parent"] < i
    opened = {box["title"]: box["open"] for box in data["boxes"]}
    assert opened == {
        "": True,
        "Affine1": True,
        "ReLU1": False,
        "Affine2": True,
        "SoftmaxWithLoss": False,
    }
    folded = data_of(tg.draw(mlp(), depth=0).html())
    assert [box["title"] for box in folded["boxes"] if box["open"]] == [""]


def test_what_is_open_is_found_by_the_whole_way_to_it():
    x = parameter("x")
    with tg.scope("a"), tg.scope("same"), tg.scope("deep"):
        y = tg.tanh(tg.exp(x))
    with tg.scope("b"), tg.scope("same"):
        y = tg.exp(tg.tanh(y))
    boxes = data_of(tg.draw(y, depth=2).html())["boxes"]
    assert [(box["title"], box["open"]) for box in boxes] == [
        ("", True),
        ("a", True),
        ("same", True),
        ("deep", False),
        ("b", True),
        ("same", True),
    ]


def test_numbers_are_those_of_the_arrays():
    x = Tensor([[1.0, -2.0, 0.0], [4.0, 5.0, 6.5]], requires_grad=True, name="x")
    data = data_of(tg.draw((x * x).sum()).html())
    (row,) = [row for row in data["rows"] if row.get("name") == "x"]
    assert row["shape"] == "(2, 3)"
    assert row["value"] | {"bars": []} == {
        "size": "6",
        "low": "-2",
        "mean": number(14.5 / 6, 4),
        "high": "6.5",
        "zeros": "1",
        "norm": number(np.linalg.norm(x.data), 6),
        "rms": number(np.linalg.norm(x.data) / 6**0.5, 6),
        "bars": [],
        "elements": ["1", "-2", "0", "4", "5", "6.5"],
    }
    assert sum(row["value"]["bars"]) == 6
    assert row["grad"]["high"] == "13"
    assert row["norm"] == number(2 * np.linalg.norm(x.data))


def test_what_is_not_finite_is_counted_and_is_no_number_in_the_json():
    x = Tensor([np.nan, np.inf, 1.0], requires_grad=True, name="x")
    html = tg.draw((x * 2.0).sum()).html()
    data = data_of(html)
    value = data["rows"][0]["value"]
    assert (value["nans"], value["infinities"], value["high"]) == ("1", "1", "1")
    assert "NaN," not in DATA.findall(html)[0][1].replace('"NaN', "")
    assert data["problems"]


def test_the_lines_of_a_function_are_in_the_data():
    data = data_of(tg.draw(lambda x: tg.exp(x).sum(), [1.0, 2.0]).html())
    sites = [row.get("site", "") for row in data["rows"]]
    assert any("test_page.py" in site and "tg.exp(x)" in site for site in sites)


def test_a_graph_too_large_to_open_is_shown_as_on_paper():
    x = parameter("x", (2,))
    y = x
    for name in ("one", "two"):
        with tg.scope(name):
            for _ in range(1100):
                y = y + x
    data = data_of(tg.draw(y.sum()).html())
    assert data["too_large"]
    layers = [item["title"] for item in data["items"] if item["kind"] == "layer"]
    assert layers == ["one", "two"]


@pytest.mark.parametrize("style", ["ops", "book"])
def test_other_styles_show_what_they_show_on_paper(style):
    x = parameter("x")
    drawing = tg.draw(tg.exp(x * 0.5), style=style)
    data = data_of(drawing.html())
    assert len(data["items"]) == len(drawing._picture.items)


# --- colours that tell amounts -----------------------------------------------------


@pytest.mark.parametrize("color", ["grad", "memory"])
def test_a_scope_folded_in_the_page_has_the_amount_of_one_folded_on_paper(color):
    drawing = tg.draw(mlp(), color=color, depth=0)
    boxes, cards = amounts_of(drawing._whole)
    found = {box.title: amount.value for box, amount in boxes.items()}
    layers = [i for i in drawing._picture.items if i.kind is Kind.LAYER]
    assert len(layers) == 4
    for layer in layers:
        assert found[layer.title] == pytest.approx(layer.amount.value), layer.title
    leaves = [i for i in drawing._picture.items if len(i.rows) > 1]
    held = {box.title: amount for box, amount in cards.items()}
    for i, card in enumerate(leaves, 1):
        if color == "grad":
            assert held[f"Affine{i}"].value == pytest.approx(card.amount.value)


def test_colours_of_amounts_come_with_their_scale_and_quiet_wires():
    data = data_of(tg.draw(mlp(), color="grad").html())
    assert len(data["scale"]) > 2
    assert all("norm" not in row for row in data["rows"])
    fills = {item["amount"]["color"] for item in data["items"]}
    assert len(fills) > 2
    plain = data_of(tg.draw(mlp()).html())
    assert plain["scale"] == []
    assert any("norm" in row for row in plain["rows"])


# --- words -------------------------------------------------------------------------


def test_both_languages_say_the_same_and_no_word_is_said_twice():
    english, japanese = PAGE_WORDS["en"], PAGE_WORDS["ja"]
    assert list(english) == list(japanese)
    assert not set(english) & set(WORDS["en"].__dataclass_fields__)
    for name, text in english.items():
        assert text.count("{}") == japanese[name].count("{}"), name


def test_every_word_is_there_and_used():
    code = script()
    made = {"gradient_missing"}  # one of two others
    used = set(re.findall(r"\bwords\.(\w+)", code)) - made
    known = set(PAGE_WORDS["en"]) | set(WORDS["en"].__dataclass_fields__)
    assert used <= known
    markup = (FOLDER / "page.html").read_text()
    places = set(re.findall(r"\$(\w+)", markup)) | set(PICTURES)
    quoted = set(re.findall(r'"(\w+)"', code))
    assert set(PAGE_WORDS["en"]) <= used | places | quoted


def test_the_page_speaks_japanese():
    html = tg.draw(mlp(), lang="ja").html()
    assert '<html lang="ja">' in html
    assert "すべてたたむ" in html
    assert data_of(html)["words"]["parameter"] == "パラメータ"
