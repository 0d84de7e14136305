"""The strengths of highest marginal likelihood, and those that predict unseen rows best."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.marginal import narrowed, squared_error
from edgewise.train.evidence.posterior import Posterior, Prior
from edgewise.train.evidence.sums import Sums


def prior(m: int) -> Prior:
    return Prior(torch.zeros(m, dtype=torch.long), torch.ones(m, dtype=torch.float64), 1, torch.zeros(m).long())


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
