"""Networks on a domain: grids cover it, finer grids keep the function and lie where the residual is."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise import grid
from edgewise.pde.domain import Domain
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.placing import bends, drawn, finer, following, placed, regridded, shifted, stretched
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
    errors = [torch.rand(layer.in_features, 4, dtype=torch.float64) for layer in model.edge_layers]
    new = finer(model, [9, 7], errors, 2)
    assert [layer.grid_size for layer in new.edge_layers] == [9, 7]
    assert_close(new(x), model(x), like="refine", scale=10.0)


def test_intervals_with_errors_are_halved_first():
    model = placed(ew.KAN((2, 1), grid_size=4, degree=5), BOX)
    errors = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    layer = finer(model, [6], [errors], 2).edge_layers[0]
    left, even = grid.breaks_of(layer.knots, layer.degree).diff(dim=1)
    assert_close(left / left.sum(), torch.tensor([1, 1, 2, 4, 4, 4]).double() / 16)
    assert float(even.max() / even.min()) < 2.1


def test_no_errors_split_evenly():
    model = placed(ew.KAN((2, 1), grid_size=4), BOX)
    layer = finer(model, [8], [torch.zeros(2, 4, dtype=torch.float64)], 2).edge_layers[0]
    widths = grid.breaks_of(layer.knots, layer.degree).diff(dim=1)
    assert_close(widths, torch.full_like(widths, 0.25))


def test_knots_move_to_where_the_solution_bends():
    model = placed(ew.KAN((2, 1), grid_size=30, degree=5, base=None), BOX)
    x = BOX.interior(4000, 0)
    steep = torch.stack([torch.cosh((x[:, 0] - 3) / 0.1).reciprocal(), torch.ones(4000).double()], 1).square()
    layer = shifted(model, x, steep).edge_layers[0]
    real = grid.breaks_of(layer.knots, 5) * model.input_scale[:, None] + model.input_shift[:, None]
    middle, widths = 0.5 * (real[0, 1:] + real[0, :-1]), real[0].diff()
    assert float(widths[(middle - 3).abs() < 0.1].max()) < 0.25 * float(widths[(middle - 3).abs() > 1].min())
    assert_close(real[:, [0, -1]], torch.tensor(BOX.box, dtype=torch.float64))
    assert float(real[1].diff().max() / real[1].diff().min()) < 1.3


def test_bends_are_fourth_derivatives():
    model = placed(ew.KAN((2, 1), degree=7, base=None, seed=3), BOX)
    x = BOX.interior(20, 0)
    total = [ew.edge(model, (0, column, 0))(x[:, column], derivative=4) for column in range(2)]
    assert_close(bends(KanJets(model.build()), x), torch.stack(total, 1).detach().square(), like="formula")


def test_points_follow_the_knots():
    model = placed(ew.KAN((2, 1), grid_size=4), BOX)
    breaks = torch.tensor([[-1.0, -0.9, -0.8, -0.7, 1.0], [-1.0, -0.5, 0.0, 0.5, 1.0]], dtype=torch.float64)
    layer = model.edge_layers[0]
    layer = type(layer).build(**{**layer.parts(), "knots": grid.from_breaks(breaks, layer.degree), "uniform": None})
    model = model.build(layers=[layer])
    x = BOX.interior(1000, 0)
    moved = following(model, BOX)(x)
    assert bool(BOX.inside(moved).all())
    assert 740 < int((moved[:, 0] < 2 + 0.15 * 3).sum()) < 760
    assert_close(moved[:, 1], x[:, 1])


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
