"""Variable projection: many fits of c f(a u + b) + d at once, c and d solved for, (a, b) by Levenberg-Marquardt.

Letters: m problem, n sample. Golub and Pereyra, doi:10.1137/0710036, with Kaufman's simplification of the Jacobian,
doi:10.1007/BF01932995.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..primitives import Primitive
from .tuning import TUNED

vecdot = torch.linalg.vecdot


@dataclass(frozen=True)
class Fits:
    """Results of m problems: ab (m, 2), cd (m, 2) and the relative squared error (m,), y having deviation 1."""

    ab: Tensor
    cd: Tensor
    loss: Tensor


def _evaluate(forms: Sequence[tuple[Primitive, int, int]], z: Tensor) -> tuple[Tensor, Tensor]:
    value, slope = torch.empty_like(z), torch.empty_like(z)
    for p, low, high in forms:
        value[low:high] = p.safe(z[low:high])
        slope[low:high] = p.derivative(z[low:high])
    return value, slope


def segments(primitives: Sequence[Primitive], form: Tensor) -> list[tuple[Primitive, int, int]]:
    """Runs of equal numbers in `form` (m,), sorted: (primitive, first, past the last)."""
    numbers, counts = torch.unique_consecutive(form, return_counts=True)
    ends = counts.cumsum(0).tolist()
    return [
        (primitives[number], end - count, end)
        for number, count, end in zip(numbers.tolist(), counts.tolist(), ends, strict=True)
    ]


def descend(
    primitives: Sequence[Primitive], form: Tensor, ab: Tensor, u: Tensor, y: Tensor, weights: Tensor, steps: int
) -> Fits:
    """Refine m starts ab (m, 2) of the forms numbered in `form` (m,), which is sorted, on their samples u, y, weights
    (m, n).

    y has weighted mean 0 and deviation 1, weights sum to 1. A step is taken only if the error falls; a non-finite trial
    never is.
    """
    forms = segments(primitives, form)
    s = weights.sqrt()
    ys = s * y
    free = torch.tensor([[not p.scale_free, not p.shift_free] for p in primitives], dtype=torch.float64)[form]  # (m, 2)
    lam = torch.full_like(ab[:, 0], TUNED.first_damping)

    def look(ab: Tensor) -> tuple[Tensor, ...]:
        value, slope = _evaluate(forms, torch.addcmul(ab[:, 1:], ab[:, :1], u))
        f = s * value
        mean = vecdot(s, f)
        f = torch.addcmul(f, s, mean[:, None], value=-1)
        size = vecdot(f, f)
        c = vecdot(f, ys) / size
        residual = torch.addcmul(ys, f, c[:, None], value=-1)
        loss = vecdot(residual, residual)
        good = torch.isfinite(loss) & torch.isfinite(size) & (size > TUNED.flat_share * mean * mean)
        return torch.where(good, loss, torch.inf), c, mean, f, size, residual, slope

    state = look(ab)
    for _ in range(steps):
        loss, c, mean, f, size, residual, slope = state
        jb = (s * slope).mul_(c[:, None])
        ja = jb * u
        ja, jb = (torch.addcmul(j, s, vecdot(s, j)[:, None], value=-1) for j in (ja, jb))
        ja, jb = (torch.addcmul(j, f, (vecdot(f, j) / size)[:, None], value=-1) for j in (ja, jb))
        aa, bb, cross = (
            vecdot(ja, ja) * free[:, 0],
            vecdot(jb, jb) * free[:, 1],
            vecdot(ja, jb) * free[:, 0] * free[:, 1],
        )
        ga, gb = vecdot(ja, residual) * free[:, 0], vecdot(jb, residual) * free[:, 1]
        aa, bb = aa * (1 + lam) + TUNED.smallest, bb * (1 + lam) + TUNED.smallest
        det = aa * bb - cross * cross
        step = torch.stack([(bb * ga - cross * gb) / det, (aa * gb - cross * ga) / det], 1)
        trial = ab + torch.nan_to_num(step, 0.0, 0.0, 0.0)
        new = look(trial)
        better = new[0] < loss
        ab = torch.where(better[:, None], trial, ab)
        lam = torch.where(better, lam * TUNED.damping_eased, lam * TUNED.damping_raised).clamp(*TUNED.damping_range)
        state = tuple(
            torch.where(better.reshape(-1, *[1] * (b.ndim - 1)), b, a) for a, b in zip(state, new, strict=True)
        )
    loss, c, mean = state[:3]
    return Fits(ab, torch.stack([c, -c * mean], 1), loss)
