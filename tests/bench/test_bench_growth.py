"""The models of the sweeps, on times that are known, and the page they stand on."""

import re
from pathlib import Path

import pytest

from benchmarks import sweeps
from benchmarks.axes import AXES
from benchmarks.growth import TERMS, fit
from benchmarks.sweeps import MARK, Sweep, section, table, told, with_section

PAGE = Path(sweeps.__file__).parent / "README.md"
BATCH, WIDTH, DEPTH, OPS = AXES


def swept(axis, cost, base=None):
    """A sweep in which a step of ours costs what `cost` says."""
    return Sweep(
        axis,
        {
            "ours": {n: cost(n) for n in axis.sizes},
            "torch": {n: (base or cost)(n) for n in axis.sizes},
        },
    )


@pytest.mark.parametrize(
    ("terms", "coefficients"),
    [
        (("1", "n"), (3e-5, 2e-6)),
        (("1", "n", "n²"), (1e-4, 0.0, 3e-8)),
        (("1", "n", "n²"), (1e-4, 2e-6, 3e-8)),
        (("1", "n", "n·log₁₀(n/30k)"), (1e-5, 1e-6, 5e-7)),
        (("1", "n"), (0.0, 4.0)),
    ],
)
def test_known_prices_are_found(terms, coefficients):
    sizes = [1, 10, 100, 1000, 10_000, 30_000, 100_000]
    times = [sum(c * TERMS[t](n) for t, c in zip(terms, coefficients)) for n in sizes]
    found = fit(terms, sizes, times)
    assert found.coefficients == pytest.approx(coefficients, rel=1e-6, abs=1e-12)
    assert found(1_000_000) == pytest.approx(
        sum(c * TERMS[t](1_000_000) for t, c in zip(terms, coefficients))
    )


def test_no_price_is_below_zero():
    falling = fit(("1", "n"), [1, 10, 100], [5.0, 4.0, 3.0])
    assert falling.coefficients[1] == 0.0
    assert 3.0 <= falling.coefficients[0] <= 5.0


def test_an_error_counts_as_a_share_of_its_time():
    # Twice the price at size 1 moves the fixed price, though it is tiny beside 1000.
    found = fit(("1", "n"), [1, 10, 100, 1000], [2.0, 11.0, 101.0, 1001.0])
    doubled = fit(("1", "n"), [1, 10, 100, 1000], [4.0, 11.0, 101.0, 1001.0])
    assert found.coefficients[0] == pytest.approx(1.0)
    assert doubled.coefficients[0] > 2.0


@pytest.mark.parametrize(
    ("sizes", "times"),
    [([1], [1.0]), ([1, 2], [1.0]), ([1, 2], [1.0, 0.0]), ([1, 2], [1.0, -1.0])],
)
def test_what_no_model_can_be_fitted_to(sizes, times):
    with pytest.raises(ValueError, match="fit: "):
        fit(("1", "n"), sizes, times)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.key)
def test_every_axis_can_be_foretold(axis):
    assert len(axis.sizes) >= 5
    assert axis.sizes[-1] >= 100 * axis.sizes[0]
    assert {axis.fitted, axis.foretold} <= set(axis.sizes)
    assert sum(n <= axis.fitted for n in axis.sizes) > len(axis.terms)
    problem = axis.make(axis.sizes[0], 0)
    again = axis.make(axis.sizes[0], 0)
    assert type(problem) is type(again)
    model = f"**{axis.key}** n: `{axis.model}`"
    assert model in PAGE.read_text("utf-8"), "the page does not state the model"


def test_sizes_are_what_they_say():
    assert BATCH.make(30, 0).x.shape == (30, 784)
    shapes = [p.shape for p in WIDTH.make(20, 0).parameters[::2]]
    assert shapes == [(20, 20), (20, 20), (20, 10)]
    assert len(DEPTH.make(30, 0).parameters) == 2 * (30 + 1)
    assert OPS.make(1000, 0).length == 1000


