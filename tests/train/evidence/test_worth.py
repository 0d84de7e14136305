"""What each term of a posterior is worth."""

import numpy as np
import torch

from edgewise.train.evidence.worth import spread_of, worth
from helpers import assert_close


def test_what_a_term_is_worth_is_what_the_marginal_likelihood_loses_without_it():
    draw = torch.Generator().manual_seed(0)
    design = torch.randn(40, 6, dtype=torch.float64, generator=draw)
    y = design @ torch.tensor([1.0, 0.0, -0.5, 0.3, 0.0, 0.2], dtype=torch.float64)
    y = y + 0.5 * torch.randn(40, dtype=torch.float64, generator=draw)
    precision, noise = torch.tensor([1.0, 4.0, 2.0, 3.0, 0.5, 6.0], dtype=torch.float64), 0.25
    terms = torch.tensor([4, 0, 2, 2, 1, 2])  # three of one parameter, one of three, and one of none

    def evidence(kept: torch.Tensor) -> float:
        mine = design[:, kept]
        covariance = noise * torch.eye(40, dtype=torch.float64) + (mine / precision[kept]) @ mine.T
        zero = torch.zeros(40, dtype=torch.float64)
        return float(torch.distributions.MultivariateNormal(zero, covariance).log_prob(y))

    covariance = torch.linalg.inv(design.T @ design / noise + torch.diag(precision))
    coef = (covariance @ design.T @ y / noise).numpy()
    found = torch.from_numpy(worth(coef, covariance.numpy(), precision.numpy(), terms.numpy(), 5))
    every = torch.ones(6, dtype=torch.bool)
    want = [evidence(every) - evidence(terms != term) for term in range(5)]
    assert_close(found, torch.tensor(want, dtype=torch.float64), like="adapt")


def test_a_posterior_without_functions_is_sure_of_none():
    none, nowhere = np.zeros(0), np.zeros(0, dtype=np.int64)
    assert worth(none, np.zeros((0, 0)), none, nowhere, 2).tolist() == [0.0, 0.0]
    assert spread_of([np.zeros((0, 0))], nowhere, nowhere).terms == []
