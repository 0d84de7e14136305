"""Losses of means that are bounded: the output is the logarithm of the mean, or its logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .loss import Numbers
from .statistics import mean_of


def means(target: Tensor, weight: Tensor | None) -> Tensor:
    """Of each column of targets (b, k): (k,)."""
    return torch.stack([target.new_tensor(mean_of(column, weight)) for column in target.T])


class Linked(Numbers):
    """A loss of a mean. Its metrics tell the deviance beside: twice the loss, as for counts it is usual."""

    headline: ClassVar[str] = "deviance"

    def linked(self, mean: Tensor) -> Tensor:
        """The output that stands for a mean."""
        return _log(mean)

    def metrics(self, prediction: Tensor, target: Tensor, share: Tensor) -> dict[str, float]:
        """The mean deviance, and what part of that of the best constant is explained."""
        deviance = 2 * float(share @ self.values(prediction, target).mean(1))
        alone = 2 * float(share @ self.values(self.constant(target, share).expand_as(target), target).mean(1))
        explained = 1 - deviance / alone if alone > 0 else float("nan")
        return super().metrics(prediction, target, share) | {"deviance": deviance, "d2": explained}


@dataclass(frozen=True)
class Poisson(Linked):
    """The likelihood of counts: half of Poisson's deviance, m - y - y log(m / y). The output is log m.

    Rates fit as well, with what they are per as `sample_weight`.

    >>> Poisson().rows(torch.tensor([[0.0]]), torch.tensor([[0.0]]))
    tensor([1.])
    """

    name = "poisson"
    wanted: ClassVar[str] = "counts, or rates, of at least 0"

    def values(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Zero where the mean is the target."""
        return prediction.exp() - target * prediction + torch.special.xlogy(target, target) - target

    def slopes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """m - y."""
        return prediction.exp() - target

    def bends(self, prediction: Tensor, target: Tensor) -> Tensor:
        """m."""
        return prediction.exp()

    def mean(self, prediction: Tensor) -> Tensor:
        """exp."""
        return prediction.exp()

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """log of the mean; where all are 0, of half a count."""
        mean = means(target, weight)
        return _log(torch.where(mean > 0, mean, 0.5 / max(1, len(target))))

    def faulty(self, target: Tensor) -> Tensor:
        """Below zero."""
        return target < 0

    def least_dispersion(self, target: Tensor) -> float:
        """Counts vary as much as Poisson's at least; rates may not."""
        return 1.0 if _counts(target) else 0.0


def _counts(target: Tensor) -> bool:
    return bool((target == target.floor()).all())


def _log(mean: Tensor) -> Tensor:
    return mean.clamp(min=1e-300).log()


@dataclass(frozen=True)
class Gamma(Linked):
    """The likelihood of amounts whose spread grows with their mean: half of the gamma deviance, y / m - 1 - log(y / m).
    The output is log m.

    >>> Gamma().rows(torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    tensor([0.])
    """

    name = "gamma"
    wanted: ClassVar[str] = "numbers above 0"
    steady: ClassVar[bool] = True

    def values(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Zero where the mean is the target."""
        far = target.log() - prediction
        return far.expm1() - far

    def slopes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """1 - y / m."""
        return -(target.log() - prediction).expm1()

    def bends(self, prediction: Tensor, target: Tensor) -> Tensor:
        """y / m."""
        return (target.log() - prediction).exp()

    def information(self, prediction: Tensor, target: Tensor) -> Tensor:
        """1: what y / m is in the mean."""
        return torch.ones_like(prediction)

    def mean(self, prediction: Tensor) -> Tensor:
        """exp."""
        return prediction.exp()

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """log of the mean."""
        return _log(means(target, weight))

    def faulty(self, target: Tensor) -> Tensor:
        """Not above zero."""
        return ~(target > 0)


@dataclass(frozen=True)
class Binomial(Linked):
    """The likelihood of a share, or of yes and no: half of the binomial deviance. The output is log(m / (1 - m)).

    >>> Binomial().rows(torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    tensor([0.6931])
    """

    name = "binomial"
    wanted: ClassVar[str] = "shares between 0 and 1"

    def values(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Zero where the mean is the target."""
        kept = torch.special.xlogy(target, target) + torch.special.xlogy(1 - target, 1 - target)
        return softplus(prediction) - target * prediction + kept

    def slopes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """m - y."""
        return prediction.sigmoid() - target

    def bends(self, prediction: Tensor, target: Tensor) -> Tensor:
        """m (1 - m)."""
        share = prediction.sigmoid()
        return share * (1 - share)

    def mean(self, prediction: Tensor) -> Tensor:
        """The logistic function."""
        return prediction.sigmoid()

    def linked(self, mean: Tensor) -> Tensor:
        """The logit."""
        return mean.clamp(1e-15, 1 - 1e-15).logit()

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The logit of the mean; where all are alike, of half a row more."""
        half = 0.5 / max(1, len(target))
        return means(target, weight).clamp(half, 1 - half).logit()

    def faulty(self, target: Tensor) -> Tensor:
        """Outside of 0 to 1."""
        return (target < 0) | (target > 1)

    def least_dispersion(self, target: Tensor) -> float:
        """Yes and no vary as they must; shares may vary less."""
        return 1.0 if _counts(target) else 0.0
