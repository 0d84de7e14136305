"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from .errors import EdgewiseError

KEPT_MODE = 0o777


class FileError(EdgewiseError, OSError):
    """A file or folder that cannot be written."""


def as_path(path: object) -> str | Path:
    """The path itself. Raises `FileError` for what cannot be the name of a file, such as None."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise FileError(f"path must be the name of a file, a str or a Path, got {path!r}")
    return path  # type: ignore[return-value]


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file whole or not at all: beside its place first, then renamed over it. Raises `FileError` when the
    system refuses.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "note.txt", "done")
    >>> (folder / "note.txt").read_text(), len(list(folder.iterdir()))
    ('done', 1)
    """
    try:
        path = Path(as_path(path))
        if path.is_dir():
            raise FileError(f"{path} is a folder, wanted the name of a file")
        if path.is_symlink():  # the file that it points to is replaced, not the link
            path = path.resolve()
        raw = content.encode("utf-8") if isinstance(content, str) else content
        if path.exists() and not path.is_file():  # a pipe or a device such as /dev/stdout: nothing to rename
            path.write_bytes(raw)
            return
        beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
        try:
            with beside.open("xb") as file:
                if path.exists():
                    os.fchmod(file.fileno(), path.stat().st_mode & KEPT_MODE)
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except FileNotFoundError as error:
        raise FileError(f"{path} cannot be written: the folder {Path(path).parent} does not exist") from error
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


def check_new_folder(path: str | Path, force: bool, own: Collection[str]) -> Path:
    """The path, if a folder may appear there. Raises `FileError` for a file, for an unfit place, and for a folder with
    content unless `force`.

    `own`: the names of the files that such a folder holds. `force` replaces a folder with one of these, and no other.
    """
    path = Path(path)
    try:
        if "\0" in str(path):
            raise ValueError("a name cannot hold a zero byte")
        if path.exists() and not path.is_dir():
            raise FileError(f"{path} is a file, wanted the name of a folder")
        if path.is_symlink():
            path = path.resolve()
        held = sorted(entry.name for entry in path.iterdir()) if path.exists() else []
        if held and not force:
            raise FileError(f"the folder {path} exists already; choose another, or replace it with --force")
        if held and not set(held) & set(own):
            raise FileError(
                f"the folder {path} holds other files ({', '.join(held[:3])}) and is not replaced, not even with"
                " --force; choose another"
            )
        here = Path.cwd()
        if path.exists() and (here == path.resolve() or path.resolve() in here.parents):
            raise FileError(f"{path} is the folder you are in; choose a new one, such as run/")
        above = next(folder for folder in (path.absolute().parent, *path.absolute().parents) if folder.exists())
        if not above.is_dir():
            raise FileError(f"{path} cannot be made: {above} is a file")
        if not os.access(above, os.W_OK | os.X_OK):
            raise FileError(f"{path} cannot be made: {above} is not writable")
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be used: {getattr(error, 'strerror', None) or error}") from error
    return path


@contextlib.contextmanager
def new_folder(path: str | Path, force: bool = False, own: Collection[str] = ()) -> Iterator[Path]:
    """An empty folder to fill, which takes its place at `path` when the block ends well and vanishes when it does not.

    An existing folder is replaced only with `force` and only when it holds one of the files `own`; files of other names
    move along into the new folder. Raises `FileError` as `check_new_folder` does.
    """
    path = check_new_folder(path, force, own)
    token = secrets.token_hex(4)
    beside, aside = (
        path.with_name(f".{path.name[:100]}.{token}.part"),
        path.with_name(f".{path.name[:100]}.{token}.old"),
    )
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
    except OSError as error:
        raise FileError(f"{path} cannot be made: {error.strerror or error}") from error
    try:
        yield beside
        check_new_folder(path, force, own)
        try:
            if path.exists():
                for entry in list(path.iterdir()):
                    if entry.name not in own and not (beside / entry.name).exists():
                        _copy(entry, beside / entry.name)
                os.rename(path, aside)
            try:
                os.rename(beside, path)
            except OSError:
                if aside.exists():
                    os.rename(aside, path)
                raise
        except OSError as error:
            raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if path.exists():
            shutil.rmtree(aside, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
