"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import secrets
import shutil
import time
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

from .errors import EdgewiseError, EdgewiseWarning, few, shown

KEPT_MODE = 0o777
LONGEST_PATH = 4096  # bytes that a system takes at most: PATH_MAX of Linux, the largest
LONGEST = 200  # bytes of a name that leave room for what is put around it; file systems take 255
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux: fcntl.h, linux/fs.h


class FileError(EdgewiseError, OSError):
    """A file or folder that cannot be written."""


def as_path(path: object) -> str | Path:
    """The path itself. Raises `FileError` for what cannot be the name of a file, such as None."""
    try:
        name = os.fspath(path)  # type: ignore[call-overload]
    except Exception:  # TypeError, or whatever the value's own method raises
        name = None
    if isinstance(name, str) and (why := _no_name(name)):
        raise FileError(f"{shown(name)} is not the name of a file: {why}")
    if not isinstance(name, str):
        raise FileError(f"path must be the name of a file, a str or a Path, got {shown(path)}")
    return path  # type: ignore[return-value]


def _no_name(name: str) -> str:
    """What keeps a text from being the name of a file anywhere, in words; nothing where it can be one."""
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError as error:
        return str(error)
    if len(raw) > LONGEST_PATH:
        return f"it has {len(raw)} bytes, and systems take {LONGEST_PATH}"
    return "it holds a zero byte" if b"\0" in raw else ""


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
        path = _behind(Path(as_path(path)))  # the file that a link points to is replaced, not the link
        if path.is_dir():
            raise FileError(f"{path} is a folder, wanted the name of a file")
        # names of files may hold bytes that are no text, which Python reads as surrogates: these become escapes
        raw = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
        if path.exists() and not path.is_file():  # a pipe or a device such as /dev/stdout: nothing to rename
            path.write_bytes(raw)
            return
        beside, _ = _hidden(path)
        try:
            with beside.open("xb") as file, _claimed(beside):
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
        path = _behind(path)
        if path.exists() and not path.is_dir():
            raise FileError(f"{path} is a file, wanted the name of a folder")
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
        above = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
        if not above.is_dir():
            raise FileError(f"{path} cannot be made: {above} is {'a file' if above.exists() else 'a broken link'}")
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
    are copied into the new folder. The two are exchanged in one step where the system can (see `exchanged`).
    Raises `FileError` as `check_new_folder` does.
    """
    clear_leftovers(path)
    path = check_new_folder(path, force, own)
    beside, aside = _hidden(path)
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
    except OSError as error:
        raise FileError(f"{path} cannot be made: {error.strerror or error}") from error
    try:
        with _claimed(beside):
            yield beside
            check_new_folder(path, force, own)
            try:
                for entry in list(path.iterdir()) if path.exists() else []:
                    if entry.name not in own and not (beside / entry.name).exists():
                        _copy(entry, beside / entry.name)
                _put(beside, path, aside)
            except OSError as error:
                raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if path.exists():
            shutil.rmtree(aside, ignore_errors=True)


def exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step, so that no moment is without either; False where the system cannot.

    Source: renameat2 of Linux, with RENAME_EXCHANGE; most of its file systems know it.
    """
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # another system: without the function, or without a library to ask
        return False
    return renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0


def clear_leftovers(path: str | Path, older: float = 0.0) -> None:
    """Take away what killed runs left beside `path`, and put back a folder that one of them had just moved aside.

    What a run that still goes on holds is let be, and so is what is not `older` than so many seconds: a file that is
    just being made is not locked yet. An `EdgewiseWarning` names what was done.
    """
    done: list[str] = []
    with contextlib.suppress(OSError, ValueError):  # an unusable path is refused where it is used
        path = _behind(Path(path))
        ours = re.compile(rf"\.{re.escape(_stem(path))}\.[0-9a-f]{{8}}\.(part|old)")
        for entry in sorted(entry for entry in path.absolute().parent.iterdir() if ours.fullmatch(entry.name)):
            with _claimed(entry) as free:
                if not free or time.time() - entry.stat().st_mtime < older:
                    continue
                if entry.suffix == ".old" and not path.exists():
                    os.rename(entry, path)
                    done.append(f"{path} is put back from {entry.name}")
                    continue
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
                done.append(f"{entry.name} is removed")
    if done:
        warnings.warn(EdgewiseWarning(f"an earlier run was killed while it wrote: {few(done)}"), stacklevel=2)


def _behind(path: Path) -> Path:
    """The file or folder that a symbolic link points to, there or not; any other path as it is, and a link to a pipe
    such as /dev/stdout, which has no name. Raises `OSError` for links that go in a circle, and for names that the
    system does not take."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.stat()  # `exists` and `resolve` differ between versions of Python in what they raise
    nameless = path.exists() and not path.is_file() and not path.is_dir()
    return path.resolve() if path.is_symlink() and not nameless else path


def _stem(path: Path) -> str:
    """The name, or its digest where it is too long to be a part of another."""
    raw = os.fsencode(path.name)
    return path.name if len(raw) <= LONGEST else hashlib.sha256(raw).hexdigest()[:32]


def _hidden(path: Path) -> tuple[Path, Path]:
    """Two new names beside `path`: for what is still being written, and for what is being replaced."""
    start = f".{_stem(path)}.{secrets.token_hex(4)}"
    return path.with_name(f"{start}.part"), path.with_name(f"{start}.old")


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Hold the lock of a file or folder for the block; False where another process has it, or locks are unknown. The
    system frees the lock of a process that is killed."""
    try:
        import fcntl

        place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (ImportError, OSError):
        yield False
        return
    try:
        free = True
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            free = False
        yield free
    finally:
        os.close(place)


def _put(new: Path, path: Path, aside: Path) -> None:
    """Give the folder `new` the place of `path`; a folder that was there is `new` or `aside` afterwards."""
    if not path.exists():
        os.rename(new, path)
    elif not exchanged(new, path):
        with _claimed(path):
            os.rename(path, aside)
            try:
                os.rename(new, path)
            except BaseException:
                if not path.exists():
                    os.rename(aside, path)
                raise


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
