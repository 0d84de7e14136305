"""The search for closed forms is limited by counted work: no clock, no chance, no error when it runs out."""

from __future__ import annotations

import ast
import importlib
import io
import sys
import threading
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.symbolic import budget_spent, symbolify
from edgewise.symbolic.work import Work, price_of_network
from helpers import assert_close, assert_equal, state_of
from symbolic.laws import fitted, uniform

X = uniform((-1, 1), (-1, 1), rows=300)
Y = torch.exp(torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2) + X[:, :1].abs() ** 1.3


@pytest.fixture(scope="module")
def trained() -> ew.KAN:
    return fitted((2, 2, 1), X, Y, grids=(5,))


def closed_edges(model: ew.KAN) -> int:
    return sum(len(layer.symbolic) for layer in model.edge_layers)


@pytest.mark.slow
def test_a_busy_machine_changes_nothing(trained: ew.KAN) -> None:
    alone = symbolify(trained, X, Y, budget=300)
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            sum(range(1000))

    other = threading.Thread(target=busy)
    other.start()
    try:
        beside = symbolify(trained, X, Y, budget=300)
    finally:
        stop.set()
        other.join()
    assert budget_spent(alone)
    assert_equal(state_of(beside), state_of(alone))


def test_a_curvature_that_memory_does_not_hold_is_never_computed(
    trained: ew.KAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("there is no room for the curvature")

    monkeypatch.setattr(importlib.import_module("edgewise.symbolic.work"), "memory", lambda: 10_000)
    monkeypatch.setattr(importlib.import_module("edgewise.symbolic.stepwise"), "minimize", never)
    assert budget_spent(symbolify(trained, X, Y, budget=300))


def test_every_column_of_the_jacobian_is_paid_for() -> None:
    used, wide = (price_of_network(300, 1, 2, 30, 0, 500, columns) for columns in (500, 20_000))
    assert wide > 100 * used


def test_a_tiny_budget_leaves_the_network_as_it_is(trained: ew.KAN, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing can be fitted for one unit")

    for room in ("program", "stepwise"):
        monkeypatch.setattr(importlib.import_module(f"edgewise.symbolic.{room}"), "minimize", never)
    done = symbolify(trained, X, Y, budget=1)
    assert budget_spent(done) and closed_edges(done) == 0
    assert_close(done(X).detach(), trained(X).detach(), like="exact")


@pytest.mark.parametrize("budget", [100, 200, 400, 800, 1600])
@pytest.mark.slow
def test_whatever_the_budget_the_network_stays_as_good(trained: ew.KAN, budget: float) -> None:
    done = symbolify(trained, X, Y, budget=budget)
    rmse = lambda model: float((model(X) - Y).detach().square().mean().sqrt())  # noqa: E731
    assert rmse(done) <= 1.3 * rmse(trained)
    assert 0 <= closed_edges(done) <= 6


@pytest.mark.slow
def test_without_a_budget_named_an_easy_law_is_found_and_nothing_is_cut() -> None:
    y = torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2
    done = symbolify(fitted((2, 1), X, y), X, y)
    assert closed_edges(done) == 2 and not budget_spent(done)


@pytest.mark.slow
def test_the_last_search_tells_whether_its_budget_was_spent(trained: ew.KAN) -> None:
    cut = symbolify(trained, X, Y, budget=1)
    y = torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2
    again = symbolify(fitted((2, 1), X, y).build(edit=cut.edits[-1]), X, y)
    assert budget_spent(cut) and not budget_spent(again) and not budget_spent(trained)


@pytest.mark.parametrize("budget", [0, -1, float("nan"), "much", True])
def test_a_budget_that_is_none_is_refused(trained: ew.KAN, budget: object) -> None:
    with pytest.raises(ConfigError, match="budget"):
        symbolify(trained, X, Y, budget=budget)  # type: ignore[arg-type]


def test_phases_end_at_their_share_and_leave_the_rest_to_the_next() -> None:
    work = Work(100.0)
    with work.until(0.6):
        assert work.afford(50.0) and not work.afford(20.0)
        assert work.out and not work.afford(1.0)
    assert not work.out and work.short and work.afford(50.0) and work.spent == 100.0
    assert not work.afford(1e-9)


def test_steps_are_cut_to_what_can_be_paid() -> None:
    work = Work(10.0)
    assert work.steps(4, 2.0) == 4 and not work.short
    assert work.steps(9, 2.0) == 5 and work.out and work.short
    assert work.steps(1, 2.0) == 0


def test_no_file_of_the_room_reads_a_clock() -> None:
    clocks = {"time", "timeit", "datetime", "signal", "sched", "resource"}
    for path in sorted(Path(sys.modules["edgewise.symbolic"].__file__ or "").parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not clocks & {name.split(".")[0] for name in names}, path.name


def test_a_stderr_that_is_no_terminal_stays_clean(trained: ew.KAN, capfd: pytest.CaptureFixture[str]) -> None:
    symbolify(trained, X, Y, budget=300)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("progress", [True, False])
def test_a_terminal_shows_what_is_done(trained: ew.KAN, monkeypatch: pytest.MonkeyPatch, progress: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    symbolify(trained, X, Y, budget=300, progress=progress)
    assert ("ranking closed forms of 6 edges" in screen.getvalue()) == progress
    assert ("% of the budget" in screen.getvalue()) == progress
