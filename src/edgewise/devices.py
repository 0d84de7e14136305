"""Devices that can be used here, and formats of numbers that a model can have."""

from __future__ import annotations

import warnings

import torch

from .errors import SHOWN, ConfigError, clipped, shown

FORMATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)  # of the numbers of a model


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


def holds_values(t: torch.Tensor) -> bool:
    """Whether values can be read: not of a stand-in such as a fake tensor, on the device "meta", or under `vmap`.

    >>> holds_values(torch.ones(2)), holds_values(torch.ones(2, device="meta"))
    (True, False)
    """
    plain = type(t) in (torch.Tensor, torch.nn.Parameter) and not t.is_meta and t.layout is torch.strided
    return plain and not torch._C._functorch.is_functorch_wrapped_tensor(t)  # pyright: ignore[reportAttributeAccessIssue]


def is_traced() -> bool:
    """Whether `torch.jit.trace` is writing a program: shapes are not checked then, since it warns of every question.

    >>> is_traced()
    False
    """
    return torch._C._get_tracing_state() is not None


def autocasts(device: torch.device) -> bool:
    """Whether autocast is on for this kind of device; on the device meta, which torch does not ask, it never is.

    >>> autocasts(torch.device("meta"))
    False
    """
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def uncast(device: torch.device, dtype: torch.dtype) -> str:
    """What keeps `torch.autocast` from running in this format on a device, in words; nothing where it can.

    >>> uncast(torch.device("cpu"), torch.bfloat16)
    ''
    """
    try:
        with warnings.catch_warnings():  # torch warns, and goes on in the long format
            warnings.simplefilter("error")
            torch.autocast(device.type, dtype)
    except (RuntimeError, UserWarning) as error:
        return clipped(error, 2 * SHOWN).strip().splitlines()[0]
    return ""


def is_shard(values: torch.Tensor) -> bool:
    """Whether these are values spread over processes (a DTensor), of which each holds a part.

    >>> is_shard(torch.ones(3))
    False
    """
    return hasattr(values, "to_local")  # torch.distributed.tensor need not be loaded for that


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


def check_dtype(dtype: object) -> torch.dtype:
    """The dtype itself. Raises `ConfigError` for what cannot be that of parameters."""
    if not isinstance(dtype, torch.dtype) or dtype not in FORMATS:
        raise ConfigError(f"dtype must be one of {', '.join(map(str, FORMATS))}, got {shown(dtype)}")
    return dtype


def made_on(dtype: object, device: object) -> torch.Tensor:
    """A tensor without entries, of the dtype and on the device that parameters are to have; torch's default device for
    None. Raises `ConfigError` for those that no parameters can have.

    >>> made_on(torch.float64, None).dtype
    torch.float64
    """
    found = as_device(device) or torch.get_default_device()
    if found.type == "meta":
        raise ConfigError("a network with values cannot be made on the device 'meta', which holds none; take 'cpu'")
    return torch.zeros(0, dtype=check_dtype(dtype), device=found)
