"""The four differentiable kernels as one value, so that a rule works with whichever binding hands them in."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from .reference import Spec


class _ToOut(Protocol):
    def __call__(
        self, x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0, /
    ) -> Tensor: ...


class _ToIn(Protocol):
    def __call__(
        self, x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0, /
    ) -> Tensor: ...


class _ToCoef(Protocol):
    def __call__(
        self, x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0, /
    ) -> tuple[Tensor, Tensor | None]: ...


class _Basis(Protocol):
    def __call__(self, x: Tensor, knots: Tensor, spec: Spec, nu: int = 0, /) -> tuple[Tensor, Tensor]: ...


class Kernels(NamedTuple):
    """`to_out`, `to_in`, `to_coef` and `basis` of one binding: shapes as in `reference`."""

    to_out: _ToOut
    to_in: _ToIn
    to_coef: _ToCoef
    basis: _Basis
