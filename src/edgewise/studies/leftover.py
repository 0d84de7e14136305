"""Whether a network leaves something that hidden layers could find: a test of what is left, before they are tried.

What is left of noise is noise. Functions of all inputs together are drawn, waves of several lengths (Rahimi & Recht
2007, Random features for large-scale kernel machines). One strength makes them a prior; the gain in log marginal
likelihood at its best value says whether they find something. Noise gains t one time in exp(t) / 2 for each set.

Letters: n rows, d inputs, w waves, l targets.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data import Table
from ..losses import Location, Loss, Numbers, dispersion
from ..model import KAN
from .tuning import TUNED


def something_left(model: KAN, rows: Table, seed: int = 0, loss: Loss | None = None) -> bool:
    """Whether what `model` leaves of these rows, which it was fitted to, looks like more than noise."""
    if len(rows) > TUNED.leftover_rows:
        rows = rows.take(torch.linspace(0, len(rows) - 1, TUNED.leftover_rows, dtype=torch.float64).round().long())
    slope, curvature, share = _left(model, rows, loss)
    if rows.weight is not None:
        slope, curvature = rows.weight[:, None] * slope, rows.weight[:, None] * curvature
    if share < TUNED.nearly_exact:
        return True
    x = rows.X - rows.X.mean(0)
    spread = x.std(0)
    x = (x / torch.where(spread > 0, spread, 1.0)).clamp(-3, 3)  # far values would be alone with their waves
    sets = [x]
    used = torch.tensor(sorted({edge[1] for edge in model.active_edges() if edge[0] == 0}), dtype=torch.long)
    if 0 < len(used) < x.shape[1]:
        sets.append(x[:, [model.topology.node_ids[0].index(number) for number in used.tolist()]])
    gains = [_gain(part, length, slope, curvature, seed) for part in sets for length in TUNED.wave_lengths]
    return max(gains) > math.log(len(gains)) + TUNED.leftover_bar


def _left(model: KAN, rows: Table, loss: Loss | None) -> tuple[Tensor, Tensor, float]:
    """Minus the slope of the losses in nats by the outputs (n, l), the curvature (n, l), and the part of the variance
    that is left. Outputs are in standard deviations of the targets, where they have their units."""
    with torch.no_grad():
        predicted = model(rows.X)
    if isinstance(loss, Numbers):
        spread = dispersion(loss, predicted, rows.y, rows.weight)
        known = loss.information(predicted, rows.y)
        if isinstance(loss, Location):  # a row far off has no curvature, but its slope: it is its mean that counts
            known = known.mean(0).expand_as(known)
        unit = rows.y.std(0) if isinstance(loss, Location) else 1.0
        return -unit * loss.slopes(predicted, rows.y) / spread, (unit**2 * known / spread).clamp(min=1e-12), 1.0
    if rows.classes is None:
        residual, varies = rows.y - predicted, float(rows.y.var(0).sum())
        share = float(residual.var(0).sum()) / varies if varies > 0 else 1.0
        noise = residual.square().mean(0)
        there = noise > 0  # a constant target leaves nothing
        residual, noise, unit = residual[:, there], noise[there], rows.y.std(0)[there]
        return residual / noise * unit, (unit.square() / noise).expand(len(rows), -1), share
    shares = predicted.softmax(1)
    wanted = torch.nn.functional.one_hot(rows.y, shares.shape[1]).to(shares)
    if shares.shape[1] == 2:  # the other logit says the same
        shares, wanted = shares[:, 1:], wanted[:, 1:]
    return wanted - shares, (shares * (1 - shares)).clamp(min=1e-9), 1.0


def _gain(x: Tensor, length: float, slope: Tensor, curvature: Tensor, seed: int) -> float:
    """What waves of this length gain, at the strength that suits them."""
    generator = torch.Generator().manual_seed(seed)
    frequency = torch.randn(x.shape[1], TUNED.waves, dtype=x.dtype, generator=generator) / (length * x.shape[1] ** 0.5)
    phase = 2 * math.pi * torch.rand(TUNED.waves, dtype=x.dtype, generator=generator)
    waves = (2 / TUNED.waves) ** 0.5 * torch.cos(x @ frequency + phase)
    strengths = torch.logspace(*TUNED.wave_strengths, dtype=x.dtype)[:, None]
    gain = torch.zeros_like(strengths[:, 0])
    for left, curved in zip(slope.T, curvature.T, strict=True):
        centred = waves - (curved @ waves) / curved.sum()
        values, vectors = torch.linalg.eigh(centred.T @ (curved[:, None] * centred))
        along = vectors.T @ (centred.T @ left)
        shrunk = 1 + strengths * values.clamp(min=0)
        gain += 0.5 * (strengths * along.square() / shrunk - shrunk.log()).sum(1)
    return float(gain.max()) * (1 - 1 / slope.shape[1] if slope.shape[1] > 1 else 1.0)
