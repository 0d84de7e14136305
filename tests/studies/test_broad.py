"""A broad hidden layer is kept where many columns act together, and not looked at where it may not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.data import Table, from_arrays
from edgewise.studies import broad, last_fits, readings, stages
from edgewise.studies.learning import learn_all
from edgewise.studies.study_settings import StudySettings
from edgewise.studies.tuning import TUNED
from edgewise.train.job import Job
from edgewise.train.mixed import Mixed
from edgewise.train.result import FitResult
from edgewise.train.ways import by_ridge

DRAW = torch.Generator


def pictures(rows: int, seed: int) -> tuple[torch.Tensor, list[str]]:
    """Twenty columns, three classes: which of three templates, each seen upright or inverted, a row is near to."""
    draw = DRAW().manual_seed(seed)
    templates = torch.randn(3, 20, dtype=torch.float64, generator=DRAW().manual_seed(0))
    number = torch.randint(3, (rows,), generator=draw)
    sign = 2.0 * torch.randint(2, (rows, 1), generator=draw) - 1
    X = sign * templates[number] + 0.8 * torch.randn(rows, 20, dtype=torch.float64, generator=draw)
    return X, [f"class {name}" for name in number.tolist()]


def of_pictures(rows: int, seed: int) -> Table:
    return from_arrays(*pictures(rows, seed))


def looked(training: Table, choosing: Table) -> tuple[FitResult, FitResult | None]:
    """The fit of single columns, and that with a broad hidden layer."""
    loss = StudySettings().loss_of(training)
    how: dict[str, Any] = {"loss": loss, "seed": 0, "progress": False, "validation": (choosing.X, choosing.y)}
    outputs = 1 if training.classes is None else len(training.classes)
    plain = ew.fit(ew.KAN((len(training.inputs), outputs)), training.X, training.y, optimizer="ridge", **how)
    return plain, broad.broad(training, choosing, plain, 0, how, loss)


def right(model: ew.KAN, table: Table) -> float:
    with torch.no_grad():
        return float((model(table.X).argmax(1) == table.y).double().mean())


@pytest.mark.slow
def test_many_columns_that_act_together_take_a_broad_layer():
    plain, wide = looked(of_pictures(300, 1), of_pictures(100, 2))
    assert wide is not None and wide.model.topology.widths[1][0] == TUNED.broad_nodes
    new = of_pictures(1000, 3)
    assert right(wide.model, new) > 0.95 and right(wide.model, new) > right(plain.model, new) + 0.02


def test_few_rows_that_choose_say_nothing():
    assert looked(of_pictures(300, 1), of_pictures(TUNED.fewest_choosing - 1, 2))[1] is None


def test_many_cells_are_not_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(broad, "TUNED", replace(TUNED, broad_cells=5999))
    assert looked(of_pictures(300, 1), of_pictures(100, 2))[1] is None


@pytest.mark.parametrize(
    ("hopes", "steps"),
    [([True] * 3, by_ridge.STEPS), ([False], by_ridge.GLANCES[0]), ([True, False], by_ridge.GLANCES[1])],
)
def test_a_look_ends_early_where_it_is_not_hopeful(hopes: list[bool], steps: int, monkeypatch: pytest.MonkeyPatch):
    taken = []
    shrunk = by_ridge._shrunk

    def counted(start, job, strength, steps, monitor):
        taken.append(steps)
        return shrunk(start, job, strength, steps, monitor)

    monkeypatch.setattr(by_ridge, "_shrunk", counted)
    rows = of_pictures(300, 1)
    job = Job(rows.X, rows.y, StudySettings().loss_of(rows), rows.weight)
    told = iter(hopes)
    found, _ = by_ridge.tried(broad.begun(rows, 0), job, lambda model, steps: next(told))
    assert sum(taken) == steps and right(found, rows) > 0.9


def test_a_line_takes_none():
    X = torch.randn(300, 4, dtype=torch.float64, generator=DRAW().manual_seed(0))
    noise = torch.randn(300, dtype=torch.float64, generator=DRAW().manual_seed(1))
    found = learn_all(from_arrays(X, X[:, 0] + noise), StudySettings.of((5,), "auto", formula=False))
    assert [stage["name"] for stage in found.trained.stages] == [stages.ADDITIVE]


@pytest.mark.parametrize(
    "given", [{"effort": "quick"}, {"constraints": {0: "increasing"}}, {"hidden": ()}, {"hidden": (3,)}]
)
@pytest.mark.slow
def test_it_is_not_looked_at_where_it_may_not_be(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise AssertionError("looked")

    monkeypatch.setattr(broad, "tried", refused)
    how: dict[str, Any] = {"hidden": (5,), "grids": "auto", "formula": False} | given
    X = torch.randn(300, 2, dtype=torch.float64, generator=DRAW().manual_seed(0))
    learn_all(from_arrays(X, X[:, 0] * X[:, 1]), StudySettings.of(**how))


@pytest.mark.slow
def test_ctrl_c_in_the_look_keeps_the_network_before_it(monkeypatch: pytest.MonkeyPatch):
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(broad, "tried", pressed)
    X = torch.randn(300, 2, dtype=torch.float64, generator=DRAW().manual_seed(0))
    trained, _ = readings.learn(
        from_arrays(X, X[:, 0] * X[:, 1]), StudySettings.of((5,), "auto", formula=False), progress=False
    )
    assert trained.interrupted and trained.model.active_edges()


@pytest.mark.slow
def test_a_wave_across_six_columns_is_found():
    draw = DRAW().manual_seed(0)
    X = torch.randn(400, 6, dtype=torch.float64, generator=draw)
    across = 1.3 * X @ torch.tensor([1, 0.8, 0.6, -0.7, 0.9, 0.5], dtype=torch.float64)
    y = torch.cos(across) + 0.1 * torch.randn(400, dtype=torch.float64, generator=draw)
    found = learn_all(from_arrays(X[:300], y[:300]), StudySettings.of((5,), "auto", formula=False))
    with torch.no_grad():
        left = (found.model(X[300:])[:, 0] - y[300:]).square().mean()
    assert left < 0.5 * y[300:].var()


def with_a_wave(rows: int, seed: int) -> Table:
    """Steep curves of one column each, and less of a wave across six."""
    draw = DRAW().manual_seed(seed)
    X = torch.randn(rows, 6, dtype=torch.float64, generator=draw)
    across = 1.3 * X @ torch.tensor([1, 0.8, 0.6, -0.7, 0.9, 0.5], dtype=torch.float64)
    curves = torch.sin(4 * X[:, 0]) + torch.sin(4 * X[:, 1]) + torch.sin(4 * X[:, 2])
    noise = 0.3 * torch.randn(rows, dtype=torch.float64, generator=draw)
    return from_arrays(X, 2 * curves + torch.cos(across) + noise)


@pytest.mark.slow
def test_where_sums_and_a_broad_layer_each_miss_something_their_mixture_is_taken():
    rows, new = with_a_wave(600, 0), with_a_wave(2000, 1)
    trained, _ = readings.learn(rows, StudySettings.of((5,), "auto", formula=False), progress=False)
    assert isinstance(trained.chosen.ending, Mixed)
    assert [stage["name"] for stage in trained.stages][-1] == stages.MIXED
    final = last_fits.final(trained, rows, False)
    with torch.no_grad():
        alone = [float((model(new.X) - new.y).square().mean()) for model in (final, trained.beside[stages.ADDITIVE])]
    assert alone[0] < 0.95 * alone[1]


def test_the_share_is_what_the_other_network_counts_less_its_error():
    rows = with_a_wave(400, 2)
    torch.manual_seed(0)
    one, other = ew.KAN((6, 1), dtype=torch.float64), ew.KAN((6, 3, 1), dtype=torch.float64, seed=5)
    made = (0.7 * one(rows.X) + 0.3 * other(rows.X)).detach()
    noise = torch.randn(made.shape, dtype=torch.float64, generator=DRAW().manual_seed(0)) * made.std()
    exact, noisy = (broad.share_of(one, other, replace(rows, y=y)) for y in (made, made + 0.2 * noise))
    assert exact == pytest.approx(0.3, abs=1e-6) and 0.15 < noisy < exact
    assert broad.share_of(one, other, replace(rows, y=one(rows.X).detach() + noise)) == 0.0
    assert broad.share_of(one, other, replace(rows, y=other(rows.X).detach())) == TUNED.broad_most
    assert broad.share_of(one, one, rows) == 0.0


def test_noise_takes_no_mixture():
    draw = DRAW().manual_seed(3)
    X, y = torch.randn(300, 6, dtype=torch.float64, generator=draw), torch.randn(300, 1, generator=draw).double()
    trained, _ = readings.learn(from_arrays(X, y), StudySettings.of((5,), "auto", formula=False), progress=False)
    assert not trained.model.active_edges()
