"""What is kept of a network that is linear in its parameters: rows that are gone count exactly as those that are there;
grids may grow meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.fitting import dense_basis
from edgewise.losses import SquaredError
from edgewise.train.priors.exact_memory import ExactMemory, View, flat
from edgewise.train.priors.tuning import TUNED
from edgewise.train.problems.kan import NetworkProblem
from edgewise.transforms import extend, refine, remove
from helpers import assert_close

from ..problems.test_kan import stirred

STEPS: dict[str, Any] = {"steps": 40, "progress": False}


def drawn(count: int, columns: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(count, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def error(model: ew.KAN, X: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(X)[:, 0] - y).square().mean().sqrt())


def seen(model: ew.KAN, X: Tensor, y: Tensor, before: ExactMemory | None = None) -> ExactMemory:
    return ExactMemory.of(model, X, y, None, before)


def problem(model: ew.KAN, X: Tensor, y: Tensor, memory: ExactMemory | None = None) -> NetworkProblem:
    y = (y - model.output_shift) / model.output_scale
    return NetworkProblem(model.build(), model.scale_inputs(X), y, SquaredError(), earlier=memory and memory.on(model))


# ------------------------------------------------------------------ networks that are linear in their parameters


@pytest.mark.parametrize("shape", [(1, 1), (3, 2)], ids=str)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "without an edge"])
def test_the_objective_with_a_memory_is_that_of_all_rows(shape: tuple[int, ...], cut: bool):
    model = stirred(shape)
    model = remove(model, edges=model.active_edges()[:1]) if cut and shape != (1, 1) else model
    X = drawn(90, shape[0])
    y = torch.sin(2 * X[:, : shape[1]]) + 0.1 * drawn(90, shape[1], 1)
    model = extend(model, X)
    moved = model.build()
    with torch.no_grad():
        for layer in moved.edge_layers:
            layer.coef.add_(layer.spline_edges()[:, None])
    memory = seen(moved, X[40:70], y[40:70], seen(model, X[:40], y[:40]))
    assert memory.rows == 70
    part, whole = problem(model, X[70:], y[70:], memory), problem(model, X, y)
    theta = whole.start() + 0.3 * torch.randn(
        whole.start().shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    for got, want in zip(part.quadratic(theta), whole.quadratic(theta), strict=True):
        assert_close(got, want, like="formula")  # all but TUNED.trust
    assert_close(part.value(theta), whole.value(theta), like="formula")
    assert_close(part.last_loss, whole.last_loss, like="formula")
    assert_close(part.loss_value(theta, part.x, part.y), whole.loss_value(theta, whole.x, whole.y), like="formula")


def peaks_after(count: int, keep: bool, **settings: Any) -> float:
    """The error over what was shown after so many peaks, one after the other, with a memory or without."""
    centres = 0.4 * (torch.arange(5, dtype=torch.float64) - 2)

    def peaks(x: Tensor) -> Tensor:
        return torch.exp(-300 * (x[:, None] - centres).square()).sum(1)

    model, memory = ew.KAN((1, 1), grid_size=200), None
    for centre in centres[:count]:
        x = torch.linspace(-0.2, 0.2, 100, dtype=torch.float64) + centre
        result = ew.fit(model, x[:, None], peaks(x), memory=memory, progress=False, **settings)
        model, memory = result.model, result.memory if keep else None
    x = torch.linspace(-1, float(centres[count - 1]) + 0.2, 2001, dtype=torch.float64)
    return error(model, x[:, None], peaks(x))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_training_on_two_halves_in_turn_is_least_squares_on_both(noise: float):
    X = torch.linspace(-1, 1, 56, dtype=torch.float64)[
        :, None
    ]  # so few that none are held out of a half, and steps are not smoothed
    y = torch.sin(4 * X[:, 0]) + noise * drawn(56, 1)[:, 0]
    half = torch.arange(56) % 2 == 0
    y[half] += (X[half, 0] > 0).double()  # the halves do not agree
    first = ew.fit(
        ew.KAN((1, 1), base="none"), X[half], y[half], grids=(6,), **STEPS
    )  # a base is nearly a spline: slow in its last digits
    second = ew.fit(first.model, X[~half], y[~half], grids=(6,), memory=first.memory, **STEPS)
    [layer] = second.model.edge_layers
    a = second.model.scale_inputs(X)
    design = dense_basis(a, layer.knots, degree=3)[:, 0]
    want = design @ torch.linalg.lstsq(design, y).solution
    with torch.no_grad():
        assert (
            float((second.model(X)[:, 0] - want).abs().max()) < 1e-7
        )  # where steps stop, as they hardly lower the loss
        assert float((first.model(X)[:, 0] - want).abs().max()) > 0.1


def test_memories_add_up():
    X = drawn(120, 1)
    y = torch.cos(3 * X[:, 0])
    memory, model = None, ew.KAN((1, 1), grid_size=4)
    for part in X[:, 0].argsort().view(3, 40):
        result = ew.fit(model, X[part], y[part], memory=memory, **STEPS)
        model, memory = result.model, result.memory
    assert isinstance(memory, ExactMemory)
    assert memory.rows == 108  # of 40 rows of each fit, 4 only judge
    assert error(model, X, y) < 1e-3
    alone = seen(memory.model, X, y[:, None]).quadratic.value
    assert_close(memory.quadratic.value / 120, alone / 120, like="adapt", scale=1.0)


@pytest.mark.slow
def test_five_peaks_shown_one_after_the_other_are_all_there_at_the_end():
    """The continual learning experiment of arXiv 2404.19756, section 3.5 (figure 3.4)."""
    assert peaks_after(5, True) < 1e-6
    assert peaks_after(5, False) > 0.1


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.slow
def test_a_grid_too_fine_for_noisy_rows_is_smooth_where_rows_were_and_where_they_are(size: int):
    """Without an even roughness to begin with, the finer grid ended ten times worse than the coarse one."""
    model, memory = ew.KAN((1, 1), grid_size=size), None
    for part in range(4):
        x = 0.25 * drawn(60, 1, part) - 0.75 + 0.5 * part
        noise = 0.1 * torch.randn(60, generator=torch.Generator().manual_seed(part + 9), dtype=torch.float64)
        result = ew.fit(model, x, torch.sin(5 * x[:, 0]) + noise, memory=memory, seed=part, progress=False)
        model, memory = result.model, result.memory
    x = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    assert error(model, x[:, None], torch.sin(5 * x)) < 0.04


@pytest.mark.slow
def test_directions_that_no_row_sees_do_not_run_away():
    assert peaks_after(4, True, grids=(200,)) < 1e-4  # more parameters than rows


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 2)], ids=str)
def test_a_memory_touches_the_losses_at_its_centre(shape: tuple[int, ...]):
    model = stirred(shape)
    X, y = drawn(60, shape[0]), drawn(60, shape[1], 1)
    memory = seen(model, X, y)
    target = (y - model.output_shift) / model.output_scale
    plain = NetworkProblem(memory.model.build(), model.scale_inputs(X), target, SquaredError())
    value, gradient, curvature = plain.quadratic(plain.start())
    quadratic = memory.on(memory.model)
    free = plain.flat.free
    assert_close(quadratic.value / len(X), value)
    assert_close(quadratic.gradient[free] / len(X), gradient)
    assert_close(quadratic.curvature.diagonal()[free] / len(X), curvature.diagonal() * (1 + TUNED.trust))
    assert not bool(quadratic.curvature[~free].any())


# ------------------------------------------------------------------ grids that grow


def grown(model: ew.KAN) -> ew.KAN:
    return refine(extend(model, 1.7 * torch.tensor([[-1.0] * 2, [1.0] * 2], dtype=torch.float64)), grid_size=14)


def test_a_refined_and_extended_network_is_remembered_as_it_was():
    model = stirred((2, 2), grid_size=4)
    X = drawn(50, 2)
    memory = seen(model, X, torch.sin(3 * X))
    same = memory.on(memory.model)
    wide = grown(memory.model)
    assert [layer.grid_size for layer in wide.edge_layers] != [layer.grid_size for layer in memory.model.edge_layers]
    there = memory.on(wide)
    assert_close(there.value, same.value, like="refine")
    assert there.gradient.shape == flat(wide).shape
    assert float(torch.linalg.eigvalsh(there.curvature)[0]) > -1e-10 * float(there.curvature.diagonal().max())
    step = 0.1 * torch.randn(flat(memory.model).shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    moved = memory.model.build()
    start = 0
    for p in (p for layer in moved.edge_layers for p in (layer.coef, layer.base_scale, layer.bias) if p is not None):
        p.data += step[start : start + p.numel()].view(p.shape)
        start += p.numel()
    assert_close(there.at(flat(grown(moved))), same.at(flat(memory.model) + step), like="formula")


def test_what_lies_beyond_the_old_ends_is_free():
    model = ew.KAN((1, 1), grid_size=5)
    X = drawn(60, 1)
    memory = seen(model, X, X.square())
    wide = extend(memory.model, torch.tensor([[3.0]], dtype=torch.float64))
    quadratic, added = memory.on(wide), wide.edge_layers[0].grid_size - memory.model.edge_layers[0].grid_size
    count = wide.edge_layers[0].num_basis
    new = slice(count - added, count)
    assert added > 0
    assert float(quadratic.curvature[new].abs().max()) < 1e-12
    assert float(quadratic.gradient[new].abs().max()) < 1e-12
    assert_close(
        quadratic.curvature[: count - added, : count - added],
        memory.quadratic.curvature[: count - added, : count - added],
        like="formula",
    )


def test_detail_that_only_a_finer_grid_shows_is_charged_as_the_rows_would_have():
    model = ew.KAN((1, 1), grid_size=6, base="none")
    X = torch.linspace(-1, 1, 5001, dtype=torch.float64)[1:-1:2, None]
    y = torch.sin(3 * X)
    fine = refine(model, grid_size=24)
    got = seen(model, X, y).on(fine).curvature
    want = seen(fine, X, y).on(fine).curvature
    view = View.of(model.edge_layers[0], fine.edge_layers[0])
    assert view is not None
    count = fine.edge_layers[0].num_basis
    _, _, right = torch.linalg.svd(view.carry[0])
    hidden = right[view.carry.shape[1] :].T  # steps that the old grid does not see
    ratio = (hidden.T @ got[:count, :count] @ hidden).trace() / (hidden.T @ want[:count, :count] @ hidden).trace()
    assert 0.8 < float(ratio) < 1.25


def test_grids_of_a_fit_with_a_memory_keep_every_knot():
    X = drawn(200, 2)
    y = torch.sin(2 * X[:, 0]) * X[:, 1]
    old = X[:, 0] < 0.2
    first = ew.fit(ew.KAN((2, 1), grid_size=4), X[old], y[old], grids=(4,), steps=10, progress=False)
    second = ew.fit(first.model, X[~old], y[~old], memory=first.memory, grids=(4, 9), steps=10, progress=False)
    for before, after in zip(first.model.edge_layers, second.model.edge_layers, strict=True):
        a, b = (layer.knots[:, layer.degree : -layer.degree] for layer in (before, after))
        assert float((a[:, :, None] - b[:, None]).abs().amin(2).max()) < 1e-9