def test_foretold_and_measured_of_a_known_cost():
    sweep = swept(BATCH, lambda n: 1e-4 + 2e-6 * n * (1.5 if n > 300 else 1.0))
    assert sweep.foretold("ours") == pytest.approx((1e-4 + 6e-3) / (1e-4 + 6e-4))
    assert sweep.measured("ours") == pytest.approx((1e-4 + 9e-3) / (1e-4 + 6e-4))


def test_the_model_does_not_see_what_it_foretells():
    sweep = swept(BATCH, lambda n: 1e-4 + 2e-6 * n)
    before = sweep.model("ours")
    for n in BATCH.sizes:
        if n > BATCH.fitted:
            sweep.seconds["ours"][n] *= 100
    assert sweep.model("ours") == before


def test_the_table_shows_both():
    sweep = swept(BATCH, lambda n: 1e-4 + 2e-6 * n, base=lambda n: 1e-5 * n)
    line = table([sweep]).splitlines()[2]
    assert "300 to 3,000 | `a + b·n`" in line
    assert line.endswith("| ×8.7 | ×8.7 | ×10.0 |")
    assert "foretold ×8.7, measured ×8.7" in told(sweep)


def test_a_size_that_is_missing_leaves_a_dash():
    sweep = swept(BATCH, lambda n: 1e-4 + 2e-6 * n)
    del sweep.seconds["ours"][3000]
    del sweep.seconds["torch"]
    assert table([sweep]).endswith("| - | - | - |")
    assert "foretold ×" not in told(sweep)


def test_only_what_stands_between_the_marks_is_new():
    page = f"before\n{MARK}\nold\n{MARK}\nafter\n"
    new = with_section(page, "new \\1")
    assert new == f"before\n{MARK}\n\nnew \\1\n\n{MARK}\nafter\n"
    assert with_section(new, "new \\1") == new
    for wrong in ("no marks", MARK, page + page):
        with pytest.raises(ValueError, match="mark"):
            with_section(wrong, "new")
    assert PAGE.read_text("utf-8").count(MARK) == 2


def test_the_section_names_plots_and_machine():
    made = [swept(axis, lambda n: 1e-4 + 2e-6 * n) for axis in AXES]
    text = section(made, {"Processor": "a chip", "Commit": "x"}, plots=True)
    assert re.findall(r"\(pictures/(\w+)\.svg\)", text) == [axis.key for axis in AXES]
    assert "Processor: a chip" in text
    assert "pictures/" not in section(made, {}, plots=False)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.key)
def test_a_plot_has_units_names_and_little_weight(axis, tmp_path):
    plots = pytest.importorskip("benchmarks.plots")
    sweep = swept(axis, lambda n: 1e-4 + 2e-6 * n, base=lambda n: 2e-4 + 2e-6 * n)
    plots.save(sweep, [tmp_path / "a.svg", tmp_path / "b.svg"])
    svg = (tmp_path / "a.svg").read_text("utf-8")
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    assert {f"{axis.label} (n)", "CPU time of a step", "1 ms", "tinygrad_jp"} <= {
        *texts
    }
    assert "PyTorch eager" in texts
    assert len(svg) < 60_000
    assert svg == (tmp_path / "b.svg").read_text("utf-8")


def test_a_plot_of_a_sweep_that_broke_off(tmp_path):
    plots = pytest.importorskip("benchmarks.plots")
    sweep = Sweep(BATCH, {"ours": {1: 1e-4}}, ["batch 3: ours: failed"])
    assert plots.save(sweep, [tmp_path / "a.svg"])[0].exists()
    plots.save(Sweep(BATCH), [tmp_path / "b.svg"])
    assert "failed" in told(sweep)


def test_durations_have_a_unit():
    plots = pytest.importorskip("benchmarks.plots")
    found = [plots.duration(s) for s in (2e-6, 1e-4, 0.999e-3, 1e-3, 0.25, 1.0, 12.0)]
    assert found == ["2 µs", "100 µs", "999 µs", "1 ms", "250 ms", "1 s", "12 s"]
