"""Sums over rows, and strengths of the prior."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.marginal import Posterior, Prior, Strengths, Sums, narrowed, squared_error, worth
from helpers import assert_close

N, M = 120, 30


def prior(m: int = M) -> Prior:
    return Prior(torch.zeros(m, dtype=torch.long), torch.ones(m, dtype=torch.float64), 1, torch.zeros(m).long())


def rows() -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    functions = 5 + torch.randn(N, M, dtype=torch.float64, generator=draw)
    return functions, 100 + functions[:, 0], torch.randint(1, 4, (N,), generator=draw).double()


@pytest.mark.parametrize("size", [N, 50, 7])
@pytest.mark.parametrize("m", [M, N - 5])
def test_one_pass_over_blocks_gives_the_sums_about_the_means(size: int, m: int):
    functions, y, weight = rows()
    functions = functions.repeat(1, 4)[:, :m] ** torch.arange(1, m + 1).double().div(m)

    def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return zip(functions.split(size), y.split(size), weight.split(size), strict=True)

    found, share = Sums.of(blocks, prior(m)), weight / weight.sum()
    centred, target = functions - share @ functions, y - share @ y
    assert_close(found.matrix, centred.T @ (weight[:, None] * centred), like="adapt")
    assert_close(found.right, centred.T @ (weight * target), like="adapt")
    assert_close(found.constant, share @ y, like="float64")
    assert math.isclose(found.square, float(weight @ target.square()), rel_tol=1e-10)


def test_fewer_rows_than_functions_keep_their_rows():
    functions, y, weight = (part[:20] for part in rows())

    def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return zip(functions.split(7), y.split(7), weight.split(7), strict=True)

    found, share = Sums.of(blocks, prior()), weight / weight.sum()
    assert found.design is not None
    assert_close(found.design, weight.sqrt()[:, None] * (functions - share @ functions), like="float64")
    assert_close(found.target, weight.sqrt() * (y - share @ y), like="float64")


def test_a_strength_never_falls_below_the_least():
    of_two = Prior(torch.tensor([0, 0, 1]), torch.ones(3, dtype=torch.float64), 2, torch.tensor([0, 0, 1]))
    free, bound = (Strengths(of_two, of_two.begin, least=least) for least in (0.0, 1e-4))
    huge, places = torch.full((3,), 1e12, dtype=torch.float64), torch.arange(3)
    for _ in range(6):
        for strengths in (free, bound):
            strengths.update(torch.ones(3, dtype=torch.float64), huge, places)
    assert (free.value < 1e-9).all() and (bound.value == 1e-4).all()


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
    found = worth(covariance @ design.T @ y / noise, covariance, precision, terms, 5)
    every = torch.ones(6, dtype=torch.bool)
    want = [evidence(every) - evidence(terms != term) for term in range(5)]
    assert_close(found, torch.tensor(want, dtype=torch.float64), like="adapt")


def likely_and_narrowed(x: Tensor, law: Tensor) -> tuple[Posterior, Posterior, list[float]]:
    """The most likely posterior of lines by 60 rows of x, the narrowed one, and their errors on the others."""
    noise = 0.05 * torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(100))
    block = x[:60], law[:60] + noise, torch.ones(60, dtype=torch.float64)
    of_lines = prior(x.shape[1])
    sums = Sums.of(lambda: iter([block]), of_lines)
    likely = squared_error(sums, of_lines, lambda loss: False)
    both = likely, narrowed(sums, of_lines, likely)
    return *both, [float((x[60:] @ one.coef + one.constant - law[60:]).square().mean().sqrt()) for one in both]


@pytest.mark.parametrize("blur", [0.03, 0.1])
def test_noise_of_columns_that_say_the_same_is_kept_out_by_a_larger_strength(blur: float):
    """The few signals ask for a prior that lets in the noise of all other directions, or follows the rows."""
    draw = torch.Generator().manual_seed(0)
    amounts, places = torch.rand(1060, 3, dtype=torch.float64, generator=draw), torch.linspace(0, 1, 150).double()
    peaks = torch.stack([(-((places - center) / 0.1).square()).exp() for center in (0.2, 0.5, 0.7)])
    x = amounts @ peaks + blur * torch.randn(1060, 150, dtype=torch.float64, generator=draw)
    likely, found, (before, after) = likely_and_narrowed(x / x.std(0), amounts.sum(1))
    assert after < 0.9 * before
    assert found.gain == likely.gain
    assert found.strength[0] * found.noise > likely.strength[0] * likely.noise
    assert found.effective[0] < likely.effective[0]


def test_the_most_likely_strength_of_columns_that_say_different_things_stays():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(1060, 20, dtype=torch.float64, generator=draw)
    likely, found, _ = likely_and_narrowed(x, x @ torch.randn(20, dtype=torch.float64, generator=draw))
    assert found is likely
