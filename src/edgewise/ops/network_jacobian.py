"""The Jacobian of a network, layer by layer, as products of local bases and sensitivities.

b samples, k outputs, i input node, j basis, r local basis 0..p, o subnode, m further columns, P parameters: per layer
coef (i, j, o), base scale (i, o) where there is a base, bias (o,), further columns (m,), one layer after the other. The
Jacobian is d output / d parameters, (b, k, P).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import ShapeError


class LayerJacobian(NamedTuple):
    """Its part of the Jacobian: first (b, i) int64, values (b, i, r), base (b, i) or None, sens (b, k, o), num_basis,
    extra (b, k, m) or None."""

    first: Tensor
    values: Tensor
    base: Tensor | None
    sens: Tensor
    num_basis: int
    extra: Tensor | None = None

    @property
    def inputs(self) -> int:
        """Input nodes."""
        return self.first.shape[1]

    @property
    def terms(self) -> int:
        """Basis functions that are not zero at a point, p+1."""
        return self.values.shape[2]

    @property
    def width(self) -> int:
        """Subnodes."""
        return self.sens.shape[2]

    @property
    def further(self) -> int:
        """Further columns."""
        return 0 if self.extra is None else self.extra.shape[2]

    @property
    def size(self) -> int:
        """Parameters."""
        return self.inputs * self.width * (self.num_basis + (self.base is not None)) + self.width + self.further

    @property
    def local(self) -> int:
        """Entries in a row of the Jacobian that are not zero."""
        return self.inputs * self.width * (self.terms + (self.base is not None)) + self.width + self.further


def jacobian(layers: Sequence[LayerJacobian], rows: slice = slice(None)) -> Tensor:  # noqa: B008
    """(b, k, P) for some of the samples."""
    blocks = []
    for layer in layers:
        first, values, sens = layer.first[rows], layer.values[rows], layer.sens[rows]
        index = first.unsqueeze(-1) + torch.arange(values.shape[2], device=values.device)
        basis = values.new_zeros(*first.shape, layer.num_basis).scatter_(2, index, values).flatten(1)  # (b, i*j)
        if layer.base is not None:
            basis = torch.cat([basis, layer.base[rows]], 1)
        blocks.append((basis[:, None, :, None] * sens[:, :, None, :]).flatten(2))
        blocks.append(sens)
        if layer.extra is not None:
            blocks.append(layer.extra[rows])
    return torch.cat(blocks, 2)


def check(layers: Sequence[LayerJacobian], residual: Tensor, curvature: Tensor | None) -> None:
    """Raise `ShapeError` where shapes, dtypes or devices do not fit, or a basis function is not there."""
    if not layers:
        raise ShapeError("normal_equations needs at least one layer")
    if residual.dim() != 2:
        raise ShapeError(f"residual must have shape (samples, outputs), got {tuple(residual.shape)}")
    if not residual.dtype.is_floating_point:
        raise ShapeError(f"residual must be a float tensor, got {residual.dtype}")
    _check_one("residual", residual, (-1, -1), residual)
    batch, outputs = residual.shape
    for number, layer in enumerate(layers):
        inputs, terms = layer.values.shape[1:] if layer.values.dim() == 3 else (-1, -1)
        per_output = (batch, outputs, -1)
        wanted = {
            "first": (batch, inputs),
            "values": (batch, inputs, terms),
            "base": (batch, inputs),
            "sens": per_output,
            "extra": per_output,
        }
        for name, shape in wanted.items():
            if (tensor := getattr(layer, name)) is not None:
                _check_one(f"{name} of layer {number}", tensor, shape, residual, name == "first")
        if layer.first.numel():
            low, high = (int(end) for end in layer.first.aminmax())
            if low < 0 or high > layer.num_basis - layer.terms:
                raise ShapeError(
                    f"first of layer {number} must be from 0 to {layer.num_basis - layer.terms} for {layer.num_basis}"
                    f" basis functions of which {layer.terms} are not zero, got {low} to {high}"
                )
    if curvature is not None:
        shape = (batch,) if curvature.dim() == 1 else (batch, outputs, outputs)
        _check_one("curvature", curvature, shape, residual)


def _check_one(
    name: str, tensor: Tensor, shape: tuple[int, ...], residual: Tensor, whole_numbers: bool = False
) -> None:
    """Raise `ShapeError` unless a tensor has this shape (-1: any length), and dtype and device of the residual."""
    if tensor.dim() != len(shape) or any(want not in (-1, got) for got, want in zip(tensor.shape, shape, strict=True)):
        raise ShapeError(f"{name} must have shape {shape} (-1: any), got {tuple(tensor.shape)}")
    if tensor.dtype != (torch.int64 if whole_numbers else residual.dtype):
        raise ShapeError(f"{name} is {tensor.dtype}; residual is {residual.dtype}, first must be int64")
    if tensor.device != residual.device or tensor.layout != torch.strided:
        raise ShapeError(
            f"{name} is {tensor.layout} on {tensor.device}; it must be plain memory on {residual.device}, where the"
            " residual is"
        )
