"""as_means: the outputs become the means that they are the logarithm or the logit of; bounded: they end there."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.losses import Numbers, as_loss
from edgewise.transforms.means import BEYOND, as_means, bounded
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


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_bounded_outputs_are_the_same_up_to_the_bound_and_flat_beyond(degree: int, sign: float):
    torch.manual_seed(0)
    model = ew.KAN((2, 3, 2), degree=degree, dtype=torch.float64)
    scale = torch.tensor([2.0 * sign, 0.5 * sign], dtype=torch.float64)
    model = model.build(scaling={"output_scale": scale, "output_shift": torch.tensor([1.0, -1.0], dtype=torch.float64)})
    X = torch.cat([torch.rand(50, 2, dtype=torch.float64), 1e4 * torch.randn(20, 2, dtype=torch.float64)])
    outputs, most = model(X).detach(), model(X[:50]).detach().amax(0)
    found = bounded(model, most)(X).detach()
    within = outputs <= most
    assert_close(found[within], outputs[within], like="float64")
    assert bool((found <= most + BEYOND + 1e-9).all())
    above = outputs > most + 4 * BEYOND
    assert above.any() and bool((found - most - BEYOND)[above].abs().max() < 1e-9)


def test_means_are_at_most_a_fifth_above_the_largest_and_the_page_says_so():
    X = torch.linspace(0, 1, 60, dtype=torch.float64)[:, None]
    model = ew.fit(ew.KAN((1, 1)), X, torch.exp(3 * X), loss="gamma", optimizer="evidence", progress=False).model
    means = as_means(bounded(model, model(X).detach().amax(0)))
    far = means(torch.tensor([[0.5], [9.0], [50.0]], dtype=torch.float64)).detach().flatten()
    assert_close(
        far[1:] / means(X).max().detach(), torch.full((2,), math.exp(0.2), dtype=torch.float64), like="float64"
    )
    page = " ".join((Path(__file__).parents[2] / "docs" / "losses.md").read_text(encoding="utf-8").split())
    assert f"at most {math.exp(BEYOND):.2f} times the largest mean" in page and f"goes on by {BEYOND}" in page


def test_constants_need_no_bound():
    X, y = torch.rand(2, 60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = ew.fit(ew.KAN((2, 2)), X, y, loss="gamma", optimizer="evidence", progress=False).model
    assert not model.active_edges() and bounded(model, torch.zeros(2)) is model


def test_a_bound_goes_through_a_file(tmp_path: Path):
    model, X = fitted("gamma")
    kept = bounded(model, model(X).detach().amax(0))
    ew.save(kept, tmp_path / "bounded.safetensors")
    assert torch.equal(ew.load(tmp_path / "bounded.safetensors")(10 * X), kept(10 * X))


def test_degree_0_is_refused():
    with pytest.raises(StructureError, match="degree 0"):
        bounded(ew.KAN((1, 1), degree=0, base="identity"), torch.zeros(1))
