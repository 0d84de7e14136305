"""Networks on a domain: grids cover it, finer grids keep the function and lie where the residual is."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.pde.domain import Domain
from edgewise.pde.placing import drawn, placed, regridded, sharpened, stretched
from helpers import assert_close, assert_equal, state_of

BOX = Domain.create(((2, 5), (-1, 0)))


def test_the_first_grids_lie_on_the_box():
    model = placed(ew.KAN((2, 3, 1), domain=(0, 1)), BOX)
    low, high = torch.tensor(BOX.box, dtype=torch.float64).unbind(1)
    first, last = model.edge_layers[0].interval
    assert_close(model.scale_inputs(low), first)
    assert_close(model.scale_inputs(high), last)


def test_a_network_with_a_scaling_keeps_its_function():
    model = placed(ew.KAN((2, 3, 1)), BOX)
    x = BOX.interior(20, 0)
    assert_equal(placed(model, Domain.create(((0, 1), (0, 1))))(x), model(x))


def test_other_starts_are_other_functions_on_the_grids_asked_for():
    model = placed(ew.KAN((2, 3, 1), grid_size=5), BOX)
    assert drawn(model, 0, [5, 5]) is model
    one, two = drawn(model, 1, [5, 5]), drawn(model, 2, [7, 7])
    assert not torch.equal(one.edge_layers[0].coef, model.edge_layers[0].coef)
    assert [layer.grid_size for layer in two.edge_layers] == [7, 7]
    assert_equal(state_of(drawn(model, 1, [5, 5])), state_of(one))


def test_hidden_grids_are_stretched_over_activations():
    model = placed(ew.KAN((2, (2, 1), 1)), BOX)
    x = BOX.interior(200, 0)
    wide = stretched(model, x)
    a = wide.multiply(1, wide.layers[0](wide.scale_inputs(x)))
    low, high = wide.edge_layers[1].interval
    assert bool((low < a.amin(0)).all() and (high > a.amax(0)).all())


def test_finer_grids_keep_the_function():
    model = stretched(placed(ew.KAN((2, (2, 1), 1), grid_size=4, seed=2), BOX), BOX.interior(50, 0))
    x = BOX.interior(300, 1)
    finer = sharpened(model, [9, 7], x, torch.rand(300, dtype=torch.float64))
    assert [layer.grid_size for layer in finer.edge_layers] == [9, 7]
    assert_close(finer(x), model(x), like="refine", scale=10.0)


def test_knots_go_where_the_load_is():
    model = placed(ew.KAN((2, 1), grid_size=4), BOX)
    x = BOX.interior(1000, 0)
    load = torch.where(x[:, 0] < 2.3, 1.0, 0.0).double()
    layer = sharpened(model, [12], x, load).edge_layers[0]
    breaks = layer.knots[:, layer.degree : layer.degree + 13] * model.input_scale[:, None] + model.input_shift[:, None]
    assert float(breaks[0].diff()[0]) < 0.6 * float(breaks[0].diff()[-1])
    widths = breaks[1].diff()
    assert float(widths.max() / widths.min()) < 4.1, "the load does not depend on the other input"


def test_no_load_splits_evenly():
    model = placed(ew.KAN((2, 1), grid_size=4), BOX)
    x = BOX.interior(100, 0)
    layer = sharpened(model, [8], x, torch.zeros(100, dtype=torch.float64)).edge_layers[0]
    assert layer.knots.shape[1] == 8 + 1 + 2 * layer.degree


def test_a_node_that_is_constant_keeps_its_grid():
    model = placed(ew.KAN((2, 3, 1), base=None), BOX)
    with torch.no_grad():
        model.edge_layers[0].coef.zero_()
    assert regridded(model, BOX.interior(50, 0)) is model


def test_hidden_grids_far_too_long_or_too_short_are_laid_anew_and_keep_the_function():
    x = BOX.interior(300, 1)
    model = stretched(placed(ew.KAN((2, 3, 1), grid_size=8, degree=5, seed=2), BOX), x)
    for factor, close in ((0.2, 1e-6), (4.0, 0.2)):  # beyond its grid a spline is straight, with a kink at the end
        off = model.build()
        with torch.no_grad():
            off.edge_layers[0].coef.mul_(factor)
            off.edge_layers[0].base_scale.mul_(factor)  # type: ignore[union-attr]
        a = off.edge_layers[0](off.scale_inputs(x))
        new = regridded(off, x)
        low, high = new.edge_layers[1].interval
        assert bool((low < a.amin(0)).all() and (high > a.amax(0)).all())
        assert bool((a.amax(0) - a.amin(0) > 0.5 * (high - low)).all())
        want = off(x).detach()
        assert float((new(x).detach() - want).norm()) < close * float((want - want.mean()).norm())
        assert regridded(new, x) is new
