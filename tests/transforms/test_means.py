"""as_means: the outputs become the means that they are the logarithm or the logit of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.losses import Numbers, as_loss
from edgewise.transforms.means import as_means
from helpers import assert_close


def fitted(loss: str, outputs: int = 1) -> tuple[ew.KAN, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(120, 2, dtype=torch.float64, generator=generator)
    y = 0.1 + 0.6 * X[:, :outputs] + 0.2 * torch.rand(120, outputs, dtype=torch.float64, generator=generator)
    widths = (2, (outputs, 2 * outputs), outputs)
    return ew.fit(ew.KAN(widths), X, y, loss=loss, optimizer="evidence", progress=False).model, X


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("loss", ["gamma", "poisson", "binomial"])
def test_outputs_are_the_means(loss: str, outputs: int):
    model, X = fitted(loss, outputs)
    kind = as_loss(loss)
    assert isinstance(kind, Numbers)
    means = as_means(model)
    assert_close(means(X), kind.mean(model(X)), like="float64")
    assert means.metadata.loss == "" and means.topology.depth == model.topology.depth + 1
    assert_close(means.predict(X).reshape(-1, outputs), means(X), like="float64")


@pytest.mark.parametrize("loss", ["gamma", "binomial"])
def test_a_constant_stays_a_network_without_edges(loss: str):
    generator = torch.Generator().manual_seed(0)
    X, y = torch.rand(2, 60, 2, dtype=torch.float64, generator=generator)
    model = ew.fit(ew.KAN((2, 2)), X, y, loss=loss, optimizer="evidence", progress=False).model
    means = as_means(model)
    assert not means.active_edges() and means.topology == model.topology
    kind = as_loss(loss)
    assert isinstance(kind, Numbers)
    assert_close(means(X), kind.mean(model(X)), like="float64")


def test_a_network_without_a_link_stays_as_it_is():
    model = ew.KAN((2, 1))
    assert as_means(model) is model


def test_the_new_layer_goes_through_a_file_and_into_a_formula(tmp_path: Path):
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(80, 1, dtype=torch.float64, generator=generator)
    model = ew.fit(ew.KAN((1, 1)), X, torch.exp(2 * X), loss="gamma", optimizer="evidence", progress=False).model
    means = as_means(ew.symbolify(model, X, torch.exp(2 * X), progress=False))
    ew.save(means, tmp_path / "means.safetensors")
    assert torch.equal(ew.load(tmp_path / "means.safetensors")(X), means(X))
    assert "exp" in str(ew.formula(means)[0])
