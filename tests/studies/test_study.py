"""study: one split judges the whole chain, and the command writes what Python gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.data import read_csv
from edgewise.errors import ConfigError, DataError
from edgewise.studies import study as module
from edgewise.studies.choosing import as_good, clearly_worse
from edgewise.studies.study import Study
from helpers import assert_equal

QUICK: dict[str, Any] = {"hidden": (2,), "grids": (3, 6), "progress": False}


def rows(count: int = 120, noise: float = 0.1, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(count, 2, dtype=torch.float64, generator=generator) - 1
    return X, torch.sin(2 * X[:, 0]) + X[:, 1] ** 2 + noise * torch.randn(
        count, dtype=torch.float64, generator=generator
    )


def frame(count: int = 120) -> pd.DataFrame:
    X, y = rows(count)
    return pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y})


def without_times(folder: Path) -> dict[str, Any]:
    """The files of a run, as far as they do not tell when and how fast it was."""
    found: dict[str, Any] = {}
    for path in folder.iterdir():
        if path.name == "history.csv":
            table = pd.read_csv(path)
            found[path.name] = table.drop(columns="seconds").to_csv()
        elif path.name == "result.json":
            result = json.loads(path.read_text())
            for name in ("created", "seconds"):
                result.pop(name)
            for stage in result["training"]["stages"]:
                stage.pop("seconds")
            for name in ("file", "sha256"):
                result["data"].pop(name, None)
            found[path.name] = result
        elif path.name == "report.html":
            found[path.name] = re.sub(r"steps, [\d.]+ s</figcaption>", "", path.read_text())
        else:
            found[path.name] = path.read_bytes()
    return found


def test_python_gives_what_the_command_writes(tmp_path: Path):
    file = tmp_path / "data.csv"
    frame().to_csv(file, index=False)
    arguments = ["fit", str(file), "--target", "y", "--hidden", "2", "--grids", "3,6", "--quiet"]
    assert main([*arguments, "--out", str(tmp_path / "command")]) == 0
    found = ew.study(read_csv(file, "y"), **QUICK)
    assert found.save(tmp_path / "python") == {}
    one, other = (without_times(tmp_path / name) for name in ("command", "python"))
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_the_targets_of_the_rows_that_judge_change_scores_alone():
    data = frame()
    first = ew.study(data, target="y", **QUICK)
    changed = data.copy()
    changed.loc[list(first.held.lines), "y"] += 50.0
    second = ew.study(changed, target="y", **QUICK)
    assert_equal(first.held.X, second.held.X)
    assert_equal(first.judged.state_dict(), second.judged.state_dict())
    assert [str(e) for e in first.formulas] == [str(e) for e in second.formulas]
    scores = [found.scores["this network"] for found in (first, second)]
    assert isinstance(scores[0], dict) and isinstance(scores[1], dict) and scores[1]["rmse"] > 40 > scores[0]["rmse"]


def test_all_rows_come_back_at_the_very_end():
    found = ew.study(*rows(), formula=False, **QUICK)
    assert ew.summary(found.model).edges == ew.summary(found.judged).edges
    assert any(not torch.equal(a, b) for a, b in zip(found.model.parameters(), found.judged.parameters(), strict=True))
    assert any("all rows" in edit.detail for edit in found.model.edits)


def r2(found: Study) -> float:
    scores = found.scores["this network"]
    assert isinstance(scores, dict)
    return scores["r2"]


def test_scores_of_groups_are_those_of_new_ones():
    rng = np.random.default_rng(0)
    patient = np.arange(40).repeat(6)
    own = 2 * rng.normal(size=40)
    age = rng.normal(size=40)[patient]  # tells patients apart, and nothing else
    y = own[patient] + 0.1 * rng.normal(size=240)
    known, new = (
        ew.study(age[:, None], y, groups=of, hidden=(), formula=False, progress=False) for of in (None, patient)
    )
    assert r2(known) > 0.5 > 0.3 > r2(new)
    assert "all rows of 8 groups, of which no stage saw one" in new.verdict and "group" not in known.verdict
    assert new.rest.groups is not None and new.held.groups is not None
    assert {*new.rest.groups.tolist()}.isdisjoint(new.held.groups.tolist())


def test_the_command_holds_out_whole_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "data.csv"
    frame().assign(batch=[place // 6 for place in range(120)]).to_csv(file, index=False)
    arguments = ["fit", str(file), "--target", "y", "--groups", "batch", "--no-formula", "--effort", "quick"]
    assert main([*arguments, "--out", str(tmp_path / "command")]) == 0
    assert "24 rows of 4 whole groups (drawn with seed 0) are held out" in capsys.readouterr().out
    result = json.loads((tmp_path / "command" / "result.json").read_text())
    assert "all rows of 4 groups" in result["verdict"]


@pytest.mark.parametrize(("groups", "classes"), [(25, 5), (8, 2), (8, 8)])
@pytest.mark.slow
def test_groups_of_one_class_each_can_be_studied(groups: int, classes: int):
    group = np.arange(groups).repeat(12)
    label = np.array([f"class {number % classes}" for number in group])
    X = np.random.default_rng(0).normal(size=(len(group), 2)) + (group % classes)[:, None]
    if classes == groups:
        with pytest.raises(DataError, match="no group of 8 can be held out: each has the only rows of a class"):
            ew.study(X, label, groups=group, progress=False, formula=False)
    else:
        found = ew.study(X, label, groups=group, hidden=(2,), grids=(3,), progress=False, formula=False)
        assert "group" in found.verdict


@pytest.mark.slow
def test_names_within_groups_are_judged_by_new_groups():
    rng = np.random.default_rng(0)
    site = np.arange(20).repeat(15)
    often = rng.choice(["low", "middle", "high"], len(site))
    rare = np.array([f"plate {number // 2}" for number in range(len(site))])
    plate = np.where(np.arange(len(site)) % 15 < 6, rare, often)  # two rows of a site each, and none of another
    own = {name: 3 * rng.normal() for name in np.unique(plate)}
    y = np.array([own[name] for name in plate]) + 0.1 * rng.normal(size=len(site))
    rows = pd.DataFrame({"site": site, "plate": plate, "y": y})
    found = ew.study(rows, target="y", groups="site", hidden=(), formula=False, progress=False)
    assert len(found.table.categories.get("plate", ())) < 50


def test_rows_and_columns_are_left_out_where_asked():
    data = frame().assign(name=[f"row {place}" for place in range(120)])
    data.loc[[3, 7], "y"] = np.nan
    with pytest.raises(DataError, match="'y' misses 2 values.*in Python: drop="):
        ew.study(data, target="y", **QUICK)
    found = ew.study(data, target="y", drop=["rows", "name"], **QUICK)
    assert len(found.table) == 118 and "name" not in found.table.inputs
    with pytest.raises(ConfigError, match="a Table has its own columns"):
        ew.study(found.table, drop="rows", **QUICK)


def test_few_groups_leave_none_to_choose():
    X, y = rows()
    few = ew.study(X, y, groups=torch.arange(len(y)) % 6, progress=False, formula=False)
    assert few.held.groups is not None and len(few.held.groups.unique()) == 1 and r2(few) > 0.5


def test_noise_is_called_noise():
    generator = torch.Generator().manual_seed(1)
    X = torch.rand(150, 3, dtype=torch.float64, generator=generator)
    found = ew.study(X, torch.randn(150, dtype=torch.float64, generator=generator), **QUICK)
    assert "no better than the mean" in found.verdict
    scores = found.scores["this network"]
    assert isinstance(scores, dict) and scores["r2"] < 0.1


def test_no_formula_is_shown_of_a_network_that_is_no_better_than_the_mean(tmp_path: Path) -> None:
    """Fifty rows of noise, of which the rows that choose keep a product."""
    draw = np.random.default_rng(1)
    X, y = np.stack([draw.normal(size=50) for _ in range(2)], 1), draw.normal(size=50)
    found = ew.study(X, y, seed=1, progress=False)
    assert found.judged.active_edges() and "no better than the mean" in found.verdict
    assert found.formulas == () and "The formula is not written down: on rows that it has not seen" in found.message
    assert "no better than a constant" in found.save(tmp_path / "run")["formula.txt"]
    assert json.loads((tmp_path / "run" / "result.json").read_text())["formula"]["outputs"] == []


def test_the_verdict_is_against_baselines_alone(monkeypatch: pytest.MonkeyPatch):
    perfect = {"rmse": 0.0, "mae": 0.0, "r2": 1.0}
    earlier = {"network before closed forms": perfect, "network before pruning": perfect}
    monkeypatch.setattr(module, "before", lambda trained, held, loss: dict(earlier))
    found = ew.study(*rows(), formula=False, **QUICK)
    assert list(found.scores)[1:3] == list(earlier)
    assert "best baseline" in found.verdict and "network before" not in found.verdict


def test_values_that_are_taken_for_mistakes_are_named():
    z, noise = torch.randn(4, 600, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).split([3, 1])
    X, y = z.T.clone(), z[0] * z[1] + (2 * z[0]).sin() * z[2] + 0.3 * noise[0]
    X[11, 0] = 40.0
    found = ew.study(X, y, inputs=["a", "b", "c"], formula=False, progress=False)
    assert found.trained.tame == ["a"]
    assert "A few values of a lie far from all others. The network takes them for mistakes" in found.verdict


def test_names_come_from_where_they_are():
    X, y = rows(60)
    assert ew.study(frame(60), target="y", formula=False, **QUICK).model.metadata.inputs == ("a", "b")
    found = ew.study(X, y, inputs=("u", "v"), target="w", formula=False, **QUICK)
    assert (found.model.metadata.inputs, found.model.metadata.outputs) == (("u", "v"), ("w",))


@pytest.mark.slow
def test_classes_are_scored_as_classes():
    X, y = rows()
    found = ew.study(X, ["high" if value > 0 else "low" for value in y], formula=False, **QUICK)
    scores = found.scores["this network"]
    assert isinstance(scores, dict) and scores["accuracy"] > 0.8 and found.model.metadata.classes == ("high", "low")


def test_every_unusable_setting_is_named_at_once():
    X, y = rows(40)
    with pytest.raises(ConfigError, match=r"(?s)hidden.*grids.*sparsity.*test.*seed.*effort"):
        ew.study(X, y, hidden=(0,), grids=(5, 3), sparsity=-1, test=1.0, seed=-1, effort="defualt")
    with pytest.raises(DataError, match="y is missing"):
        ew.study(X)
    with pytest.raises(DataError, match="at least 10"):
        ew.study(X[:6], y[:6])


def line(slope: float) -> ew.KAN:
    return ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, slope, 0.0)})


def test_about_as_good_is_true():
    """A loss of four times the other's is never about as good, however large the standard error."""
    X = torch.linspace(-1, 1, 8, dtype=torch.float64)[:, None]
    table = ew.from_arrays(X, X[:, 0] + 0.1 * torch.tensor([1, -1, 1, -1, 1, -1, 1, -1]).double())
    assert as_good(line(1.0), line(1.01), table) and as_good(line(1.02), line(1.0), table)
    assert not as_good(line(1.4), line(1.0), table)
    assert clearly_worse(line(2.0), line(1.0), table) and not clearly_worse(line(1.0), line(2.0), table)


def test_a_path_is_told_from_a_table() -> None:
    with pytest.raises(DataError, match="X is the path 'data.csv'; read the file"):
        ew.study("data.csv", target="y")


def test_the_name_of_a_target_in_place_of_its_values_is_told() -> None:
    with pytest.raises(DataError, match="y is the text 'price'.*write target='price'"):
        ew.study(pd.DataFrame({"size": [1.0, 2.0], "price": [2.0, 4.0]}), "price")


def test_targets_that_a_loss_does_not_take_are_named_by_their_line(tmp_path: Path) -> None:
    y = [1, 2, 3, -2, *range(5, 30)]
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{row},{value}\n" for row, value in enumerate(y)))
    table = ew.read_csv(tmp_path / "a.csv", target="y")
    with pytest.raises(DataError, match="the target y holds -2 in line 5"):
        ew.study(table, loss="gamma", progress=False)


def test_a_study_says_what_it_found_whether_or_not_a_formula_was_asked_for() -> None:
    X = torch.rand(60, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for formula in (False, True):
        found = ew.study(X, 3 * X[:, 0] + 1, hidden=(), formula=formula, progress=False)
        assert found.message.startswith(found.verdict)
        assert ("closed form" in found.message) is formula
