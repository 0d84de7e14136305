"""Every experiment runs in small, fills its table and its page, and leaves the committed results alone."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiment_runs import ROOT, command, module, records


def check_smoke(name: str, folder: Path, columns: Sequence[str], *more: str) -> list[dict[str, str]]:
    committed = ROOT / "experiments" / name
    before = {
        path: path.read_bytes() for path in committed.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert command(name, "--smoke", *more, "--out", str(folder)) == 0
    found = records(folder)
    assert found and set(columns) <= set(found[0])
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert before == {
        path: path.read_bytes() for path in committed.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    return found


@pytest.mark.parametrize("name", ["special_functions", "feynman", "own_functions"])
@pytest.mark.slow
def test_smoke_of_a_table(name, tmp_path):
    found = check_smoke(name, tmp_path, module("paper").COLUMNS)
    assert len(found) == 2 and all(0 < float(record["edgewise_best"]) < 1 for record in found)
    assert (tmp_path / "result.png").exists()


@pytest.mark.slow
def test_smoke_of_the_peers(tmp_path):
    """MLPs of equal size, then 10 and 100 times as large and of the kind that was best; pykan where it is installed."""
    assert command("special_functions", "--smoke", "--rows", "ellipj", "--peers", "--out", str(tmp_path)) == 0
    (found,) = records(tmp_path)
    peers = module("peers")
    columns = ["mlp_best", "mlp_median", "mlp_10x", "mlp_100x", *(["pykan_same_data"] if peers.has_pykan() else [])]
    assert all(0 < float(found[column]) < 1 for column in columns)
    assert peers.kind_of(found["mlp_what"]) in peers.KINDS
    assert 0.5 < float(found["mlp_parameters"]) / float(found["parameters"]) < 2


@pytest.mark.slow
def test_large_mlps_wait_for_those_of_equal_size(tmp_path, capsys):
    assert command("special_functions", "--smoke", "--rows", "ellipj", "--out", str(tmp_path)) == 0
    assert (
        command("special_functions", "--smoke", "--rows", "ellipj", "--peers", "mlp_large", "--out", str(tmp_path)) == 1
    )
    assert "the MLP of equal size is not there yet" in capsys.readouterr().err


def test_smoke_of_symbolic_recovery(tmp_path):
    found = check_smoke("symbolic_recovery", tmp_path, module("symbolic_recovery.run").COLUMNS, "--noise", "0")
    assert len(found) == 2 and all(record["exact"] in "01" for record in found)
    before = (tmp_path / "result.csv").read_bytes()
    again = command("symbolic_recovery", "--smoke", "--noise", "0", "--out", str(tmp_path))
    assert again == 0  # all of it is there already
    assert (tmp_path / "result.csv").read_bytes() == before


def test_smoke_of_toy_functions(tmp_path):
    found = check_smoke("toy_functions", tmp_path, module("toy_functions.run").COLUMNS)
    assert [record["name"] for record in found] == ["bessel", "exp_sin"]
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        assert {point["series"] for point in csv.DictReader(file)} == {"ample", "paper"}


ABLATIONS = "base: none,penalty: L1 and entropy of the paper,optimizer: adam,initial: LeCun,initial Adam: pykan"


OTHERS = {  # rows of a few seconds; `make experiments` runs the others too
    "noise": "exp_sin",
    "ablations": ABLATIONS,
    "continual_learning": "plane,drift",
    "mechanics": "oscillator,stress_12",
    "theorem": "product",
    "hybrids": "hard,digits",
    "unsupervised": "six",
    "teaching_examples": "product",
    "knots": "rule,formula,kan_three,mlp",
    "anderson": "mosaic",
    "false_laws": "normal",
    "images": "KAN",
    "class_incremental": "kan_forgetful",
    "language": "KAN",
}


def test_every_experiment_is_run_by_a_test_here():
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in module("__main__").NAMES if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("name, rows", OTHERS.items())
@pytest.mark.slow
def test_smoke_of_the_others(name, rows, tmp_path):
    assert command(name, "--smoke", "--rows", rows, "--out", str(tmp_path)) == 0
    assert {record["name"] for record in records(tmp_path)} == set(rows.split(","))


def test_smoke_of_the_equations(tmp_path):
    assert command("pde", "--smoke", "--rows", "poisson hard,corner feature,inverse", "--out", str(tmp_path)) == 0
    assert {record["name"] for record in records(tmp_path)} == {"poisson hard", "corner feature", "inverse"}
    assert all(float(record["l2"]) > 0 and record["h1"] and record["parameters"] for record in records(tmp_path))
    assert "Poisson" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_smoke_of_the_comparison_says_so_where_no_peers_are_known(tmp_path):
    assert command("fair_comparison", "--smoke", "--out", str(tmp_path)) == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# KANs and MLPs")


@pytest.mark.slow
def test_smoke_of_honesty(tmp_path):
    rows = "uniform_1,kink,diabetes,iris"
    assert command("honesty", "--smoke", "--rows", rows, "--out", str(tmp_path)) == 0
    found = records(tmp_path)
    assert len(found) == 2 * (1 + 1 + 5 + 5)  # stages of each table and fold
    measures = {record["name"]: record["measure"] for record in found}
    assert measures == {"uniform_1": "r2", "kink": "rmse", "diabetes": "rmse", "iris": "cross_entropy"}
    assert all(math.isfinite(float(record["claimed"]) + float(record["true"])) for record in found)
    assert "claimed / true" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_smoke_of_tables_goes_on_where_it_was_stopped(tmp_path, capsys):
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    found = check_smoke("tabular", tmp_path, module("tabular.run").COLUMNS)
    assert {record["key"] for record in found} == {
        f"{table}/{method}" for table in ("tiny", "iris") for method in ("ridge", "edgewise_additive")
    }
    assert all(0 < float(record["error"]) < 1 and record["folds"] == "1" for record in found)
    before = (tmp_path / "folds.csv").read_bytes()
    capsys.readouterr()
    assert command("tabular", "--smoke", "--rows", "tiny,ridge", "--out", str(tmp_path)) == 0
    assert "tiny" not in capsys.readouterr().out and (tmp_path / "folds.csv").read_bytes() == before
