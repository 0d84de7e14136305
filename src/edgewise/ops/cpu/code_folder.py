"""Where machine code is kept: files that are whole, and that nobody else can have written."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import EdgewiseError
from ...files import write_whole

VARIABLE = "EDGEWISE_CACHE_DIR"
DIGEST_BYTES = hashlib.sha256().digest_size
FOLDER_MODE = 0o755  # others may read it, as an image with several users needs, but not write


def folders() -> Iterator[Path]:
    """Where machine code may lie, in the order in which it is looked for: where EDGEWISE_CACHE_DIR says, the user's
    cache folder, the folder for temporary files."""
    if chosen := os.environ.get(VARIABLE):
        yield Path(chosen).expanduser()
    try:
        yield _users()
    except RuntimeError:  # a user without a home
        pass
    try:
        yield Path(tempfile.gettempdir()) / f"edgewise-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
    except OSError:  # no folder for temporary files can be written to
        pass


def _users() -> Path:
    """The user's cache folder, as the system's conventions have it."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "edgewise" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "edgewise"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgewise"


def _trusted(folder: Path) -> bool:
    """Whether what lies in the folder may be run: nobody but this user or root can have put it there."""
    try:
        found = folder.stat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return True
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (os.getuid(), 0) and not found.st_mode & stat.S_IWOTH


def _held(file: Path) -> bytes | None:
    """The content of a file, or None: no file, or one that is damaged."""
    try:
        raw = file.read_bytes() if _trusted(file.parent) else b""
    except OSError:
        return None
    digest, content = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
    return content if content and hashlib.sha256(content).digest() == digest else None


def read(name: str) -> bytes | None:
    """What was kept under a name, or None."""
    contents = (_held(folder / name) for folder in folders())
    return next((content for content in contents if content is not None), None)


def keep(name: str, content: bytes) -> Path | None:
    """Keep the content under a name in the first folder that has it or takes it. Gives the file, None where no folder
    can be written to.

    The file appears whole or not at all, so processes that start at the same time do not disturb each other.
    """
    for folder in folders():
        file = folder / name
        if _held(file) == content:
            return file
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if _trusted(folder):
                write_whole(file, hashlib.sha256(content).digest() + content)
                return file
        except (OSError, EdgewiseError):
            continue
    return None
