"""A KAN in one safetensors file with a versioned header: written whole or not at all, and never unpickled. `storage.py`
has the public verbs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

from . import __version__
from .devices import as_device
from .errors import CheckpointError, ConfigError, StructureError, clipped, did_you_mean, shown
from .files import FileError, as_path, clear_leftovers, write_whole
from .metadata import TASKS, Encoding
from .model import KAN, Fitted, as_kan
from .spec import from_spec, spec_of
from .spec.fields import LONGEST, text, whole

LEFT = 60.0  # seconds after which a file beside the place, which nobody holds, is what a killed run left
FORMAT = 3  # raised when an older edgewise could not read the file any more
KEY = "edgewise"  # where the header stands among the file's metadata
SOLUTION = "edgewise solution"  # where it stands in a file of several networks (`storage.py`)
# what safetensors, json and torch raise at content that is none: RecursionError is JSON of many thousand levels
DAMAGE = (
    SafetensorError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    MemoryError,
)


def write(content: bytes, path: str | Path) -> None:
    """Write the content of a file, whole or not at all. Raises `CheckpointError` where that cannot be."""
    try:
        clear_leftovers(as_path(path), older=LEFT)
        write_whole(path, content)
    except FileError as error:
        raise CheckpointError(str(error)) from error


def read(path: str | Path) -> bytes:
    """The content of a file. Raises `CheckpointError` where there is none that can be read."""
    try:
        return Path(as_path(path)).read_bytes()
    except FileError as error:
        raise CheckpointError(str(error)) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"there is no file {path}{_suggestion(Path(path))}") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error


def _suggestion(path: Path) -> str:
    """A file beside it of nearly that name, in words; nothing where there is none, or the folder cannot be read."""
    try:
        near = did_you_mean(path.name, [entry.name for entry in path.absolute().parent.iterdir()])
    except OSError:
        return ""
    return f"; {near}" if near.startswith("did") else ""


def to_bytes(model: KAN | Fitted) -> bytes:
    """The content of a checkpoint file. Raises `CheckpointError` for what is no KAN, or cannot be described."""
    try:
        model = as_kan(model, "save")
    except StructureError as error:
        other = "" if isinstance(model, KAN) else "; for other modules use safetensors or torch.save"
        raise CheckpointError(f"{error}{other}") from error
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    try:
        spec = spec_of(model)
        from_spec(spec, tensors)  # what cannot be read again is not written
    except (CheckpointError, TypeError, RecursionError) as error:  # metadata of any kind and depth
        raise CheckpointError(f"the model cannot be saved: {clipped(error, LONGEST)}") from error
    header = {"format": FORMAT, "version": __version__, "torch": str(torch.__version__), "spec": spec}
    # one entry only: safetensors writes several in random order, and equal models should give equal files
    return safetensors.save(tensors, {KEY: _text(header | {"digest": _digest(header, tensors)})})


def from_bytes(raw: bytes, where: str = "the file", device: torch.device | str | None = None) -> KAN:
    """The model in the content of a checkpoint file. Raises `CheckpointError` as `load` does."""
    metadata = metadata_of(raw, where)
    if SOLUTION in metadata:
        raise CheckpointError(f"{where} holds a solution of several networks, not one KAN; edgewise.load opens it")
    if KEY not in metadata:
        raise CheckpointError(f"{where} holds tensors but no edgewise model: its header has no entry {KEY!r}")
    try:
        tensors, header = safetensors.load(raw), json.loads(metadata[KEY])
        number, version = whole(1)(header["format"], "its format"), text(header["version"], "its version")
        spec, intact = header["spec"], header.pop("digest", None) == _digest(header, tensors)
    except DAMAGE as error:
        kind = "" if isinstance(error, CheckpointError) else f"{type(error).__name__}: "
        raise CheckpointError(f"{where} is damaged: {kind}{clipped(error, LONGEST)}") from error
    if number > FORMAT:
        raise CheckpointError(
            f"{where} has format {shown(number)}, of edgewise {shown(version)}; this is {__version__} and reads up to"
            f" {FORMAT}: update it"
        )
    if not intact:
        raise CheckpointError(f"{where} is damaged: its content does not match its digest")
    try:
        model = from_spec(_upgraded(spec, number), tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{where} does not describe a model: {clipped(error, LONGEST)}") from error
    try:
        return model if device is None else model.to(as_device(device))
    except (RuntimeError, ConfigError) as error:
        raise CheckpointError(f"the model in {where} cannot be put on {shown(device)}: {error}") from error


def _upgraded(spec: Any, number: int) -> Any:
    """A description of this format in words of the present one; anything that is no description stays as it is.

    Format 1 knew no split of a table, and a fit wrote the name of its loss where its task stands now. Formats 1 and 2
    knew no encoding: missing cells and unknown levels were errors, and stay so.
    """
    if number >= FORMAT or not isinstance(spec, dict) or not isinstance(spec.get("metadata"), dict):
        return spec
    metadata = {"encoding": asdict(Encoding()), **spec["metadata"]}
    if number == 1:
        metadata = {"split": [], **metadata}
        task = metadata.get("task")
        if isinstance(task, str) and task not in TASKS:
            metadata["task"] = "classification" if task == "cross_entropy" else "regression"
    return {**spec, "metadata": metadata}


def metadata_of(raw: bytes, where: str) -> dict[str, str]:
    """The free entries of a safetensors header: 8 bytes of its length, then that much JSON."""
    if not raw:
        raise CheckpointError(f"{where} is empty")
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or length > len(raw) - 8 or raw[8:9] != b"{":
        # only now: the length of a sound header can look like the start of a pickle
        if raw[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
            raise CheckpointError(
                f"{where} looks like a pickle (torch.save), which could run any code and is never opened; use"
                " edgewise.save"
            )
        raise CheckpointError(f"{where} is no safetensors file, or was cut off")
    try:
        metadata = json.loads(raw[8 : 8 + length]).get("__metadata__", {})
    except (ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{where} is no safetensors file, or is damaged: {clipped(error, LONGEST)}") from error
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError(f"{where} is damaged: its header holds something else than text")
    return metadata


def _text(header: Mapping[str, Any]) -> str:
    return json.dumps(header, sort_keys=True, ensure_ascii=False)


def _digest(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over the header and all tensors, which finds the flipped bit that a format without checksums lets
    through."""
    return digest_of(_text(header), tensors)


def digest_of(text: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over a text and all bits of named tensors.

    >>> digest_of("", {"a": torch.zeros(1)}) == digest_of("", {"a": -torch.zeros(1)})
    False
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode("utf-8", "surrogatepass"))
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b"")
    return digest.hexdigest()
