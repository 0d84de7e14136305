"""A form around a network has the derivatives and the Jacobian that autograd gives."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.pde.ansatz import Ansatz
from edgewise.pde.domain import Domain
from edgewise.pde.form import Form, HardValues
from edgewise.pde.form_jets import FormJets
from edgewise.pde.function_jets import function_jets
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from helpers import assert_close

INDICES = Indices.closing([(2, 1), (0, 3)])


def case() -> tuple[ew.KAN, Form, torch.Tensor]:
    rules = (
        HardValues(lambda x: torch.sin(x).sum(1), (0,), ((0, 0),)),
        HardValues(lambda x: torch.stack([torch.sin(x[:, 0]), x[:, 0] ** 2], 1), (0, 1), derivative=0),
    )
    form = Form(
        Domain.create(((0.0, 1.0), (0.0, 2.0))), 2, rules, (lambda x: torch.exp(x[:, 0] * x[:, 1]),), (1.0, 2.0)
    )
    x = 0.1 + 0.8 * torch.rand(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return ew.KAN((2, 3, 4), degree=6, seed=3), form, x


def test_derivatives_are_those_of_autograd():
    model, form, x = case()
    got = FormJets(KanJets(model), form).derivatives(x, INDICES)
    assert_close(got, function_jets(Ansatz(model, form), x, INDICES), like="formula", scale=1e3)


def test_rows_are_the_slopes_of_residuals():
    model, form, x = case()
    jets = FormJets(KanJets(model), form)
    slopes = torch.randn(len(INDICES), len(x), 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    theta = jets.start()
    rows = jets.rows(jets.forward(x, INDICES), slopes)
    way = torch.randn(len(theta), dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def residual(scale: float) -> torch.Tensor:
        jets.load(theta + scale * way)
        return torch.einsum("abko,abo->bk", slopes, jets.derivatives(x, INDICES))

    want = (residual(1e-5) - residual(-1e-5)) / 2e-5
    assert_close(rows @ way, want, like="difference", scale=1e4)


def test_functions_of_the_form_are_taken_once():
    model, form, x = case()
    jets = FormJets(KanJets(model), form)
    jets.derivatives(x, INDICES)
    first = jets.derivatives(x[:4], INDICES)
    assert len(jets.known) == 2
    assert_close(first, jets.derivatives(x, INDICES)[:, :4], like="formula")
