"""Functions in: points drawn from a box, with the values of a function there, become a `Table`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import index
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.config import is_int, is_seed
from edgewise.devices import unreadable
from edgewise.errors import ConfigError, DataError, ShapeError, as_list, as_words, knows_keywords, shown
from edgewise.limits import COPIES, NUMBER, refuse_too_large, times

from .cell_grids import as_array
from .convert import as_matrix
from .table import Table, from_arrays

# n rows, d inputs, k outputs


@knows_keywords
def from_function(
    f: Callable[..., Tensor],
    ranges: Mapping[str, tuple[float, float]] | Sequence[tuple[float, float]],
    n: int,
    seed: int = 0,
    *,
    output: str = "y",
) -> Table:
    """Points drawn uniformly from a box, with the values of a function there, as a `Table`.

    Args:
        f: takes one tensor (n, d), or d tensors (n,) when it has d arguments without defaults; gives (n,) or (n, k).
        ranges: (low, high) of each input, or name -> (low, high).
        n: the number of points.
        seed: of the draw.
        output: the name of the value.

    Returns:
        A `Table` whose ranges are those given.

    Raises:
        DataError: unusable ranges, fewer than 2 points, or values of f that are not finite.
        ShapeError: values of f of another shape.

    >>> table = from_function(lambda a, b: a * b, {"a": (0, 1), "b": (1, 2)}, 100)
    >>> table.X.shape, table.y.shape, table.inputs
    (torch.Size([100, 2]), torch.Size([100, 1]), ('a', 'b'))
    """
    if not callable(f):
        raise DataError(f"f must be a function of tensors, got {shown(f)}")
    names = as_words(ranges) if isinstance(ranges, Mapping) else None
    pairs = as_list(ranges.values() if isinstance(ranges, Mapping) else ranges)
    if pairs is None:
        raise DataError(f"ranges must be pairs (low, high), got {shown(ranges)}")
    try:
        low, high = torch.tensor([(float(a), float(b)) for a, b in pairs], dtype=torch.float64).reshape(-1, 2).unbind(1)
    except Exception as error:  # of the values' own methods
        raise DataError(f"ranges must be pairs (low, high), got {shown(ranges)}") from error
    if not len(low) or not (low < high).all() or not torch.isfinite(high - low).all():
        raise DataError(f"ranges must be finite pairs with low < high, at least one, got {shown(ranges)}")
    if not is_int(n) or n < 2:
        raise DataError(f"n must be a whole number of at least 2, got {shown(n)}")
    if not is_seed(seed):
        raise ConfigError(f"seed must be an integer >= 0 and below 2^64, got {shown(seed)}")
    n = index(n)
    refuse_too_large(f"n={shown(n)}", times(COPIES * NUMBER, n * (len(low) + 1)), "take fewer points")
    if not isinstance(output, str):
        raise DataError(f"output must be a name, got {shown(output)}")
    draw = torch.Generator().manual_seed(index(seed))
    X = low + (high - low) * torch.rand(n, len(low), dtype=torch.float64, generator=draw)
    value = f(*X.unbind(1)) if _arguments(f) == len(low) > 1 else f(X)
    y = _values(value)
    if y.ndim == 0 or y.shape[0] != n or y.ndim > 2:
        raise ShapeError(f"f gives a result of shape {tuple(y.shape)} for {n} points, wanted ({n},) or ({n}, outputs)")
    outputs = (
        (output,) if y.ndim == 1 or y.shape[1] == 1 else tuple(f"{output}{place + 1}" for place in range(y.shape[1]))
    )
    table = from_arrays(
        X,
        as_matrix(y.reshape(n, -1), what="f(x)", dtype=torch.float64),
        inputs=names,
        outputs=outputs,
        task="regression",
    )
    return replace(table, ranges=tuple(zip(low.tolist(), high.tolist(), strict=True)))


def _values(value: Any) -> Tensor:
    """What the function gave, as a plain tensor of numbers."""
    if isinstance(value, Tensor):
        if odd := unreadable(value):
            raise DataError(f"f gives a tensor that is {odd}")
        return value
    array = as_array(value, "f(x)")
    if array.dtype.kind not in "fiub":
        raise DataError(f"f gives {type(value).__name__} ({array.dtype}), wanted numbers")
    return torch.from_numpy(array.astype(np.float64))


def _arguments(f: Callable[..., Any]) -> int:
    """How many arguments f needs by position; 0 where it does not say."""
    try:
        given = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in given)
