"""composed: one network behind another gives what the two give one after the other, whatever their units."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.transforms.composed import composed
from helpers import assert_close

X = 2 * torch.rand(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1


def network(widths, **how) -> ew.KAN:
    """A network of splines with units of its own on both sides."""
    model = ew.KAN(widths, dtype=torch.float64, **({"base": "none", "seed": 1} | how))
    inputs, outputs = (torch.arange(1.0, 1 + count, dtype=torch.float64) for count in (model.features, model.outputs))
    scaling = {"output_scale": 2 * outputs, "output_shift": outputs - 3}
    return model.build(scaling=scaling | {"input_shift": inputs - 1.5, "input_scale": 0.5 + inputs})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (network((3, 1)), network((1, 1))),
        (network((3, 2, 1), grid_size=20), network((1, 3, 2), seed=2)),
        (network((3, (1, 2), 1), grid_size=(4, 7)), network((1, 1), seed=2)),
        (network((3, 2)), network((2, (2, 1), 1), seed=3)),
    ],
    ids=lambda model: model.topology.shape_text(),
)
def test_outputs_are_those_of_one_after_the_other(first: ew.KAN, second: ew.KAN):
    both = composed(first, second)
    assert_close(both(X).detach(), second(first(X)).detach(), like="adapt")
    assert ew.summary(both).edges == ew.summary(first).edges + ew.summary(second).edges
    assert list(both.topology.faults()) == []
    assert both.topology.depth == first.topology.depth + second.topology.depth


def test_closed_forms_and_missing_edges_of_the_first_stay():
    first = ew.remove(ew.set_symbolic(network((3, 2, 1)), {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)}), edges=[(0, 2, 1)])
    second = network((1, 1), seed=2)
    both = composed(first, second)
    assert_close(both(X).detach(), second(first(X)).detach(), like="adapt")
    assert (0, 2, 1) not in both.active_edges() and both.edge_layers[0].symbolic == first.edge_layers[0].symbolic


def test_nothing_is_shared_with_the_two():
    first, second = network((3, 1)), network((1, 1))
    before = first(X).detach(), second(first(X)).detach()
    both = composed(first, second)
    with torch.no_grad():
        for parameter in both.parameters():
            parameter.add_(1.0)
    assert torch.equal(first(X), before[0]) and torch.equal(second(first(X)), before[1])


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (network((1, 1), degree=2), "degree"),
        (network((1, 1), base="silu"), "base"),
        (network((1, 1)).to(torch.float32), "number format"),
        (network((2, 1)), "must take the outputs"),
        (ew.set_symbolic(network((1, 1)), {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)}), "splines alone"),
    ],
)
def test_networks_that_do_not_fit_are_refused(second: ew.KAN, said: str):
    with pytest.raises(StructureError, match=said):
        composed(network((3, 1)), second)
