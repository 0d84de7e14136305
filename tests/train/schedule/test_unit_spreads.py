"""Hidden nodes brought back to ordinary sizes: the function stays."""

from __future__ import annotations

import pytest
import torch

from edgewise.errors import GridError
from edgewise.model import KAN
from edgewise.train.fit import fit
from edgewise.train.schedule.unit_spreads import ordinary, unit_spreads
from edgewise.transforms import adapt, set_symbolic


def points() -> torch.Tensor:
    return 2 * torch.rand(80, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1


def rough_network(size: int) -> KAN:
    """Splines of the second layer that jump from interval to interval, of which there are `size`."""
    model = KAN((2, 2, 1), grid_size=size)
    with torch.no_grad():
        model.edge_layers[1].coef.normal_(generator=torch.Generator().manual_seed(0)).mul_(100)
    return model


@pytest.mark.parametrize("base", ["silu", None])
@pytest.mark.parametrize("shape", [(2, 3, 1), (3, (2, (2, 3)), 2), (2, (1, 1), 2, 1)], ids=str)
def test_the_function_stays_and_the_largest_hidden_node_has_unit_spread(shape, base):
    X = 2 * torch.rand(80, shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    model = set_symbolic(KAN(shape, base=base, seed=1), {(1, 0, 0): ("sin", 1.3, 0.2, 3.0, 0.1)})
    model = adapt(model, X, grid_size=24, margin=0.1)
    done = unit_spreads(model, X, 4)
    assert float((done(X) - model(X)).detach().square().mean().sqrt()) < 1e-3 * float(model(X).detach().std())
    nodes = done.trace(X)[1]
    for number, (values, factors) in enumerate(zip(nodes.subnodes[:-1], done.topology.factors[1:-1], strict=True)):
        assert abs(float(values.detach().std(0, unbiased=False).max()) - 1) < 1e-3, number
        if all(len(members) == 1 for members in factors):
            assert float(values.mean(0).detach().abs().max()) < 1e-3, number


@pytest.mark.parametrize("size", [3, 30, pytest.param(300, marks=pytest.mark.slow)])
def test_a_network_is_rescaled_to_the_same_function(size: int):
    X, rough = points(), rough_network(size)
    done = ordinary(rough, X)
    assert done is not rough
    left = (done(X) - rough(X)).detach().square().mean().sqrt()
    assert float(left) < 1.1e-3 * float(rough(X).detach().std())


def test_a_network_stays_where_it_has_no_hidden_nodes_or_no_grid_is_fine_enough():
    X, flat, rough = points(), KAN((2, 1)), rough_network(10)
    assert ordinary(flat, X) is flat and ordinary(rough, X) is rough


def test_a_sparse_fit_leaves_hidden_nodes_at_ordinary_sizes():
    X = torch.rand(400, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1
    y = X[:, 0] * X[:, 1] / X[:, 2] ** 2
    result = fit(KAN((3, 1, 1)), X, y, sparsity=0.01, progress=False)
    hidden = result.model.trace(X)[1].nodes[1].detach()
    assert 0.3 < float(hidden.std()) < 3 and abs(float(hidden.mean())) < 3
    assert all(float(layer.bias.detach().abs().max()) < 10 for layer in result.model.edge_layers), (
        "no constants that cancel"
    )


def test_activations_that_no_grid_can_tell_apart_stay_as_they_are(monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object, **__: object) -> torch.Tensor:
        raise GridError("breaks must increase")

    monkeypatch.setattr("edgewise.knots_by_samples.over_samples", refused)
    X, model = torch.rand(30, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), KAN((2, 2, 1))
    assert ordinary(model, X) is model
