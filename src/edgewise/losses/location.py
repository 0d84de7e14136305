"""Losses of residuals in units of a scale, which the fit finds with the function.

Without a scale such a loss depends on the units of the targets: what is an outlier in metres is none in kilometres. So
the scale comes from what the function leaves, by a rule that outliers hardly move. Letters: b rows, k outputs, u =
(target - prediction) / scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from ..config import is_number
from ..errors import ConfigError, shown
from ..values import plain_numbers
from .loss import Numbers, middle
from .statistics import mean_of

ROUNDS = 100  # of a fixed-point iteration for a scale or a constant, which takes about ten
REST = 1e-10  # relative change at which such an iteration is at rest
NORMAL = 1.4826  # standard deviations in a median absolute deviation of normal numbers


@dataclass(frozen=True)
class Location(Numbers):
    """A loss of u = (target - prediction) / scale. A subclass gives `rho`, `psi`, its derivative, `turn`, a curvature
    that is never negative, and `spread_of`, its rule for the scale."""

    scale: float | tuple[float, ...] | None = field(default=None, kw_only=True)
    widths: ClassVar[tuple[float, ...]] = (0.0,)  # of the smoothing, round by round, in units of the scale

    def __post_init__(self) -> None:
        for part in fields(self):
            object.__setattr__(self, part.name, plain_numbers(getattr(self, part.name)))
        given = self.scale
        entries: list[Any] = list(given) if isinstance(given, Sequence) else [given]
        if given is not None and not (entries and all(is_number(entry) and entry > 0 for entry in entries)):
            raise ConfigError(f"scale must be None, or a number > 0 for each output, got {shown(given)}")
        if isinstance(given, Sequence):
            object.__setattr__(self, "scale", tuple(float(entry) for entry in entries))

    def rho(self, u: Tensor) -> Tensor:
        """The loss at residuals in units of the scale."""
        raise NotImplementedError

    def psi(self, u: Tensor) -> Tensor:
        """Its derivative."""
        raise NotImplementedError

    def turn(self, u: Tensor) -> Tensor:
        """Its curvature, or that of a parabola which bounds it."""
        raise NotImplementedError

    def spread_of(self, residual: Tensor, weight: Tensor | None, free: float, begin: float) -> float:
        """The scale of residuals (b,), of which this part is free, not followed by parameters; looked for from `begin`
        on."""
        raise NotImplementedError

    def at_width(self, width: float) -> Self:
        """Smoothed by this width; smooth losses stay as they are."""
        return self

    def check(self, target: Tensor, what: str = "y", lines: Sequence[int] = ()) -> None:
        """Raise `ConfigError` for scales that are not as many as the outputs."""
        super().check(target, what, lines)
        if isinstance(self.scale, tuple) and len(self.scale) not in (1, target.shape[1]):
            raise ConfigError(f"scale has {len(self.scale)} entries for {target.shape[1]} outputs; give one for each")

    def values(self, prediction: Tensor, target: Tensor) -> Tensor:
        """`rho` of each output."""
        return self.rho((target - prediction) / self._scale(prediction))

    def slopes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """By the prediction."""
        scale = self._scale(prediction)
        return -self.psi((target - prediction) / scale) / scale

    def bends(self, prediction: Tensor, target: Tensor) -> Tensor:
        """By the prediction, twice."""
        scale = self._scale(prediction)
        return self.turn((target - prediction) / scale) / scale**2

    def _scale(self, like: Tensor) -> Tensor | float:
        """The scale of each output; 1 as long as none is known."""
        if isinstance(self.scale, tuple):
            return like.new_tensor(self.scale)
        return 1.0 if self.scale is None else self.scale

    def tuned(self, residual: Tensor, weight: Tensor | None = None, free: float = 1.0, least: float = 0.0) -> Self:
        """With the scale of residuals (b, k), of which the part `free` is not followed by parameters; at least
        `least`."""
        known = self.scale if isinstance(self.scale, tuple) and len(self.scale) == residual.shape[1] else ()
        begin = known or [first_spread(column, weight) for column in residual.T]
        pairs = zip(residual.T, begin, strict=True)
        found = [max(self.spread_of(column, weight, free, start), least, 1e-300) for column, start in pairs]
        return replace(self, scale=tuple(found))

    def begun(self, target: Tensor, weight: Tensor | None = None) -> Self:
        """With the scale that targets (b, k) have about their own best constant."""
        about = self.about(target, weight)
        return self.tuned(target - about.constant(target, weight), weight, least=about.least_scale(target))

    def about(self, target: Tensor, weight: Tensor | None = None) -> Self:
        """With the scale that targets (b, k) have about their quantile: where to begin."""
        return self.tuned(target - middle(target, weight), weight, least=self.least_scale(target))

    def least_scale(self, target: Tensor) -> float:
        """For targets that hardly vary: round-off."""
        return max(1e-12 * float(target.abs().max()), 1e-150) if target.numel() else 1e-150

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """By steps of reweighted squares, from the middle."""
        loss = self if self.scale is not None else self.about(target, weight)
        here, scale = middle(target, weight), loss._scale(target)
        counts = torch.ones_like(target[:, :1]) if weight is None else weight.to(target)[:, None]
        for _ in range(ROUNDS):
            u = (target - here) / scale
            pulls = counts * torch.where(u.abs() > 1e-12, loss.psi(u) / torch.where(u == 0, 1.0, u), loss.turn(u))
            step = (pulls * (target - here)).sum(0) / pulls.sum(0).clamp(min=1e-300)
            here = here + step
            if bool((step.abs() <= REST * torch.as_tensor(scale)).all()):
                break
        return here

    def metrics(self, prediction: Tensor, target: Tensor, share: Tensor) -> dict[str, float]:
        """The scale as well, where outputs have one."""
        found = super().metrics(prediction, target, share)
        scale = self.scale[0] if isinstance(self.scale, tuple) and len(self.scale) == 1 else self.scale
        return found | ({"scale": float(scale)} if isinstance(scale, float) else {})


def first_spread(residual: Tensor, weight: Tensor | None) -> float:
    """Where an iteration for a scale begins: the median absolute residual; where most are zero, the mean one."""
    found = NORMAL * float(middle(residual.abs()[:, None], weight))
    return found if found > 0 else mean_of(residual.abs(), weight)


def at_rest(step: Any, spread: float) -> float:
    """The fixed point of `step`, a function of a spread, from this one; 0 where it shrinks away."""
    for _ in range(ROUNDS):
        if not spread > 0:
            return 0.0
        before, spread = spread, step(spread)
        if math.isclose(before, spread, rel_tol=REST):
            break
    return spread
