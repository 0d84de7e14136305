"""What scores say of a network on rows that it has not seen."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.data import Table
from edgewise.studies.scores import row_losses, tells_nothing


def table(y: Tensor) -> Table:
    return ew.from_arrays(torch.linspace(-1, 1, len(y), dtype=torch.float64)[:, None], y)


def line(slope: float) -> ew.KAN:
    return ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, slope, 0.0)}).double()


X = torch.linspace(-1, 1, 21, dtype=torch.float64)


@pytest.mark.parametrize(("slope", "nothing"), [(1.0, False), (0.5, False), (0.0, True), (-0.5, True)])
def test_a_network_that_is_nearer_than_a_constant_tells_something(slope: float, nothing: bool) -> None:
    assert tells_nothing(line(slope), table(X), table(X)) is nothing


def test_one_mistyped_target_makes_no_nothing_of_a_law() -> None:
    y = X.clone()
    y[0] = 1000.0
    assert not tells_nothing(line(1.0), table(X), table(y))


@pytest.mark.parametrize("unit", [1.0, 1e9])
def test_one_output_that_is_told_is_something_in_any_unit(unit: float) -> None:
    forms = {(0, 0, k): ("x", 1.0, 0.0, slope, 0.0) for k, slope in enumerate((1.0, -unit))}
    model = ew.set_symbolic(ew.KAN((1, 2)), forms).double()
    assert not tells_nothing(model, table(torch.stack([X, unit * X], 1)), table(torch.stack([X, unit * X], 1)))
    assert tells_nothing(model, table(torch.stack([-X, unit * X], 1)), table(torch.stack([-X, unit * X], 1)))


@pytest.mark.parametrize(("slope", "nothing"), [(3.0, False), (-3.0, True)])
def test_classes_are_told_better_than_by_their_frequencies(slope: float, nothing: bool) -> None:
    forms = {(0, 0, k): ("x", 1.0, 0.0, sign * slope, 0.0) for k, sign in enumerate((-1, 1))}
    model = ew.set_symbolic(ew.KAN((1, 2)), forms).double()
    rows = ew.from_arrays(X[:, None], ["yes" if x > 0 else "no" for x in X])
    assert tells_nothing(model, rows, rows) is nothing


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_of_several_outputs_the_unit_of_one_does_not_say_which_network_is_better(size: float) -> None:
    noise = torch.randn(21, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def lost(slope: float, unit: float) -> Tensor:
        forms = {(0, 0, 0): ("x", 1.0, 0.0, slope, 0.0), (0, 0, 1): ("x", 1.0, 0.0, unit * slope**2, 0.0)}
        model = ew.set_symbolic(ew.KAN((1, 2)), forms).double()
        return row_losses(model, table(torch.stack([X, unit * (X + noise)], 1)))

    ratio = [float((lost(0.5, unit) / lost(0.9, unit)).mean()) for unit in (1.0, size)]
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-9)
