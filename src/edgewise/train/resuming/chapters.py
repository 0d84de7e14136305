"""The chapter of a fit: found in a journal by a digest of everything that the fit is a function of."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ... import __version__
from ..monitor import Monitor
from ..settings import FitSettings
from . import trees
from .journal import Chapter, Part

# settings that no step sees, or that the job holds
SILENT = ("resume", "progress", "callbacks", "device", "residual", "validation", "memory", "sample_weight")


def opened(part: Part | None, monitor: Monitor, *facts: Any, choices: list[Tensor] | None = None) -> Chapter | None:
    """The chapter of a fit, None where no journal is kept.

    Args:
        part: of the journal.
        monitor: whose rows go on from those of the journal.
        facts: all that the fit is a function of: the model that it starts from, its job, its settings.
        choices: an empty list for the losses of the states to choose from, which go on as well.

    Raises:
        CheckpointError: the journal is of another fit.
    """
    if part is None:
        return None
    digest = trees.digest([__version__, str(torch.__version__), described(facts)])
    chapter = part.open(digest, {"rows": monitor.rows, "choices": [] if choices is None else choices})
    monitor.go_on()
    return chapter


def described(value: Any) -> trees.Tree:
    """Everything about a value that a fit can depend on, as a tree; names stand for functions and classes."""
    if isinstance(value, FitSettings):
        value = replace(value, **dict.fromkeys(SILENT))
    if isinstance(value, nn.Module):
        return [type(value).__qualname__, value.state_dict(), value.training]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__qualname__, {one.name: described(getattr(value, one.name)) for one in fields(value)}]
    if isinstance(value, dict):
        return [[str(key), described(one)] for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [described(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str, Tensor)):
        return value
    return getattr(value, "__qualname__", type(value).__qualname__)
