"""Which backend computes the kernels. All share one raw interface; README.md has the rule and its measurements.

Raw: nothing here is differentiable, and nothing is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from types import ModuleType

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ..devices import autocasts
from ..errors import BackendError, did_you_mean, knows_keywords, shown
from . import reference
from .reference import Spec, without_base

BACKENDS = ("auto", "reference", "cpu", "gpu")
_DTYPES = (torch.float32, torch.float64)
_PLAIN = (Tensor, torch.nn.Parameter)  # subclasses (fake tensors and the like) have no memory to read
_chosen: ContextVar[str] = ContextVar("edgewise_backend", default="auto")


@contextmanager
@knows_keywords
def use_backend(name: str) -> Iterator[None]:
    """Compute splines with a chosen backend inside the `with` block; afterwards the old choice holds again.

    Args:
        name: "auto" takes the kernels of the tensors' device, where there are any. "reference" takes plain torch for
            all. "cpu" and "gpu" choose as "auto" does, but refuse to begin where their kernels cannot be loaded.

    Raises:
        BackendError: the backend is unknown, or its package (llvmlite, Triton) cannot be imported.

    >>> with use_backend("reference"):
    ...     backend_for(torch.zeros(1, 1), torch.zeros(1, 4, 1))
    'reference'
    """
    if not isinstance(name, str) or name not in BACKENDS:
        raise BackendError(f"use_backend got {shown(name)}; {did_you_mean(name, BACKENDS)}")
    package = {"cpu": "llvmlite", "gpu": "triton"}.get(name)
    if package and (_cpu() if name == "cpu" else _gpu()) is None:
        raise BackendError(
            f"use_backend({name!r}) needs the package {package!r}, which cannot be imported; install it with: pip"
            f" install {package}"
        )
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


@lru_cache(maxsize=1)
def _cpu() -> ModuleType | None:
    """The module of the CPU kernels, or None where llvmlite cannot be imported."""
    try:
        from .cpu import machine_code, spline_backend

        machine_code.check_available()
        return spline_backend
    except ImportError:
        return None


@lru_cache(maxsize=1)
def _gpu() -> ModuleType | None:
    """The module of the GPU kernels, or None where Triton cannot be imported."""
    try:
        from .gpu import triton_backend

        return triton_backend
    except ImportError:
        return None


def _lazy(t: Tensor | None) -> bool:
    """Whether memory does not hold the values: a view that is to be negated, or the zeros of forward-mode derivatives,
    which have no memory."""
    return t is not None and (t.is_neg() or t._is_zerotensor())


def _picked(x: Tensor, *others: Tensor | None) -> ModuleType:
    """The module whose kernels take x and the other tensors: they read memory, where no compiler follows."""
    if (
        x.dtype in _DTYPES
        and type(x) in _PLAIN
        and not _lazy(x)
        and not any(map(_lazy, others))
        and _chosen.get() != "reference"
        and not torch._C._len_torch_dispatch_stack()
        and not is_compiling()
    ):
        if x.is_cpu:
            return _cpu() or reference
        if x.is_cuda:
            return _gpu() or reference
    return reference


def backend_for(x: Tensor, coef: Tensor) -> str:
    """The name of the backend that computes a layer.

    Args:
        x (b, i): its inputs, of which dtype, device and class decide.
        coef (i, j, o): its coefficients, which have no say today.

    Returns:
        "cpu", "gpu" or "reference".

    >>> with use_backend("reference"):
    ...     backend_for(torch.zeros(1, 1), torch.zeros(1, 4, 1))
    'reference'
    """
    return _picked(x).BACKEND_NAME


def _plain(x: Tensor):
    # matrix products inside a kernel keep their dtype: autocast must not touch them
    return torch.autocast(x.device.type, enabled=False) if autocasts(x.device) else nullcontext()


def to_out(
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    bias: Tensor | None = None,
) -> Tensor:
    """`ops.to_out`, which tells the shapes, without its checks."""
    backend = _picked(x, h, coef, scale)
    if backend is not reference and (nu <= spec.degree or scale is not None):
        return backend.to_out(x, h, coef, scale, knots, spec, nu, bias)
    with _plain(x):
        out = reference.to_out(x, h, coef, scale, knots, spec, nu)
        return out if bias is None else out + bias


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`ops.to_in`, which tells the shapes, without its checks."""
    backend = _picked(x, g, coef, scale)
    if backend is not reference and (nu <= spec.degree or scale is not None):
        return backend.to_in(x, g, coef, scale, knots, spec, nu)
    with _plain(x):
        return reference.to_in(x, g, coef, scale, knots, spec, nu)


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """`ops.to_coef`, which tells the shapes, without its checks."""
    backend = _picked(x, h, g)
    if backend is not reference and nu <= spec.degree:
        return backend.to_coef(x, h, g, knots, spec, nu)
    with _plain(x):
        return reference.to_coef(x, h, g, knots, spec, nu)


def backward(
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    with_bias: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """The first derivatives of `to_out` at once: h * to_in(x, g, coef, scale; nu+1), to_coef(x, h, g; nu), and the sum
    of g where with_bias."""
    backend = _picked(x, h, g, coef, scale)
    if backend is not reference and nu < spec.degree:
        return backend.backward(x, h, g, coef, scale, knots, spec, nu, with_bias)
    dx = to_in(x, g, coef, scale, knots, spec, nu + 1)
    dc, ds = to_coef(x, h, g, knots, without_base(spec, scale), nu)
    return dx if h is None else h * dx, dc, ds, g.sum(0) if with_bias else None


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Raw local basis: see `reference.basis`."""
    backend = _picked(x) if nu <= spec.degree else reference
    return backend.basis(x, knots, spec, nu)
