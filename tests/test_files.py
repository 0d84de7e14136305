"""Files and folders appear whole or not at all, and nothing is overwritten that was not meant to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from edgewise.files import FileError, check_new_folder, new_folder, write_whole

OWN = ("result.json", "model.safetensors")


def test_file_is_replaced_with_its_mode_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "größe")
    assert path.read_text(encoding="utf-8") == "größe"
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_whole(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


def test_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_unusable_file_names(tmp_path: Path) -> None:
    for path, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "a", "does not exist"),
        (tmp_path / ("n" * 300), "cannot be written"),
    ]:
        with pytest.raises(FileError, match=message):
            write_whole(path, "x")


def test_folder_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    with new_folder(tmp_path / "deep" / "run") as folder:
        (folder / "result.json").write_text("{}")
        assert not (tmp_path / "deep" / "run").exists()
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["run"]
    assert (tmp_path / "deep" / "run" / "result.json").read_text() == "{}"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_folder_vanishes_when_the_block_fails(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text("old")
    with pytest.raises(error), new_folder(tmp_path / "run", force=True, own=OWN) as folder:
        (folder / "result.json").write_text("new")
        raise error
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"] and (
        tmp_path / "run" / "result.json"
    ).read_text() == "old"


def test_failed_swap_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text("old")
    rename = os.rename

    def failing(source: Path, target: Path) -> None:
        if str(source).endswith(".part"):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(FileError, match="No space left"), new_folder(tmp_path / "run", force=True, own=OWN) as folder:
        (folder / "result.json").write_text("new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"] and (
        tmp_path / "run" / "result.json"
    ).read_text() == "old"


def test_force_replaces_own_files_and_keeps_the_users(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "thoughts").mkdir(parents=True)
    (run / "thoughts" / "a.txt").write_text("mine")
    (run / "result.json").write_text("old")
    (run / "model.safetensors").write_text("old")
    with new_folder(run, force=True, own=OWN) as folder:
        (folder / "result.json").write_text("new")
    assert (run / "result.json").read_text() == "new" and not (run / "model.safetensors").exists()
    assert (run / "thoughts" / "a.txt").read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_folder_that_is_not_to_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text("{}")
    (tmp_path / "file").write_text("")
    for path, force, message in [
        ("run", False, "exists already; .*--force"),
        ("home", True, r"holds other files \(letter.txt\) and is not replaced"),
        ("file", True, "is a file"),
        ("file/run", True, "cannot be made|cannot be used"),
        ("a\0b", False, "cannot be used"),
    ]:
        with pytest.raises(FileError, match=message):
            check_new_folder(tmp_path / path, force, OWN)
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(FileError, match="the folder you are in"):
        check_new_folder(".", True, OWN)
    assert (tmp_path / "home" / "letter.txt").exists() and (tmp_path / "run" / "result.json").exists()


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as folder:
        (folder / "result.json").write_text("{}")
    assert (tmp_path / "run" / "result.json").exists()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
