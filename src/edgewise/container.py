"""Files of safetensors whose only entry of text is a header with a digest: what those of a network and of a solution
have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor, nn

from . import __version__
from .devices import as_device
from .errors import CheckpointError, ConfigError, clipped, shown
from .spec.fields import LONGEST, text, whole

Module = TypeVar("Module", bound=nn.Module)

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


def pack(tensors: Mapping[str, Tensor], key: str, header: Mapping[str, Any]) -> bytes:
    """The content of a file: the tensors, and the header with its digest under this key.

    safetensors writes several entries in random order, and equal models should give equal files; so there is one.
    """
    written = header_text(header)
    return safetensors.save(dict(tensors), {key: header_text({**header, "digest": digest_of(written, tensors)})})


def unpack(
    raw: bytes, key: str, fields: Sequence[str], newest: int, where: str
) -> tuple[dict[str, Tensor], dict[str, Any], int]:
    """The tensors, the header, and its format.

    Args:
        raw: the content of a file whose metadata has this key.
        key: under which the header stands.
        fields: that it must have beside "format" and "version".
        newest: the latest format that is read.
        where: the file, for messages.

    Raises:
        CheckpointError: a damaged content, or one of a later format.
    """
    try:
        tensors, header = safetensors.load(raw), json.loads(metadata_of(raw, where)[key])
        number, version = whole(1)(header["format"], "its format"), text(header["version"], "its version")
        missing = [field for field in fields if field not in header]
        intact = header.pop("digest", None) == digest_of(header_text(header), tensors)
        if missing:
            raise KeyError(missing[0])
    except DAMAGE as error:
        kind = "" if isinstance(error, CheckpointError) else f"{type(error).__name__}: "
        raise CheckpointError(f"{where} is damaged: {kind}{clipped(error, LONGEST)}") from error
    if number > newest:
        raise CheckpointError(
            f"{where} has format {shown(number)}, of edgewise {shown(version)}; this is {__version__} and reads up to"
            f" {newest}: update it"
        )
    if not intact:
        raise CheckpointError(f"{where} is damaged: its content does not match its digest")
    return tensors, header, number


def put_on(model: Module, device: torch.device | str | None, where: str) -> Module:
    """The model on a device. Raises `CheckpointError` where it cannot be put there."""
    try:
        return model if device is None else model.to(as_device(device))
    except (RuntimeError, ConfigError) as error:
        raise CheckpointError(f"the model in {where} cannot be put on {shown(device)}: {error}") from error


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


def header_text(header: Mapping[str, Any]) -> str:
    """A header as text, the same for equal ones.

    >>> header_text({"b": 1, "a": 2})
    '{"a": 2, "b": 1}'
    """
    return json.dumps(header, sort_keys=True, ensure_ascii=False)


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
