"""Devices that can be used here."""

from __future__ import annotations

import torch

from .errors import ConfigError


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
        raise ConfigError(
            f"device={device!r} cannot be used here: {str(error).strip().splitlines()[0]}; devices here: 'cpu'{cuda}"
        ) from error
    return found
