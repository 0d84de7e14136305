"""A model in one safetensors file with a versioned header: written whole or not at all, and never unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

from . import __version__
from .devices import as_device
from .errors import CheckpointError, ConfigError, StructureError, did_you_mean, knows_keywords
from .files import FileError, as_path, write_whole
from .model import KAN, Fitted, as_kan
from .spec import from_spec, spec_of

FORMAT = 2  # raised when an older edgewise could not read the file any more
KEY = "edgewise"  # where the header stands among the file's metadata


@knows_keywords
def save(model: KAN | Fitted, path: str | Path) -> None:
    """Write a model to one safetensors file: its tensors, and a header with its structure, names, ranges and edits.

    Args:
        model: the KAN, or the result of its fit.
        path: the file. One that exists is replaced, but only once the new one is complete.

    Raises:
        CheckpointError: the file cannot be written, or `model` is no KAN.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "kan.safetensors"
    >>> save(KAN((2, 3, 1)), path)
    >>> load(path).topology.widths
    ((2, ()), (3, ()), (1, ()))
    """
    try:
        write_whole(path, to_bytes(model))
    except FileError as error:
        raise CheckpointError(str(error)) from error


@knows_keywords
def load(path: str | Path, device: torch.device | str | None = None) -> KAN:
    """The model in a file that `save` wrote; nothing in the file is run.

    Args:
        path: the file.
        device: where the model shall live; the CPU by default.

    Returns:
        The model, equal to the one that was saved.

    Raises:
        CheckpointError: a file that is missing, damaged, foreign, or written by a later version.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "kan.safetensors"
    >>> save(KAN((2, 3, 1)), path)
    >>> load(path).config.degree
    3
    """
    try:
        raw = Path(as_path(path)).read_bytes()
    except FileError as error:
        raise CheckpointError(str(error)) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        parent = Path(path).absolute().parent
        near = did_you_mean(Path(path).name, [entry.name for entry in parent.iterdir()]) if parent.is_dir() else ""
        raise CheckpointError(f"there is no file {path}" + (f"; {near}" if near.startswith("did") else "")) from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise CheckpointError(f"{str(path)!r} is not the name of a file: {error}") from error
    return from_bytes(raw, str(path), device)


def to_bytes(model: KAN | Fitted) -> bytes:
    """The content of a checkpoint file. Raises `CheckpointError` for what is no KAN, or cannot be described."""
    try:
        model = as_kan(model, "save")
    except StructureError as error:
        raise CheckpointError(f"{error}; for other modules use safetensors or torch.save") from error
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    header = {"format": FORMAT, "version": __version__, "torch": str(torch.__version__), "spec": spec_of(model)}
    try:
        if not _same(json.loads(_text(header)), header):
            raise TypeError("it would read back differently")
        # one entry only: safetensors writes several in random order, and equal models should give equal files
        return safetensors.save(tensors, {KEY: _text(header | {"digest": _digest(header, tensors)})})
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"the model's description cannot be written as JSON: {error}") from error


def from_bytes(raw: bytes, where: str = "the file", device: torch.device | str | None = None) -> KAN:
    """The model in the content of a checkpoint file. Raises `CheckpointError` as `load` does."""
    metadata = _metadata(raw, where)
    if KEY not in metadata:
        raise CheckpointError(f"{where} holds tensors but no edgewise model: its header has no entry {KEY!r}")
    try:
        tensors = safetensors.load(raw)
        header = json.loads(metadata[KEY])
        number, version, spec = header["format"], header["version"], header["spec"]
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, RecursionError, AttributeError) as error:
        raise CheckpointError(f"{where} is damaged: {error}") from error
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise CheckpointError(f"{where} is damaged: its format is {number!r}, wanted a number from 1 to {FORMAT}")
    if number > FORMAT:
        raise CheckpointError(
            f"{where} has format {number}, of edgewise {version}; this is {__version__} and reads up to {FORMAT}:"
            " update it"
        )
    if header.pop("digest", None) != _digest(header, tensors):
        raise CheckpointError(f"{where} is damaged: its content does not match its digest")
    try:
        spec = _upgraded(spec, number)
        model = from_spec(spec, tensors)
        _check(model, spec, tensors)
        return model if device is None else model.to(as_device(device))
    except CheckpointError as error:
        raise CheckpointError(f"{where} does not describe a model: {error}") from error
    except (RuntimeError, ConfigError) as error:
        raise CheckpointError(f"the model in {where} cannot be put on {device!r}: {error}") from error


def _upgraded(spec: Any, number: int) -> Any:
    """A description of this format in words of the present one; anything that is no description stays as it is.

    Format 1 knew no split of a table, and a fit wrote the name of its loss where its task stands now.
    """
    if number > 1 or not isinstance(spec, dict) or not isinstance(spec.get("metadata"), dict):
        return spec
    metadata = {"split": [], **spec["metadata"]}
    tasks = {"cross_entropy": "classification", "squared_error": "regression"}
    if isinstance(metadata.get("task"), str):
        metadata["task"] = tasks.get(metadata["task"], metadata["task"])
    return {**spec, "metadata": metadata}


def _metadata(raw: bytes, where: str) -> dict[str, str]:
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
        raise CheckpointError(f"{where} is no safetensors file, or is damaged: {error}") from error
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError(f"{where} is damaged: its header holds something else than text")
    return metadata


def _check(model: KAN, spec: Any, tensors: Mapping[str, Tensor]) -> None:
    """Raise `CheckpointError` unless the model holds exactly what the file said, in shapes that belong together."""
    held = model.state_dict()
    if held.keys() != tensors.keys():
        raise CheckpointError(
            f"tensors that do not belong there or are missing: {', '.join(sorted(held.keys() ^ tensors.keys()))}"
        )
    if not _same(spec, spec_of(model)):
        raise CheckpointError("the structure and the tensors contradict each other")
    topology = model.topology
    wanted = {f"input_{part}": (topology.features,) for part in ("shift", "scale")}
    wanted |= {f"output_{part}": (len(topology.node_ids[-1]),) for part in ("shift", "scale")}
    if len(model.edge_layers) != topology.depth:
        raise CheckpointError(f"{len(model.edge_layers)} layers of edges for {topology.depth + 1} layers of nodes")
    for number, layer in enumerate(model.edge_layers):
        i, o = len(topology.node_ids[number]), len(topology.subnode_ids(number + 1))
        j = layer.knots.shape[-1] - layer.degree - 1
        shapes = {
            "knots": (i, j + layer.degree + 1),
            "coef": (i, j, o),
            "bias": (o,),
            "kind": (i, o),
            "base_scale": (i, o),
        }
        wanted |= {f"layers.{number}.{name}": shape for name, shape in shapes.items()}
    for name, shape in wanted.items():
        if name in held and tuple(held[name].shape) != shape:
            raise CheckpointError(f"{name} has shape {tuple(held[name].shape)}, wanted {shape}")


def _text(header: Mapping[str, Any]) -> str:
    return json.dumps(header, sort_keys=True, ensure_ascii=False)


def _digest(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over the header and all tensors, which finds the flipped bit that a format without checksums lets
    through."""
    digest = hashlib.sha256(_text(header).encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode("utf-8", "surrogatepass"))
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b"")
    return digest.hexdigest()


def _same(read: Any, written: Any) -> bool:
    """Whether JSON gave back what was written, tuples counting as lists."""
    if isinstance(written, Mapping):
        return (
            isinstance(read, dict)
            and read.keys() == written.keys()
            and all(_same(read[key], written[key]) for key in written)
        )
    if isinstance(written, (list, tuple)):
        return isinstance(read, list) and len(read) == len(written) and all(map(_same, read, written))
    return read == written or (read != read and written != written)
