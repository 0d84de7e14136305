"""edge: an edge function as a callable, in the user's units."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.errors import ConfigError, ShapeError, StructureError
from edgewise.model import KAN
from edgewise.transforms import edge, remove, set_symbolic
from helpers import assert_close, assert_equal

from .networks import points, rich, scaled


def test_edges_of_a_flat_model_add_up_to_its_output_in_raw_units():
    model = scaled(KAN((3, 2), seed=2, grid_size=4))
    x = points(model)
    for k in range(2):
        total = sum(edge(model, (0, i, k))(x[:, i]) for i in range(3)) + model.edge_layers[0].bias[k]
        assert_close(total * model.output_scale[k] + model.output_shift[k], model(x)[:, k])


@pytest.mark.parametrize("layer", [0, 1])
def test_derivatives_are_those_of_the_call(layer: int):
    phi = edge(rich((2, 3, 1), degree=4), (layer, 1, 0))
    x = torch.linspace(-0.8, 0.9, 31, dtype=torch.float64, requires_grad=True)
    value = phi(x)
    for order in (1, 2):
        (value,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        assert_close(phi(x, derivative=order), value, like="derivative")


def test_closed_forms_are_in_raw_units():
    model = set_symbolic(scaled(KAN((2, 2, 1))), {(0, 1, 0): ("sin", 2.0, 0.5, 3.0, -1.0)})
    phi = edge(model, (0, 1, 0))
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert phi.kind == "symbolic" and phi.primitive == "sin"
    assert phi.affine == pytest.approx((2.0, 0.5, 3.0, -1.0))
    assert_close(phi(x), 3.0 * torch.sin(2 * x + 0.5) - 1)
    assert_close(phi(x, 1), 6.0 * torch.cos(2 * x + 0.5))
    assert phi.expression == "3*sin(2*x + 0.5) - 1"
    assert repr(phi).startswith("EdgeFunction((0, 1, 0), symbolic, on [")


def test_the_interval_is_in_the_units_of_the_call():
    model = scaled(KAN((2, 2, 1), domain=(-1, 3)))
    assert edge(model, (0, 1, 0)).interval == pytest.approx((0.2 - 1.2, 0.2 + 3 * 1.2))
    assert edge(model, (1, 1, 0)).interval == (-1.0, 3.0)


@pytest.mark.parametrize("shape", [(), (1,), (4, 3), (2, 0, 5)])
def test_any_shape_comes_back_as_it_was(shape: tuple[int, ...]):
    phi = edge(KAN((1, 1)), (0, 0, 0))
    x = torch.zeros(shape, dtype=torch.float64)
    assert phi(x).shape == shape and isinstance(phi(x), torch.Tensor)
    array = phi(np.zeros(shape))
    assert np.shape(array) == shape and (isinstance(array, np.ndarray) or shape == ())
    assert_close(np.asarray(array), phi(x).detach())


def test_numbers_lists_and_other_formats():
    phi = edge(KAN((1, 1), seed=3), (0, 0, 0))
    assert isinstance(phi(0.3), float)
    assert_close(phi([0.3, 0.4])[0], phi(0.3))
    assert phi(torch.tensor([0.3])).dtype == torch.float32
    half = edge(KAN((1, 1), seed=3).float(), (0, 0, 0))
    assert half(torch.tensor([0.3], dtype=torch.float64)).dtype == torch.float64


def test_it_is_a_copy():
    model = KAN((2, 1))
    phi = edge(model, (0, 0, 0))
    before = phi(torch.ones(3, dtype=torch.float64))
    with torch.no_grad():
        model.edge_layers[0].coef.add_(1)
    assert_equal(phi(torch.ones(3, dtype=torch.float64)), before)
    assert not before.requires_grad
    assert phi.coef.shape == (8,) and phi.knots.shape == (12,)


def test_names_hold_after_removal_and_what_is_off_is_zero():
    model = KAN((3, 2, 1), seed=1)
    small = remove(model, nodes=[(0, 1)], edges=[(0, 0, 0)])
    x = torch.linspace(-1, 1, 7, dtype=torch.float64)
    assert_equal(edge(small, (0, 2, 1))(x), edge(model, (0, 2, 1))(x))
    off = edge(small, (0, 0, 0))
    assert off.kind == "off" and off.expression == "0" and not off(x).any()


def test_what_cannot_be_asked_says_why():
    phi = edge(KAN((2, 1)), (0, 0, 0))
    with pytest.raises(ConfigError, match="derivative must be >= 0.*got -1"):
        phi(0.0, derivative=-1)
    with pytest.raises(ShapeError, match="floating-point"):
        phi(torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ShapeError, match="numbers, got str"):
        phi("x")
    with pytest.raises(StructureError, match=r"no edge \(0, 7, 0\)"):
        edge(KAN((2, 1)), (0, 7, 0))
    with pytest.raises(StructureError, match="an edge is"):
        edge(KAN((2, 1)), 3)  # type: ignore[arg-type]
