"""A network with hidden layers is tried where it may help, and kept where it is better, or as good and simpler."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.data import Table, from_arrays
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.studies import beginnings, layered
from edgewise.studies.choosing import as_good, clearly_worse
from edgewise.studies.closed_forms import close
from edgewise.studies.study_settings import StudySettings
from edgewise.train.job import Job
from edgewise.train.schedule import null_model
from edgewise.train.solvers.status import Status


def table(rows: int = 200) -> Table:
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(rows, 2, dtype=torch.float64, generator=generator)
    noise = 0.1 * torch.randn(rows, dtype=torch.float64, generator=generator)
    return from_arrays(X, torch.sin(9 * X[:, 0] * X[:, 1]) + noise)


@pytest.mark.parametrize(
    ("columns", "effort", "tried"), [(60, "default", True), (80, "default", False), (80, "thorough", True)]
)
def test_hidden_layers_of_many_parameters_are_tried_where_much_effort_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, columns: int, effort: str, tried: bool
):
    monkeypatch.setattr(layered, "something_left", lambda *_: True)
    X = torch.rand(50, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = from_arrays(X, X[:, 0])
    settings = StudySettings.of((5,), "auto", formula=False, effort=effort)
    assert layered.promising(ew.KAN((columns, 1)), rows, settings, SquaredError()) is tried
    given = StudySettings.of((6,), "auto", formula=False, effort=effort)
    assert layered.promising(ew.KAN((columns, 1)), rows, given, SquaredError())


def test_a_simpler_network_must_be_as_good_even_where_few_rows_call_nothing_clear():
    draw = torch.Generator().manual_seed(0)
    X = torch.randn(40, 2, dtype=torch.float64, generator=draw)
    X[:, 1] = 0.0
    X[3, 1] = 2.0  # the one row that shows what the second input does
    y = X.sum(1) + 0.1 * torch.randn(40, dtype=torch.float64, generator=draw)
    both = ew.set_symbolic(ew.KAN((2, 1)), {(0, place, 0): ("x", 1.0, 0.0, 1.0, 0.0) for place in range(2)})
    one = ew.remove(both, edges=[(0, 1, 0)])
    rows, loss = from_arrays(X, y), SquaredError()
    assert not clearly_worse(one, both, rows, loss) and not layered.preferred(one, both, rows, loss)
    others = rows.take(torch.tensor([0, 1, 2, *range(4, 40)]))
    assert layered.preferred(one, both, others, loss)
    assert not layered.preferred(one, both, others.take(torch.arange(8)), loss)  # too few to say so


def test_a_constant_is_no_simpler_network():
    draw = torch.Generator().manual_seed(0)
    X = torch.randn(40, 1, dtype=torch.float64, generator=draw)
    y = X[:, 0] + torch.randn(40, dtype=torch.float64, generator=draw)
    y[7] = 60.0  # beside this one, no row says anything
    line = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)})
    rows, loss = from_arrays(X, y), SquaredError()
    constant = null_model.constant(line, Job(rows.X, rows.y, loss, None, seed=0))
    assert as_good(constant, line, rows, loss=loss)
    assert not layered.preferred(constant, line, rows, loss)


@pytest.mark.slow
def test_hidden_layers_are_never_surer_of_a_class_than_the_rows_make_them():
    draw = torch.Generator().manual_seed(0)
    X = torch.randint(2, (400, 4), generator=draw).double()
    classes = (X.sum(1) % 2).long()  # without noise: steps would go on for ever
    rows = from_arrays(X, ["odd" if odd else "even" for odd in classes])
    settings = StudySettings.of((4,), "auto", formula=False, effort="default")
    training, choosing = beginnings.parts(rows, 0)
    assert choosing is not None
    how = {"loss": CrossEntropy(), "seed": 0, "progress": False, "sample_weight": None}
    found = layered.layered(training, choosing, settings, how, None, CrossEntropy())
    chances = found.chosen.model(rows.X).detach().softmax(1)
    assert float((chances.argmax(1) == rows.y).double().mean()) == 1.0
    assert float(chances.min()) > 0.2 / len(training)  # half a row among those that are fitted, at best
    closed = close(found.chosen.model, training, choosing)
    if closed.model is not None:  # closed forms are held to the same
        chances = closed.model(rows.X).detach().softmax(1)
        assert float(chances.min()) > 0.2 / len(training)


def test_a_refit_that_finds_nothing_is_not_chosen(monkeypatch: pytest.MonkeyPatch):
    rows = table()
    first = ew.fit(ew.KAN((2, 2, 1)), rows.X, rows.y, steps=3, progress=False)
    second = replace(first, status=Status.NOTHING)
    results = iter([first, second])
    monkeypatch.setattr(layered, "fit", lambda *_, **__: next(results))
    monkeypatch.setattr(layered, "clearly_worse", lambda *_: False)
    how = {"loss": SquaredError(), "seed": 0, "progress": False, "sample_weight": None}
    settings = StudySettings.of((2,), "auto", formula=False, effort="default")
    assert layered.layered(rows, rows, settings, how, None, SquaredError()).chosen is first
