"""Where the knots of a fit lie: over the activations of the rows, closer where an edge is hard, never more than the
rows support."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edgewise.model import KAN
from edgewise.train.job import Job, make_job
from edgewise.train.priors.smoothness import Intensity, Roughness, places
from edgewise.train.schedule.knots import halved, on_data, spline_edges, too_large
from edgewise.train.schedule.scaling import scaled_to
from edgewise.transforms import refine, remove
from helpers import assert_close


def placed(model: KAN, rows: int = 100) -> tuple[Job, KAN]:
    generator = torch.Generator().manual_seed(1)
    X = 2 * torch.rand(rows, model.topology.features, dtype=torch.float64, generator=generator) - 1
    y = torch.exp(torch.sin(3 * X[:, :1]) + X[:, -1:] ** 2)
    job, _ = make_job(
        X,
        y,
        validation=None,
        loss="auto",
        sample_weight=None,
        features=None,
        outputs=None,
        dtype=torch.float64,
        device=torch.device("cpu"),
        seed=0,
    )
    return job, scaled_to(model, job.x, job.y)


def test_grids_lie_over_the_data_and_the_activations():
    job, start = placed(KAN((2, 3, 1), domain=(-7, 7)))
    model = on_data(start, job, 6)
    for nodes, layer in zip(model.trace(job.x)[1].nodes, model.edge_layers, strict=False):
        low, high = layer.interval
        assert bool((low <= nodes.amin(0)).all()) and bool((high >= nodes.amax(0)).all())
        assert bool(((high - low) < 1.5 * (nodes.amax(0) - nodes.amin(0))).all())
        assert layer.grid_size == 6


def test_grids_of_a_model_that_was_fitted_before_only_grow():
    job, start = placed(KAN((2, 3, 1), grid_size=8))
    wide = on_data(start.build(scaling={"input_scale": 10 * start.input_scale}), job, 3, keep_ranges=True)
    for got, old in zip(wide.edge_layers, start.edge_layers, strict=True):
        assert got.grid_size == 8
        assert bool((got.interval[0] <= old.interval[0]).all()) and bool((got.interval[1] >= old.interval[1]).all())


def test_knots_crowd_where_an_edge_is_rough_and_the_ends_stay():
    job, start = placed(KAN((1, 1), grid_size=12), rows=2000)
    even = on_data(start, job, 12)
    layer = even.edge_layers[0]
    where = places(layer)
    rough = Intensity(where, torch.where((where - 0.7).abs() < 0.1, 1e8, 1.0)[..., None].double())
    known = Roughness((rough,), 1.0)
    crowded = on_data(even, job, 12, known).edge_layers[0]
    assert_close(torch.stack(crowded.interval), torch.stack(layer.interval))
    widths = crowded.knots[0, 3:16].diff()
    middle = (crowded.knots[0, 3:15] + 0.5 * widths - crowded.interval[0]) / (crowded.interval[1] - crowded.interval[0])
    near, far = widths[(middle - 0.7).abs() < 0.08], widths[(middle - 0.7).abs() > 0.3]
    assert len(near) >= 4 and float(near.max()) < 0.5 * float(far.min())
    again = on_data(on_data(even, job, 12, known), job, 12, known).edge_layers[0]
    assert_close(again.knots, crowded.knots)  # laid over the samples anew every time, not moved from where they are


def test_an_even_demand_leaves_the_knots():
    job, start = placed(KAN((2, 1), grid_size=10), rows=500)
    even = on_data(start, job, 10)
    layer = even.edge_layers[0]
    flat = Roughness((Intensity(places(layer), torch.full((2, 9, 1), 7.0, dtype=torch.float64)),), 1.0)
    assert_close(on_data(even, job, 10, flat).edge_layers[0].knots, layer.knots)


@pytest.mark.parametrize("size", [1, 5, 6, 10, 200, 1000])
def test_a_grid_is_approached_from_a_coarse_one_by_doubling(size: int):
    sizes = halved(size)
    assert sizes[-1] == size and sizes[0] <= 5
    assert all(2 * a <= b <= 2 * a + 1 for a, b in zip(sizes, sizes[1:], strict=False))


def test_too_large_compares_with_the_rows():
    job, start = placed(KAN((2, 1), grid_size=5))
    assert not too_large(start, 5, job) and not too_large(start, 40, job) and too_large(start, 41, job)
    assert not too_large(refine(start, grid_size=60), 60, job)
    assert too_large(start, 41, replace(job, y=job.y)) and not too_large(start, 41, replace(job, y=job.y.expand(-1, 3)))


def test_only_edges_with_splines_are_counted():
    model = KAN((2, 2, 1))
    assert [spline_edges(layer) for layer in model.edge_layers] == [4, 2]
    fewer = remove(model, edges=model.active_edges()[:1])
    assert sum(spline_edges(layer) for layer in fewer.edge_layers) == 5
