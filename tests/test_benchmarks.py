"""The benchmarks: nobody is timed before it was held against the truth, what is not installed is said, files are whole.
No test asserts a time."""

from __future__ import annotations

import csv
import importlib.util
import math
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture
def no_peers(monkeypatch):
    """As where no peer is installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        module("contestants"), "find_spec", lambda name: None if name in ("kan", "inkan", "flashkan") else found(name)
    )


def module(name: str):
    return import_module(f"benchmarks.{name}")


def command(*arguments: str) -> int:
    """What `python -m benchmarks ...` does, in this process."""
    return module("__main__").main(list(arguments))


def records(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def small():
    return module("shapes").Shape((2, 3), 4, 11)


# ---------------------------------------------------------------------------------------------------- the command


@pytest.mark.slow
def test_smoke_runs_without_the_peers_and_says_how_to_install_them(no_peers, tmp_path, capsys):
    assert command("--smoke", "--out", str(tmp_path)) == 0
    found = records(tmp_path)
    parts = {"layer", "outside", "network", "variant", "step", "accuracy", "start"}
    assert {record["part"] for record in found} == parts
    own = [record for record in found if record["contestant"] == "edgewise" and record["part"] != "accuracy"]
    times, sizes = (
        [float(record["median"]) for record in own if (record["unit"] == "MB") is size] for size in (False, True)
    )
    assert times and min(times) > 0
    assert sizes and min(sizes) >= 0  # so small a layer may fit into memory that the process has already
    absent = [record for record in found if record["contestant"] in ("pykan", "inkan", "flashkan")]
    assert absent and all(
        record["note"].startswith("not installed: pip install ") and not record["median"] for record in absent
    )
    assert "pip install pykan matplotlib pandas pyyaml" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"results.csv", "README.md", "chart.svg"}


@pytest.mark.slow
def test_lines_carry_device_versions_and_commit(no_peers, tmp_path):
    assert command("--smoke", "--rows", "2-5-G5-b20", "--out", str(tmp_path)) == 0
    found = records(tmp_path)
    assert tuple(found[0]) == module("records").COLUMNS
    assert len({record["name"] for record in found}) == len(found)
    for record in found:
        assert record["device"].endswith(("CPU", ")")) and record["torch"] == torch.__version__ and record["threads"]
    assert {record["package"] for record in found if record["contestant"] == "edgewise"} == {
        import_module("edgewise").__version__
    }


def test_rows_are_chosen_and_the_others_kept(no_peers, tmp_path):
    assert command("--smoke", "--rows", "2-5-1-G5-b20", "--out", str(tmp_path)) == 0
    kept = records(tmp_path)
    assert command("--smoke", "--rows", "step", "--out", str(tmp_path)) == 0
    assert records(tmp_path)[: len(kept)] == kept and len(records(tmp_path)) > len(kept)


@pytest.mark.slow
def test_page_and_chart_are_written_again_without_measuring(no_peers, tmp_path):
    assert command("--smoke", "--rows", "2-5-G5-b20", "--out", str(tmp_path)) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in ("README.md", "chart.svg"):
        (tmp_path / name).unlink()
    assert command("--page", "--out", str(tmp_path)) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_misspelt_row_gets_a_suggestion():
    with pytest.raises(SystemExit, match="did you mean '64-64-G50-b1024'"):
        command("--rows", "64-64-G50-b1042")


def test_a_missing_gpu_is_told(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        command("--device", "cuda")
    assert "--device cuda needs a CUDA device" in capsys.readouterr().err


@pytest.mark.gpu
def test_the_table_of_a_gpu_has_times_and_memory(no_peers, tmp_path):
    assert command("--device", "cuda", "--smoke", "--out", str(tmp_path)) == 0
    own = [record for record in records(tmp_path) if record["contestant"] == "edgewise"]
    assert [record["measure"] for record in own] == ["forward", "forward + backward", "peak memory"]
    assert all(float(record["median"]) > 0 and "CPU" not in record["device"] for record in own)
    assert "## On a GPU" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_command_runs_from_a_checkout():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "--smoke" in done.stdout


# ---------------------------------------------------------------------------------------------------- truth before
# speed


def test_every_own_case_is_right():
    contestants, case, shapes = module("contestants"), module("case"), module("shapes")
    for shape, make in ((small(), contestants.own_layer), (shapes.Shape((2, 3, 1), 4, 11), contestants.own_network)):
        assert case.error(make(shape)) < contestants.STRICT
    for make in (contestants.linear, contestants.dense_basis):
        assert case.error(make(small())) < contestants.STRICT


def test_every_variant_is_right_and_differs_from_the_default():
    contestants, case, shapes = module("contestants"), module("case"), module("shapes")
    outputs = {}
    for contestant in contestants.VARIANTS:
        torch.manual_seed(0)
        made = contestant.layer(small())
        assert case.error(made) < contestant.tolerance == contestants.STRICT
        outputs[contestant.name] = made.forward()
    default = outputs.pop("edgewise")
    assert outputs and all(not torch.allclose(default, other) for other in outputs.values())
    normal = module("case").data(shapes.replace(shapes.VARIED, inputs=shapes.NORMAL))[0]
    assert 0.25 < float((normal.abs() > 1).float().mean()) < 0.4  # as the page says


def test_the_dense_basis_times_coefficients_is_the_spline():
    contestants, shape = module("contestants"), small()
    x, coef = torch.rand(11, 2, dtype=torch.float64), torch.rand(2, 7, 3, dtype=torch.float64)
    knots = module("peers").knots(shape)
    got = contestants.dense_matrix(x, knots) @ coef.flatten(0, 1)
    assert torch.allclose(got, import_module("edgewise").spline(x, coef, knots), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("part", ["outputs", "gradients"])
def test_a_wrong_contestant_gets_no_speed(part):
    contestants, layers, cases = module("contestants"), module("layers"), module("case")

    def wrong(shape):
        case = contestants.own_layer(shape)
        x = case.leaves[0]
        bent = (lambda x: case.call(x) + 0.1) if part == "outputs" else (lambda x: case.call(x.detach()) + 0 * x.sum())
        return cases.Case(bent, (x, *case.leaves[1:]), case.truth, case.against, case.cotangent)

    found = list(layers.measured("layer", small(), 0.01, [contestants.Contestant("edgewise", wrong, None)]))
    assert [record["measure"] for record in found] == ["forward", "forward + backward"]
    assert all(record["median"] is None and record["note"].startswith("wrong: off by") for record in found)


def test_not_a_number_is_wrong():
    contestants, cases = module("contestants"), module("case")
    case = contestants.own_layer(small())
    assert (
        cases.error(
            cases.Case(lambda x: case.call(x) * math.nan, case.leaves, case.truth, case.against, case.cotangent)
        )
        == math.inf
    )


def test_a_contestant_that_fails_is_told(tmp_path):
    contestants, layers = module("contestants"), module("layers")

    def fails(shape):
        raise RuntimeError("Found no NVIDIA driver; CUDA is needed")

    (first, _) = layers.measured("layer", small(), 0.01, [contestants.Contestant("other", fails, None)])
    assert first["note"].startswith("needs CUDA") and first["median"] is None


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::SyntaxWarning"
)  # of the peers and what they import
@pytest.mark.parametrize("peer", ["pykan", "inkan, not compiled", "flashkan"])
def test_the_parameters_of_a_peer_map_to_the_reference(peer):
    contestants, cases = module("contestants"), module("case")
    contestant = contestants.named(peer)
    if contestant.missing:
        pytest.skip(contestant.missing)
    with torch.compiler.set_stance("force_eager"):
        assert cases.error(contestant.layer(small())) < 1e-3


def test_the_gradient_of_a_step_is_held_against_the_reference():
    steps = module("steps")
    _, wrong = steps.own_steps(steps.SHAPE)
    assert wrong < steps.CLOSE


# ---------------------------------------------------------------------------------------------------- figures


def test_calls_take_turns():
    order: list[str] = []
    found = module("clock").alternate({name: (lambda name=name: order.append(name)) for name in "ab"}, 0.0, least=3)
    turns = [name for k, name in enumerate(order) if k == 0 or order[k - 1] != name]
    assert (
        turns == ["a", "b", "a", "b", "a", "b"]
        or turns[2:] == ["a", "b", "a", "b"]
        or turns.count("a") == turns.count("b")
    )
    assert {spread.repeats for spread in found.values()} == {3}


def test_peak_memory_is_that_of_the_largest_block():
    memory = module("memory")
    if not memory.STATUS.exists():
        pytest.skip("needs Linux")
    assert memory.peak(lambda: torch.ones(8 << 20)) == pytest.approx(4 * (8 << 20), rel=0.1)


@pytest.mark.slow
def test_peak_memory_of_a_layer_holds_its_outputs():
    memory = module("memory")
    if not memory.STATUS.exists():
        pytest.skip("needs Linux")
    shape = module("shapes").Shape((16, 256), 4, 4096)
    outputs = 4 * shape.batch * shape.widths[-1]
    assert outputs < min(memory.in_a_process("edgewise", [shape], 1)[shape.name]) < 20 * outputs


def test_seconds_until_an_error_that_was_never_reached():
    accuracy = module("accuracy")
    found = list(accuracy.lines("edgewise", [[(1.0, 1e-1), (2.0, 5e-4)], [(3.0, 2e-3)], [(2.0, 5e-4)]]))
    assert [record["median"] for record in found[:3]] == [2.0, 2.0, None]
    assert found[2]["note"] == "not reached in 3 s (best 5.0e-04)"


# ---------------------------------------------------------------------------------------------------- chart and page


def line(contestant: str, median: float, note: str = "") -> dict[str, str]:
    names = module("records").COLUMNS
    row = {
        "name": contestant,
        "part": "layer",
        "row": "64-64-G5-b1024",
        "contestant": contestant,
        "measure": "forward + backward",
        "unit": "ms",
    }
    figures = (
        {"median": str(median), "lower": str(median * 0.9), "upper": str(median * 1.1), "repeats": "9"}
        if median
        else {}
    )
    return {**dict.fromkeys(names, ""), **row, **figures, "note": note}


def test_the_chart_is_drawn_from_the_records(tmp_path):
    found = [
        line("edgewise", 2.0),
        line("inkan", 9.0),
        line("inkan, not compiled", 5.0),
        line("flashkan", 0, "wrong: off by 1e-1"),
    ]
    assert module("chart").draw(found, tmp_path / "chart.svg")
    drawn = ElementTree.parse(tmp_path / "chart.svg").getroot()
    texts = ["".join(element.itertext()) for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "2.50\u00d7 faster" in texts and "inkan" in texts and "flashkan" not in texts
    assert not module("chart").draw([], tmp_path / "none.svg") and not (tmp_path / "none.svg").exists()


def test_the_yardstick_is_the_fastest_variant_of_any_peer():
    faster = module("tables").faster(
        [line("edgewise", 2.0), line("inkan", 9.0), line("inkan, not compiled", 5.0), line("Linear + SiLU", 0.1)],
        "64-64-G5-b1024",
    )
    assert faster == (2.5, "inkan, not compiled")


def test_ratios_of_variants_are_held_against_what_is_wanted():
    tables = module("tables")

    def variant(name: str, median: float, measure: str) -> dict[str, str]:
        return line(name, median) | {"part": "variant", "row": tables.VARIANTS_ROW, "measure": measure}

    times = {"edgewise": (1.0, 2.0), "edgewise, degree 1": (0.9, 1.9), "edgewise, degree 2": (0.9, 2.1)}
    found = [
        variant(name, median, measure)
        for name, medians in times.items()
        for measure, median in zip(("forward", "forward + backward"), medians, strict=True)
    ]
    rows = [row.split("|")[1:-1] for row in tables.variants(found).splitlines()[2:]]
    told = {row[0].strip(): (row[2].strip(), row[4].strip(), row[6].strip()) for row in rows}
    assert told["default"] == ("1.00", "1.00", "")
    assert told["degree 1"] == ("0.90", "0.95", "yes")
    assert told["degree 2"] == ("0.90", "1.05", "no")


def test_the_page_shows_notes_where_there_are_no_times(tmp_path):
    module("page").page([line("edgewise", 2.0), line("flashkan", 0, "wrong: off by 1e-1")], tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "wrong: off by 1e-1" in text and "2.00 (1.80 to 2.20)" in text
