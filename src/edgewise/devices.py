"""Devices that can be used here."""

from __future__ import annotations

import torch

from .errors import SHOWN, ConfigError, clipped, shown


def unreadable(x: torch.Tensor) -> str:
    """What keeps a tensor from being read as rows of numbers, in words; nothing for a plain one.

    >>> unreadable(torch.ones(2)), unreadable(torch.ones(2, device="meta"))
    ('', "on the device 'meta', which holds no values")
    """
    if x.is_nested:
        return "nested; torch.nested.to_padded_tensor(x, 0.0) makes it plain"
    if x.is_quantized:
        return "quantized; x.dequantize() makes it plain"
    if x.is_meta:
        return "on the device 'meta', which holds no values"
    if x.layout is not torch.strided:
        return f"{x.layout}; x.to_dense() makes it plain"
    if x.is_floating_point() and x.dtype.itemsize < 2:
        return f"{x.dtype}; x.float() makes it plain"
    return ""


def autocasts(device: torch.device) -> bool:
    """Whether autocast is on for this kind of device; on the device meta, which torch does not ask, it never is.

    >>> autocasts(torch.device("meta"))
    False
    """
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def as_device(device: object) -> torch.device | None:
    """The torch device of this name, or None for None. Raises `ConfigError` for one that no tensor can live on here.

    >>> as_device("cpu")
    device(type='cpu')
    """
    if device is None:
        return None
    try:
        found = torch.device(device)  # type: ignore[call-overload]
        torch.empty(0, device=found)
    except (RuntimeError, TypeError, ValueError, AssertionError, AttributeError, ImportError) as error:
        cuda = f", 'cuda' (0 to {torch.cuda.device_count() - 1})" if torch.cuda.is_available() else ""
        why = clipped(error, 2 * SHOWN).strip().splitlines()[0]
        raise ConfigError(f"device={shown(device)} cannot be used here: {why}; devices here: 'cpu'{cuda}") from error
    return found
