"""The part of YAML that pykan's settings are written in: names, each with a scalar or with lists of scalars in lists.

Nothing is ever made of a tag: an entry of another kind is kept as the name of its kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CheckpointError, shown

DEEPEST = 6  # lists in lists; pykan writes two
_KEY = re.compile(r"(['\"]?)([A-Za-z_][\w.]*)\1:(?: +(.*))?$")
_MARK = re.compile(r"&(\S+)(?: +(.*))?$")
_TAG = re.compile(r"!!?(\S+)(?: +.*)?$")
_WHOLE = re.compile(r"[-+]?\d+$")
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None, "[]": [], "{}": {}}
LISTS = ("python/tuple", "seq")  # tags of what is a list all the same

Line = tuple[int, str]  # how far it is indented, and what stands there


@dataclass(frozen=True)
class Unread:
    """An entry of another kind, such as an object of Python: its tag, or the text that was not understood."""

    what: str


def read_entries(text: str) -> dict[str, Any]:
    """The entries of a file by their names.

    Args:
        text: of the file.

    Returns:
        Numbers, texts, truth values, None, lists of these, and `Unread` for all else.

    Raises:
        CheckpointError: a text without such entries, or with one name twice.

    >>> read_entries("k: 3\\nwidth:\\n- - 2\\n  - 0\\n- - 1\\n  - 0\\n")
    {'k': 3, 'width': [[2, 0], [1, 0]]}
    """
    blocks: dict[str, list[Line]] = {}
    name = None
    for line in text.splitlines():
        found = _KEY.match(line)
        if found:
            name = found[2]
            if name in blocks:
                raise CheckpointError(f"the entry {shown(name)} stands there twice")
            blocks[name] = [(2, found[3])] if found[3] else []
        elif name is not None and line.strip() and not line.startswith("#"):
            blocks[name].append((len(line) - len(line.lstrip(" ")), line.strip()))
    if not blocks:
        raise CheckpointError("there is no entry in it, wanted lines such as 'k: 3'")
    marks: dict[str, Any] = {}
    return {name: _value(lines, marks, 0) for name, lines in blocks.items()}


def _value(lines: Sequence[Line], marks: dict[str, Any], depth: int) -> Any:
    """What some lines say; `marks` are values that others refer to."""
    if not lines:
        return None
    (indent, first), rest = lines[0], lines[1:]
    if depth > DEEPEST:
        return Unread("lists nested too deep")
    if mark := _MARK.match(first):
        marks[mark[1]] = found = _value([*([(indent, mark[2])] if mark[2] else []), *rest], marks, depth)
        return found
    if first.startswith("*"):
        return marks.get(first[1:], Unread(first))
    if tag := _TAG.match(first):
        return _value(rest, marks, depth) if tag[1] in LISTS else Unread(tag[1])
    if first == "-" or first.startswith("- "):
        return _list(lines, marks, depth)
    return Unread(shown(first)) if rest else _scalar(first)


def _list(lines: Sequence[Line], marks: dict[str, Any], depth: int) -> Any:
    """A list: an item begins with a dash at the indentation of the first, and holds what is indented further."""
    indent, items = lines[0][0], list[list[Line]]()
    for place, text in lines:
        dash = text == "-" or text.startswith("- ")
        if place == indent and dash:
            inner = text[1:].lstrip()
            items.append([(indent + len(text) - len(inner), inner)] if inner else [])
        elif place > indent:
            items[-1].append((place, text))
        else:
            return Unread(shown(text))
    return [_value(item, marks, depth + 1) for item in items]


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text.startswith("'"):
        return text[1:-1].replace("''", "'") if len(text) > 1 and text.endswith("'") else Unread(shown(text))
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            return Unread(shown(text))
    if _WHOLE.match(text) and len(text) < 20:
        return int(text)
    return float(text) if _FLOAT.match(text) and len(text) < 40 else text
