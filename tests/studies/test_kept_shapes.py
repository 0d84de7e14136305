"""Studies, estimators and the command hold functions to shapes, closed forms included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.data import from_arrays, from_dataframe
from edgewise.errors import ConfigError, EdgewiseWarning
from edgewise.studies.kept_shapes import keeps
from edgewise.train.evidence.shapes import shapes_of

F = torch.float64


def table(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (n, 2))
    return X, X[:, 0] ** 2 + np.sin(6 * X[:, 1]) + 0.3 * rng.normal(size=n)


def lowest_step(predict: Any, place: int) -> float:
    made = np.full((2000, 2), 0.5)
    made[:, place] = np.linspace(-1, 2, 2000)
    return float(np.diff(np.asarray(predict(made)).reshape(-1)).min())


@pytest.mark.slow
def test_a_study_holds_its_network_and_its_formula() -> None:
    X, y = table()
    with pytest.warns(ew.errors.EdgewiseWarning, match="outside the training range"):
        free = ew.study(X, y, progress=False)
        assert lowest_step(free.model.predict, 1) < -1e-6
        held = ew.study(X, y, constraints={"x2": "increasing"}, progress=False)
        assert lowest_step(held.model.predict, 1) > -1e-9
        assert lowest_step(held.judged.predict, 1) > -1e-9
    assert held.trained.chosen.model.topology.depth == 1 and not held.trained.beside  # nothing with hidden layers


@pytest.mark.parametrize(
    ("law", "words", "kept"),
    [
        ("x**2", "increasing", False),  # it falls below zero
        ("x**2", "convex", True),
        ("exp", "increasing", True),
        ("exp", "concave", False),
        ("sin", "convex", False),
    ],
)
def test_closed_forms_are_looked_at_beyond_the_rows(law: str, words: str, kept: bool) -> None:
    form = {"x**2": ("x^2", 1.0, 0.0, 1.0, 0.0), "exp": ("exp", 1.0, 0.0, 1.0, 0.0), "sin": ("sin", 3.0, 0.0, 1.0, 0.0)}
    model = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): form[law]})
    X = np.random.default_rng(0).uniform(0, 1, (50, 2))
    rows = from_arrays(X, X[:, 0])
    assert keeps(model, shapes_of({0: words}, model.metadata, 2, F), rows) is kept


def test_a_study_repeats_after_the_range_of_its_table_and_is_not_negative() -> None:
    X, y = table()
    both: dict[str | int, Any] = {"x1": "non-negative", "x2": ("periodic", "non-negative")}
    found = ew.study(X, y - 0.7, constraints=both, progress=False, formula=False)
    period = float(X[:, 1].max() - X[:, 1].min())
    assert dict(found.settings.constraints)["x2"] == (f"periodic:{period!r}", "non-negative")
    assert found.trained.stages[0]["name"] == "additive network"
    made = torch.from_numpy(np.random.default_rng(1).uniform(-3, 4, (10_000, 2)))
    later = made + torch.tensor([0.0, period], dtype=F)
    for model in (found.model, found.judged):
        assert float(model(made).detach().min()) >= 0
        assert float((model(made) - model(later)).detach().abs().max()) < 1e-9


@pytest.mark.parametrize(
    ("law", "words", "kept"),
    [
        ("sin", "periodic:2", True),
        ("sin", "periodic:2.0001", False),
        ("sin", "non-negative", False),
        ("exp", "non-negative", True),
        ("x^2", "periodic:2", False),
    ],
)
def test_closed_forms_must_repeat_and_may_not_be_negative(law: str, words: str, kept: bool) -> None:
    slope = np.pi if law == "sin" else 1.0
    model = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): (law, slope, 0.0, 1.0, 0.0)})
    model = ew.remove(model, edges=[(0, 1, 0)])
    X = np.random.default_rng(0).uniform(0, 1, (50, 2))
    rows = from_arrays(X, X[:, 0])
    assert keeps(model, shapes_of({0: words}, model.metadata, 2, F), rows) is kept


@pytest.mark.parametrize(("missing", "kept"), [(0.0, True), (1.0, False), (-1.0, False)])
def test_closed_forms_may_not_be_negative_where_cells_are_missing_or_not(missing: float, kept: bool) -> None:
    dose = np.where(np.arange(60) < 20, np.nan, np.linspace(0, 1, 60))
    rows = from_dataframe(pd.DataFrame({"dose": dose, "y": np.arange(60.0)}), target="y")
    square, line = ("x^2", 1.0, -0.5, 1.0, 0.1), ("x", missing, 0.0, 1.0, -missing / 3)  # its mean is zero
    model = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): square, (0, 1, 0): line})
    assert keeps(model, shapes_of({"dose": "non-negative"}, rows.metadata(), 2, F), rows) is kept


def test_estimators_hold_and_take_part_in_searches() -> None:
    X, y = table()
    model = ew.KANRegressor(constraints={1: ("increasing", "concave")}, effort="quick", random_state=0).fit(X, y)
    assert lowest_step(model.predict, 1) > -1e-9
    assert model.get_params()["constraints"] == {1: ("increasing", "concave")}
    two = ew.KANClassifier(constraints={0: "decreasing"}, effort="quick", random_state=0).fit(X, y > 0.5)
    assert lowest_step(lambda made: -two.predict_proba(made)[:, 1], 0) > -1e-9
    again = ew.KANRegressor(constraints={1: "periodic:0.5"}, effort="quick", random_state=0).fit(X, y)
    made = np.random.default_rng(1).uniform(-2, 2, (1000, 2))
    np.testing.assert_allclose(again.predict(made), again.predict(made + [0, 0.5]), atol=1e-9)
    with pytest.raises(ValueError, match="did you mean 'x2'"):
        ew.KANRegressor(constraints={"x22": "convex"}, effort="quick").fit(X, y)


def test_settings_are_checked_before_a_fit() -> None:
    X, y = table(50)
    with pytest.raises(ConfigError, match="did you mean 'increasing'"):
        ew.study(X, y, constraints={"x1": "rising"}, progress=False)


def test_the_command_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = table()
    rows = "\n".join(f"{a!r},{b!r},{c!r}" for (a, b), c in zip(X.tolist(), y.tolist(), strict=True))
    (tmp_path / "t.csv").write_text(f"dose,age,y\n{rows}\n")
    command = [
        "fit",
        str(tmp_path / "t.csv"),
        "--target",
        "y",
        "--quiet",
        "--no-formula",
        "--out",
        str(tmp_path / "run"),
    ]
    more = ["--constraint", "dose=periodic:0.5", "--constraint", "dose=non-negative"]
    assert main([*command, "--constraint", "age=increasing", "--constraint", "age=concave", *more]) == 0
    said = json.loads((tmp_path / "run" / "result.json").read_text())
    assert said["configuration"]["constraints"] == [
        ["age", ["increasing", "concave"]],
        ["dose", ["periodic:0.5", "non-negative"]],
    ]
    model = ew.load(tmp_path / "run" / "model.safetensors")
    assert lowest_step(lambda made: model(torch.from_numpy(made)).detach(), 1) > -1e-9
    made = torch.from_numpy(np.random.default_rng(1).uniform(-2, 2, (1000, 2)))
    later = made + torch.tensor([0.5, 0.0], dtype=F)
    assert float((model(made) - model(later)).detach().abs().max()) < 1e-9
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--force", "--constraint", "age:up"])
    assert "a constraint is NAME=SHAPE" in capsys.readouterr().err


def test_a_copy_that_is_left_free_is_told() -> None:
    X, y = table(60)
    X = np.hstack([X, X[:, :1]])
    told = "constraints leave a copy of what they hold free: 'x3' of 'x1'; drop it, or hold it, too"
    with pytest.warns(EdgewiseWarning, match=told):
        ew.KANRegressor(constraints={0: "increasing"}, effort="quick", random_state=0).fit(X, y)
    both = ew.KANRegressor(constraints={0: "increasing", 2: "increasing"}, effort="quick", random_state=0).fit(X, y)
    steps = np.linspace(-2, 2, 200)
    assert np.diff(both.predict(np.column_stack([steps, np.zeros(200), steps]))).min() > -1e-9
