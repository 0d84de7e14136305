"""Tables taken apart: laws that no search of the whole finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.discovery.formulas.tree import Apply, Num, Power, Var, numbers_of, power, product, total, values
from edgewise.discovery.polishing.exactness import is_exact
from edgewise.discovery.polishing.least_squares import error, fitted
from edgewise.discovery.polishing.polish import Polished
from edgewise.discovery.reductions.states import ReducedProblem
from edgewise.discovery.reductions.surrogated import SurrogatedProblem
from edgewise.discovery.search.steps import ProofStep
from edgewise.discovery.search.taken_apart import apart
from edgewise.discovery.tables.law_task import LawTask
from edgewise.discovery.tables.split_rows import as_task

LAWS = {
    "a scaling mixed with a translation": (lambda x, y: np.sin(y * np.exp(x)), "mixed"),
}
SLOW = {
    "a product with a constant": (lambda x, y: 2.5 - y * np.sin(3 * x + 0.4) * np.exp(0.3 * x), "f1(x) * f2(y)"),
    "a sum under an output": (lambda x, y: np.exp(np.cos(7 * x) + np.tanh(2 * y - 1)), "log y = f1(x) + f2(y)"),
    "a product beside a function": (lambda x, y: np.sin(x) * np.sin(2 * y) + np.cos(3 * x), "h1(x)"),
    "a Bessel function inside": (lambda x, y: np.exp(SPECIAL.j0(20 * x) + y**2), "log y"),
}
SPECIAL = pytest.importorskip("scipy.special")


@pytest.mark.parametrize("name", [*LAWS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_the_law_is_found_and_the_steps_say_how(name):
    law, step = (LAWS | SLOW)[name]
    X = np.random.default_rng(0).uniform(-1, 1.5, (800, 2))
    found = ew.discover(X, law(*X.T), inputs=["x", "y"], progress=False, seconds=3600)
    assert found.is_law and any(step in one.text and one.held for one in found.steps)
    beyond = np.random.default_rng(1).uniform(-1.5, 2, (300, 2))
    assert np.allclose(found.best(torch.as_tensor(beyond)).numpy(), law(*beyond.T), rtol=1e-8, atol=1e-8)


def test_laws_of_parts_are_put_together_and_fitted_to_the_rows():
    """The search of a part is a stub here, whose constants are a little wrong."""
    generator = torch.Generator().manual_seed(0)
    X = -1 + 2 * torch.rand(800, 2, dtype=torch.float64, generator=generator)
    task = as_task(X, torch.exp(torch.cos(7 * X[:, 0]) + X[:, 1] ** 2), ["x", "y"], None, 0)
    laws = {"x": Apply("cos", product(Num(7.01), Var(0))), "y": product(Num(0.99), power(Var(0), 2.0))}
    asked = []

    def search(table: LawTask, depth: int):
        (name,) = table.names
        asked.append(name)
        law = total(laws[name], Num(float((table.fitting.y - values(laws[name], table.fitting.X)).mean())))
        yield ProofStep("a part")
        yield Polished(law, error(law, table.choosing))

    whole = SurrogatedProblem.of(ReducedProblem.whole(2), task)
    events = list(apart(whole, task, search, 0))
    assert asked[:2] == ["x", "y"] and any(isinstance(one, ProofStep) and one.depth == 1 for one in events)
    best = min((one for one in events if isinstance(one, Polished)), key=lambda one: one.error)
    assert is_exact(best.node, task) and len(numbers_of(best.node)) == 2  # 7 and the power


def test_an_exact_law_of_a_part_goes_before_cheaper_formulas():
    """A part of four features has errors that cost less than the constants of its law."""
    X = np.random.default_rng(0).uniform(0.5, 4, (300, 2))
    noise = 0.1 * np.random.default_rng(1).standard_normal(300)
    task = as_task(X, 3 * X[:, 0] ** 1.7 + 2 * X[:, 1] + noise, ["x", "y"], None, 0)
    cheap = [Num(1.0), product(Num(1.0), Var(0)), product(Num(1.0), power(Var(0), 2.0))]
    law = total(product(Num(3.0), Power(Var(0), Num(1.7))), Num(1.0))

    def search(table: LawTask, depth: int):
        for start in [*cheap, law]:
            node = fitted(start, table.fitting, steps=25)
            yield Polished(node, error(node, table.choosing))

    whole = SurrogatedProblem.of(ReducedProblem.whole(2), task)
    found = [one for one in apart(whole, task, search, 0) if isinstance(one, Polished)]
    assert min(one.error for one in found) < 0.15


def test_steps_of_parts_stand_below_those_of_the_table():
    step = ProofStep("y = f", held=False).deeper()
    assert str(step) == "    (no) y = f" and step.depth == 1
