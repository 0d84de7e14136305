"""Numbers in the dtype of a network's parameters, where that dtype holds them."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import EdgewiseError


def converted(values: Tensor, like: Tensor, error: type[EdgewiseError]) -> Tensor:
    """Values in the dtype and on the device of another tensor.

    Args:
        values: in float64.
        like: a tensor of the dtype and on the device that are wanted.
        error: to raise.

    Raises:
        error: a value that is no finite number, or none in that dtype.

    >>> converted(torch.ones(1, dtype=torch.float64), torch.zeros(0), EdgewiseError)
    tensor([1.])
    """
    found = values.to(like)
    if bool(torch.isfinite(found).all()):
        return found
    if not bool(torch.isfinite(values).all()):
        raise error("constants of the network multiply to more than floats hold")
    value = float(values[~torch.isfinite(found).to(values.device)][0])
    raise error(f"the constant {value:g} is larger than {dtype_name(like)} holds; take dtype=torch.float64")


def dtype_name(like: Tensor) -> str:
    """The dtype of a tensor as people write it.

    >>> dtype_name(torch.zeros(0, dtype=torch.float16))
    'float16'
    """
    return str(like.dtype).removeprefix("torch.")
