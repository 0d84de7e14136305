"""Hidden edges go on as polynomials beyond the samples where these can be believed, and nothing changes at the
samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.fitting import project
from edgewise.layers import KANLayer
from edgewise.model import KAN
from edgewise.train.schedule.extrapolation import believed, carried_on
from edgewise.train.schedule.tuning import TUNED
from helpers import assert_close, assert_equal

from ..zoo import points


def with_edge(function, *, degree: int = 3, grid_size: int = 8) -> KAN:
    """A KAN [1,1,1] whose first edge is x and whose second is the spline on (-1, 1) that is closest to a function."""
    model = KAN((1, 1, 1), grid_size=grid_size, degree=degree, base=None)
    layers = []
    for layer, wanted in zip(model.edge_layers, (lambda x: x, function), strict=True):
        coef, _ = project(lambda x, wanted=wanted: wanted(x)[..., None], layer.knots, degree)
        layers.append(KANLayer.build(**{**layer.parts(), "coef": coef}))
    return model.build(layers=layers)


def sparse_rows() -> Tensor:
    """Samples within (-0.8, 0.8), so that both ends of the interval lie beyond them."""
    return torch.linspace(-0.8, 0.8, 41, dtype=torch.float64)[:, None]


def test_nothing_changes_at_the_rows_and_ends_only_move_outwards():
    X = points(200, 3)
    y = torch.exp(X[:, 0] + X[:, 1] * X[:, 2])
    model = ew.fit(KAN((3, (2, 1), 2, 1), grid_size=4), X, y, grids=(4,), steps=5, restarts=0, progress=False).model
    moved = carried_on(model, X)
    assert_close(moved(X), model(X))
    assert_equal(moved.edge_layers[0].knots, model.edge_layers[0].knots)
    for after, before in zip(moved.edge_layers, model.edge_layers, strict=True):
        assert after.grid_size == before.grid_size
        assert bool((after.interval[0] <= before.interval[0]).all()) and bool(
            (after.interval[1] >= before.interval[1]).all()
        )


@pytest.mark.parametrize("degree", [2, 3, 5])
def test_a_polynomial_is_believed_and_goes_on(degree: int):
    model, X = with_edge(lambda x: x**degree, degree=degree), sparse_rows()
    moved = carried_on(model, X)
    low, high = moved.edge_layers[1].interval
    assert float(high) == pytest.approx(0.8 + TUNED.farthest * 1.6) and float(low) == pytest.approx(
        -0.8 - TUNED.farthest * 1.6
    )
    layer = moved.edge_layers[1]
    beyond = torch.tensor([[-1.25], [1.1], [1.25]], dtype=torch.float64)  # where the old interval has ended
    assert_close(layer(beyond), beyond**degree)
    with torch.no_grad():
        assert float((model.edge_layers[1](beyond) - beyond**degree).abs().min()) > 0.01  # tangents do not follow


def test_an_edge_that_jumps_is_not_believed():
    model, X = with_edge(lambda x: x**3, grid_size=48), sparse_rows()
    layer = model.edge_layers[1]
    noise = torch.randn(layer.coef.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rough = KANLayer.build(**{**layer.parts(), "coef": layer.coef.detach() + noise})
    for sure, unsure in zip(believed(layer, X), believed(rough, X), strict=True):
        assert float(sure) == pytest.approx(TUNED.farthest * 1.6)
        assert float(unsure) < 4 * 2 / 48  # some intervals


def test_an_end_that_samples_lie_beyond_stays():
    model = with_edge(lambda x: x**3)
    X = torch.linspace(-1.5, 0.8, 41, dtype=torch.float64)[:, None]
    moved = carried_on(model, X)
    assert_close(moved(X), model(X))
    assert float(moved.edge_layers[1].interval[0]) == -1.0
    assert float(moved.edge_layers[1].interval[1]) > 1.0


def test_nodes_without_splines_and_tiny_grids_stay():
    X = points(50, 2)
    model = KAN((2, 2, 1), grid_size=2)
    assert_equal(carried_on(model, X).edge_layers[1].knots, model.edge_layers[1].knots)
