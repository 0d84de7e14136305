"""What the experiments compare with: closed forms, a quadrature, and a spectral solution, with their slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

Function = Callable[[Tensor], Tensor]
Box = tuple[tuple[float, float], ...]
POINTS = 10_000  # at which a solution is compared with the exact one
HERMITE = 300  # nodes of the quadrature: twice as many change no value by more than 1e-13


class Reference(NamedTuple):
    """Points (n, d), exact values (n, o), exact slopes (n, o, d)."""

    x: Tensor
    values: Tensor
    slopes: Tensor


def of_function(function: Function, box: Box, points: int = POINTS, domain: Any = None) -> Reference:
    """A function (n, d) -> (n, o) at points that no solver has seen, those in the domain if there is one; slopes by
    autograd."""
    low, high = torch.tensor(box, dtype=torch.float64).unbind(1)
    x = low + SobolEngine(len(box), scramble=True, seed=2**40).draw(points, dtype=torch.float64) * (high - low)
    x = x if domain is None else x[domain.inside(x)]
    values, slopes = with_slopes(function, x)
    return Reference(x, values, slopes)


def with_slopes(function: Function, x: Tensor) -> tuple[Tensor, Tensor]:
    """Values (n, o) and slopes (n, o, d) of a function that treats points one by one.

    >>> values, slopes = with_slopes(lambda x: x**2, torch.tensor([[3.0]]))
    >>> values.tolist(), slopes.tolist()
    ([[9.0]], [[[6.0]]])
    """
    x = x.detach().clone().requires_grad_()
    y = function(x)
    slopes = [torch.autograd.grad(column.sum(), x, retain_graph=True)[0] for column in y.unbind(1)]
    return y.detach(), torch.stack(slopes, 1)


def laplacian(function: Function) -> Function:
    """The sum of the second derivatives of a function of x (n, d) with one output, (n, 1), by autograd.

    >>> laplacian(lambda x: x[:, :1] ** 2 * x[:, 1:])(torch.tensor([[1.0, 3.0]])).tolist()
    [[6.0]]
    """

    def found(x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
            bends = [
                torch.autograd.grad(slope[:, axis].sum(), x, retain_graph=True)[0][:, axis]
                for axis in range(x.shape[1])
            ]
        return torch.stack(bends).sum(0)[:, None].detach()

    return found


def burgers(nu: float) -> Function:
    """u_t + u u_x = nu u_xx from -sin(pi x): the solution of Cole and Hopf, by Gauss-Hermite quadrature.

    Source: Basdevant et al. 1986 (doi:10.1016/0045-7930(86)90036-8), eq. 2.5.

    >>> u = burgers(0.05)
    >>> bool((u(torch.tensor([[0.3, 0.0]], dtype=torch.float64)) + math.sin(0.3 * math.pi)).abs() < 1e-14)
    True
    """
    nodes, weights = (torch.tensor(part) for part in np.polynomial.hermite.hermgauss(HERMITE))
    weights = weights.log()

    def found(x: Tensor) -> Tensor:
        place, time = x[:, :1], x[:, 1:].clamp(min=0.0)
        shift = place - (4 * nu * time + 1e-300).sqrt() * nodes
        # e to the weights of the average, kept in range
        height = weights - torch.cos(math.pi * shift) / (2 * math.pi * nu)
        share = torch.softmax(height, 1)
        return -(share * torch.sin(math.pi * shift)).sum(1, keepdim=True)

    return found


def allen_cahn(diffusion: float = 1e-4, reaction: float = 5.0, modes: int = 4096, steps: int = 4000) -> Reference:
    """u_t = D u_xx + r (u - u^3), periodic on [-1, 1], from x^2 cos(pi x), for t in [0, 1]: Fourier modes, ETDRK4.

    The initial value has a kink at x = 1, which the equation smooths; the modes resolve its layer from the first steps
    on. Times are 1/50 apart.

    Source: Kassam & Trefethen 2005 (doi:10.1137/S1064827502410633).
    """
    x = -1 + 2 * np.arange(modes) / modes
    wave = math.pi * np.fft.rfftfreq(modes, 1 / modes)
    linear = -diffusion * wave**2 + reaction
    h = 1.0 / steps
    roots = np.exp(1j * math.pi * (np.arange(32) + 0.5) / 32)  # contour integrals keep the small differences exact
    L = h * linear[:, None] + roots
    half, whole = np.exp(h * linear / 2), np.exp(h * linear)
    q = h * np.real(((np.exp(L / 2) - 1) / L).mean(1))
    f1 = h * np.real(((-4 - L + np.exp(L) * (4 - 3 * L + L**2)) / L**3).mean(1))
    f2 = h * np.real(((2 + L + np.exp(L) * (L - 2)) / L**3).mean(1))
    f3 = h * np.real(((-4 - 3 * L - L**2 + np.exp(L) * (4 - L)) / L**3).mean(1))

    def nonlinear(v: np.ndarray) -> np.ndarray:
        return -reaction * np.fft.rfft(np.fft.irfft(v, modes) ** 3)

    v, kept = np.fft.rfft(x**2 * np.cos(math.pi * x)), []
    for step in range(steps + 1):
        if step % (steps // 50) == 0:
            kept.append(v)
        now = nonlinear(v)
        a = half * v + q * now
        first = nonlinear(a)
        b = half * v + q * first
        second = nonlinear(b)
        c = half * a + q * (2 * second - now)
        v = whole * v + now * f1 + 2 * (first + second) * f2 + nonlinear(c) * f3
    return _sampled(x, wave, linear, reaction, kept, modes)


def _sampled(
    x: np.ndarray, wave: np.ndarray, linear: np.ndarray, reaction: float, kept: list[np.ndarray], modes: int
) -> Reference:
    """Every 16th place at the kept times, with slopes in space and, by the equation, in time."""
    some = slice(None, None, modes // 256)
    points, values, slopes = [], [], []
    for number, v in enumerate(kept):
        u = np.fft.irfft(v, modes)
        by_time = np.fft.irfft(linear * v, modes) - reaction * u**3
        points.append(np.stack([x[some], np.full(256, number / 50)], 1))
        values.append(u[some])
        slopes.append(np.stack([np.fft.irfft(1j * wave * v, modes)[some], by_time[some]], 1))
    parts = np.concatenate(points), np.concatenate(values)[:, None], np.concatenate(slopes)[:, None]
    return Reference(*(torch.tensor(part) for part in parts))
