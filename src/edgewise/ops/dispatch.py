"""Which backend computes the three kernels, and why. All backends share one raw interface; see README.md for the measured rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch import Tensor

from ..errors import BackendError, did_you_mean
from . import batching, legacy, reference
from .reference import Spec

BACKENDS = ("auto", "reference")
_chosen: ContextVar[str] = ContextVar("edgewise_backend", default="auto")


@contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Compute with backend `name` inside the `with` block ("auto" picks by the measured rule).

    Raises `BackendError` for a backend that is unknown or not available here.

    >>> with use_backend("reference"):
    ...     pass
    """
    if name not in BACKENDS:
        raise BackendError(f"use_backend got {name!r}; {did_you_mean(str(name), BACKENDS)}")
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def backend_for(x: Tensor, coef: Tensor) -> str:
    """The name of the backend that computes a layer with inputs x (b, i) and coefficients coef (i, j, o)."""
    return "reference"


def _plain(x: Tensor):
    # matrix products inside a kernel keep their dtype: autocast must not touch them
    device = x.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def to_out(x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """Raw kernel dS/dg, (b, o): see `reference.to_out`."""
    if legacy.batched(x, h, coef, scale):
        return legacy.call(batching.to_out, (x, h, coef, scale, knots), spec, nu)
    with _plain(x):
        return reference.to_out(x, h, coef, scale, knots, spec, nu)


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """Raw kernel dS/dh, (b, i): see `reference.to_in`."""
    if legacy.batched(x, g, coef, scale):
        return legacy.call(batching.to_in, (x, g, coef, scale, knots), spec, nu)
    with _plain(x):
        return reference.to_in(x, g, coef, scale, knots, spec, nu)


def to_coef(x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor | None]:
    """Raw kernel dS/dc, (i, j, o) and (i, o) or None: see `reference.to_coef`."""
    if legacy.batched(x, h, g):
        return legacy.call(batching.to_coef, (x, h, g, knots), spec, nu)
    with _plain(x):
        return reference.to_coef(x, h, g, knots, spec, nu)


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Raw local basis: see `reference.basis`."""
    if legacy.batched(x):
        return legacy.call(batching.basis, (x, knots), spec, nu)
    return reference.basis(x, knots, spec, nu)
