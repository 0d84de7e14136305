"""The least change of residuals is that of the singular value decomposition."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.pde.collocation import Collocation
from edgewise.pde.field import Unknown
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.open_values import least_changes
from edgewise.pde.residual_terms import ResidualTerm
from helpers import assert_close


@pytest.mark.parametrize("ends", [True, False])
def test_the_least_change_is_the_smallest_singular_value_of_the_pair(ends):
    model = ew.KAN((1, 1), degree=5, base=None, grid_size=4, seed=1).double()
    x, given = torch.linspace(-1, 1, 80, dtype=torch.float64)[:, None], torch.zeros(80, 0)
    terms = [ResidualTerm("the equation", x, given, lambda u, *_: u(0, 0) + u(), Indices.closing([(2,)]))]
    if ends:
        terms.append(ResidualTerm("ends", x[[0, -1]], given[:2], lambda u, *_: u(), Indices.closing([(0,)])))
    problem = Collocation(KanJets(model), terms, [])
    theta = problem.jets.start()
    R, V = (
        torch.cat([row.jacobian / len(term.x) ** 0.5 for term in asked for row in problem.term_rows(term, theta)])
        for asked in (terms, [ResidualTerm("u", x, given, lambda u, *_: u(), Indices.closing([(0,)]))])
    )
    unit = float(model(x).detach().square().mean().sqrt())
    U, s, _ = torch.linalg.svd(torch.cat([R, V / unit]), full_matrices=False)
    U = U[:, s > 1e-10 * s[0]]
    _, c, W = torch.linalg.svd(U[len(R) :], full_matrices=False)
    exact = float(((U[: len(R)] @ W.T).norm(dim=0) / c).min())
    found = least_changes(problem, theta, [torch.ones(1)] * len(terms), 0.0).values
    assert 0.99 < found / exact < 1.1
    assert (found < 1e-4) != ends


def test_the_least_change_of_a_constant_is_what_other_parameters_cannot_take_back():
    rate = Unknown("rate", 2.0)
    x, given = torch.linspace(0, 1, 80, dtype=torch.float64)[:, None], torch.zeros(80, 0)
    slope, value = Indices.closing([(1,)]), Indices.closing([(0,)])
    terms = [
        ResidualTerm("the equation", x, given, lambda u, *_: u(0) + u[rate] * u(), slope),
        ResidualTerm("values", x[::8], given[::8], lambda u, *_: u() - 1, value),
    ]
    problem = Collocation(KanJets(ew.KAN((1, 1), degree=5, base=None, grid_size=4, seed=1).double()), terms, [rate])
    theta = torch.cat([problem.jets.start(), torch.tensor([3.0], dtype=torch.float64)])
    rows = [row.jacobian / term.count**0.5 for term in terms for row in problem.term_rows(term, theta)]
    R, own = torch.cat(rows).split([len(theta) - 1, 1], 1)
    exact = float((own - R @ torch.linalg.pinv(R, rtol=1e-10) @ own).norm()) / 3.0
    assert_close(least_changes(problem, theta, [torch.ones(1)] * 2, 0.0).unknowns[0], exact, like="difference")
