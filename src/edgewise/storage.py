"""`save` and `load`: a KAN, or what `pde.solve` found, in one safetensors file.

A KAN has the file that `checkpoint` describes. A solution of several networks has one whose tensors are such files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from . import __version__, checkpoint
from .container import metadata_of, pack, put_on, unpack
from .errors import CheckpointError, clipped, knows_keywords
from .model import KAN, Fitted
from .pde.ansatz import Ansatz
from .pde.described import described, rebuilt
from .pde.solution import Solution
from .pde.time_slabs import TimeSlabs
from .spec.fields import LONGEST, whole

FORMAT = 1  # of solutions; raised when an older edgewise could not read the file any more


@knows_keywords
def save(model: KAN | Fitted | nn.Module | Solution, path: str | Path) -> None:
    """Write a model to one safetensors file: its tensors, and a header with its structure, names, ranges and edits.

    What `load` would refuse is not written. So a model that has diverged is not: its parameters are NaN or infinite,
    and `torch.save(model.state_dict(), path)` keeps them for a look.

    Args:
        model: the KAN, or the result of its fit, or a `pde.Solution`. Hard values and features of a solution must be
            numbers or KANs, as no file holds a Python function.
        path: the file. One that exists is replaced, but only once the new one is complete.

    Raises:
        CheckpointError: the file cannot be written, `model` is none of these, or it cannot work.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "kan.safetensors"
    >>> save(KAN((2, 3, 1)), path)
    >>> load(path).topology.widths
    ((2, ()), (3, ()), (1, ()))
    """
    checkpoint.write(to_bytes(model), path)


@knows_keywords
def load(path: str | Path, device: torch.device | str | None = None) -> Any:
    """The model in a file that `save` wrote; nothing in the file is run, and everything in it is checked.

    Each field has its type and range, the fields agree, and each tensor has the dtype and shape that they ask for.
    Knots increase, parameters are finite, scales can be divided by, and each output is finite somewhere on the grids.

    Args:
        path: the file.
        device: where the model shall live; the CPU by default.

    Returns:
        The model, equal to the one that was saved: a `KAN`, or the `pde.TimeSlabs` or `pde.Ansatz` of a solution.

    Raises:
        CheckpointError: a file that is missing, damaged, foreign, or written by a later version; a model that cannot
            work.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "kan.safetensors"
    >>> save(KAN((2, 3, 1)), path)
    >>> load(path).config.degree
    3
    """
    return from_bytes(checkpoint.read(path), str(path), device)


def to_bytes(model: Any) -> bytes:
    """The content of a file. Raises `CheckpointError` as `save` does."""
    held: Any = model if isinstance(model, nn.Module) else getattr(model, "model", model)
    if not isinstance(held, Ansatz | TimeSlabs):
        return checkpoint.to_bytes(held)
    about, kans = described(held)
    parts = {
        f"part {place}": torch.frombuffer(bytearray(checkpoint.to_bytes(kan)), dtype=torch.uint8)
        for place, kan in enumerate(kans)
    }
    header = {"format": FORMAT, "version": __version__, "solution": about, "parts": len(kans)}
    return pack(parts, checkpoint.SOLUTION, header)


def from_bytes(raw: bytes, where: str = "the file", device: torch.device | str | None = None) -> Any:
    """The model in the content of a file. Raises `CheckpointError` as `load` does."""
    if checkpoint.SOLUTION not in metadata_of(raw, where):
        return checkpoint.from_bytes(raw, where, device)
    tensors, header, _ = unpack(raw, checkpoint.SOLUTION, ("solution", "parts"), FORMAT, where)
    try:
        count = whole(1)(header["parts"], "its parts")
        kans = [checkpoint.from_bytes(_content(tensors, place), f"part {place}") for place in range(count)]
        model = rebuilt(header["solution"], kans)
    except CheckpointError as error:
        raise CheckpointError(f"{where} does not describe a solution: {clipped(error, LONGEST)}") from error
    return put_on(model, device, where)


def _content(tensors: dict[str, Tensor], place: int) -> bytes:
    """The bytes of one part."""
    part = tensors.get(f"part {place}")
    if part is None or part.dtype != torch.uint8 or part.ndim != 1:
        raise CheckpointError(f"part {place} is missing, or is no file")
    return part.numpy().tobytes()
