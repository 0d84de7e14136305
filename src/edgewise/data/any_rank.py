"""Rows of any rank, such as images, series and tokens, for modules that take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.devices import unreadable
from edgewise.errors import DataError, ShapeError

from .convert import as_matrix

# n rows


def as_rows(X: Any, *, whole: bool, dtype: torch.dtype, device: torch.device | str | None = None) -> Tensor:
    """A detached tensor (n, ...) of whatever holds rows; a table becomes a matrix, by `as_matrix`.

    Args:
        X (n, ...): a tensor or an array of any rank, or what `as_matrix` takes.
        whole: whether whole numbers stay so, as an `nn.Embedding` wants them; else they become floating ones.
        dtype: of floating numbers in the result.
        device: of the result.

    Raises:
        ShapeError, DataError: as for `as_matrix`.

    >>> as_rows(torch.zeros(5, 3, 8, 8), whole=False, dtype=torch.float32).shape
    torch.Size([5, 3, 8, 8])
    >>> as_rows(np.array([[1, 2], [3, 4]]), whole=True, dtype=torch.float32).dtype
    torch.int64
    """
    if whole and (numbers := whole_numbers(X)) is not None:
        return numbers.to(device=device, dtype=torch.int64)
    if not isinstance(X, (Tensor, np.ndarray)) or X.ndim <= 2:
        return as_matrix(X, dtype=dtype, device=device)
    values = torch.as_tensor(X).detach()
    shape = tuple(values.shape)
    if odd := unreadable(values):
        raise DataError(f"X cannot be read: it is {odd}")
    if values.is_complex():
        raise DataError(f"X is complex ({values.dtype}); give real and imaginary parts as two channels")
    if 0 in shape[1:]:
        raise ShapeError(f"X has shape {shape}, whose rows hold no numbers")
    values = values.to(device=device, dtype=dtype)
    bad = ~values.flatten(1).isfinite().all(1)
    if bad.any():
        raise DataError(
            f"X of shape {shape} is not finite in {int(bad.sum())} rows, the first of them row"
            f" {int(bad.nonzero()[0])}; leave these rows out or fill them in"
        )
    return values


def whole_numbers(X: Any) -> Tensor | None:
    """X as a tensor where it is a tensor or an array of whole numbers, of any rank from 1 on; None where it is not.

    >>> whole_numbers(torch.zeros(3, 2)) is None, whole_numbers(torch.tensor([[1, 2]])).shape
    (True, torch.Size([1, 2]))
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "iu" and X.ndim and X.dtype != np.uint64:
        return torch.from_numpy(X.astype(np.int64))
    if not isinstance(X, Tensor) or unreadable(X) or X.ndim == 0:
        return None
    numbers = not X.is_floating_point() and not X.is_complex() and X.dtype not in (torch.bool, torch.uint64)
    return X.detach() if numbers else None
