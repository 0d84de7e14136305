"""mixture: outputs are a weighted mean of those of two networks, whatever shapes, grids and units these have."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.transforms.mixture import mixture
from helpers import assert_close

X = 2 * torch.rand(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1


def plain(widths, **how) -> ew.KAN:
    """A network of splines with units of its own."""
    torch.manual_seed(0)
    model = ew.KAN(widths, dtype=torch.float64, **({"base": "none", "seed": 1} | how))
    outputs = torch.arange(1.0, 1 + model.outputs, dtype=torch.float64)
    return model.build(scaling={"output_scale": 2 * outputs, "output_shift": outputs - 3})


def other(outputs: int = 1, **how) -> ew.KAN:
    """A broad layer of cubics on the same interval, in other units."""
    model = ew.KAN((3, 4, outputs), dtype=torch.float64, **({"base": "none", "grid_size": (1, 5), "seed": 2} | how))
    ends = torch.tensor([0.1, -0.2, 0.0], dtype=torch.float64), torch.tensor([1.2, 1.3, 1.0], dtype=torch.float64)
    scaling = {"input_shift": ends[0], "input_scale": ends[1], "output_scale": 0.5 * torch.ones(outputs).double()}
    return model.build(scaling=scaling)


@pytest.mark.parametrize(
    "one",
    [
        plain((3, 1)),
        plain((3, 2, 1)),
        plain((3, (1, 2), 1), grid_size=20),
        plain((3, 2, 2, 1), grid_size=(4, 3, 7)),
        plain((3, 2)),
        plain((3, (2, 3), 2), base="silu"),
    ],
    ids=lambda model: model.topology.shape_text(),
)
def test_outputs_are_the_weighted_mean(one: ew.KAN):
    broad = other(one.outputs)
    both = mixture(one, broad, 0.3)
    assert_close(both(X).detach(), (0.7 * one(X) + 0.3 * broad(X)).detach(), like="adapt")
    assert ew.summary(both).edges >= ew.summary(one).edges + ew.summary(broad).edges
    assert list(both.topology.faults()) == []


def test_all_of_one_network_is_that_network():
    one, broad = plain((3, (1, 2), 1)), other()
    assert_close(mixture(one, broad, 0.0)(X).detach(), one(X).detach(), like="adapt")
    assert_close(mixture(one, broad, 1.0)(X).detach(), broad(X).detach(), like="adapt")


def test_closed_forms_and_missing_edges_of_the_first_stay():
    one = ew.set_symbolic(plain((3, 2, 1)), {(0, 0, 1): ("sin", 2.0, 0.1, 1.5, 0.2)})
    one = ew.remove(one, edges=[(0, 2, 0)])
    both, broad = mixture(one, other(), 0.4), other()
    assert [edge.primitive for edge in both.edge_layers[0].symbolic] == ["sin"]
    assert (0, 2, 0) not in both.active_edges()
    assert_close(both(X).detach(), (0.6 * one(X) + 0.4 * broad(X)).detach(), like="adapt")


def test_it_goes_through_a_file(tmp_path: Path):
    both = mixture(plain((3, (1, 2), 1)), other(), 0.3)
    ew.save(both, tmp_path / "both.safetensors")
    assert torch.equal(ew.load(tmp_path / "both.safetensors")(X), both(X))


@pytest.mark.parametrize(
    ("broad", "said"),
    [
        (other(2), "outputs"),
        (other(degree=2), "degree"),
        (other().to(torch.float32), "number format"),
        (other(base="silu"), "splines alone"),
        (ew.KAN((2, 4, 1), dtype=torch.float64, base="none"), "columns"),
        (ew.set_symbolic(other(), {(0, 0, 1): ("sin", 2.0, 0.1, 1.5, 0.2)}), "splines alone"),
    ],
)
def test_networks_that_do_not_go_together_are_refused(broad: ew.KAN, said: str):
    with pytest.raises(StructureError, match=said):
        mixture(plain((3, 1)), broad, 0.5)
