"""Files and folders appear whole or not at all, and nothing is overwritten that was not meant to be."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import edgewise as ew
from edgewise import files
from edgewise.errors import EdgewiseWarning
from edgewise.files import FileError, check_new_folder, clear_leftovers, exchanged, new_folder, write_whole

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


def test_text_that_utf8_cannot_hold_is_escaped(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", os.fsdecode(b"caf\xe9"))
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "caf\\udce9"


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_whole(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


def test_link_to_a_pipe_is_written_through(tmp_path: Path) -> None:
    """/dev/stdout is one: what it points to has no name."""
    read, write = os.pipe()
    (tmp_path / "link").symlink_to(f"/dev/fd/{write}")
    write_whole(tmp_path / "link", "new")
    os.close(write)
    assert os.read(read, 10) == b"new"
    os.close(read)


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

    monkeypatch.setattr(files, "exchanged", lambda one, other: False)  # as on a system that cannot
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


@pytest.mark.parametrize("links", [("loop",), ("there", "back")], ids=["to itself", "to each other"])
def test_links_that_go_in_a_circle_are_refused(tmp_path: Path, links: tuple[str, ...]) -> None:
    for link, target in zip(links, (*links[1:], links[0]), strict=True):
        (tmp_path / link).symlink_to(target)
    loop = tmp_path / links[0]
    with pytest.raises(FileError, match="levels of symbolic links"):
        write_whole(loop, "x")
    for place in (loop, loop / "run"):
        with pytest.raises(FileError, match="levels of symbolic links"):
            check_new_folder(place, True, OWN)
    assert {entry.name for entry in tmp_path.iterdir()} == set(links)


def test_links_to_nothing_and_names_too_long_are_noticed_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(FileError, match="is a broken link"):
        check_new_folder(tmp_path / "link" / "run", True, OWN)
    with pytest.raises(FileError, match="too long"):
        check_new_folder(tmp_path / ("n" * 256), False, OWN)


def test_longest_names_that_the_system_takes_are_written(tmp_path: Path) -> None:
    name = "語" * 85  # 255 bytes
    write_whole(tmp_path / name, "x")
    assert (tmp_path / name).read_text() == "x"
    (tmp_path / name).unlink()
    for text in ("old", "new"):
        with new_folder(tmp_path / name, force=True, own=OWN) as folder:
            (folder / "result.json").write_text(text)
    assert (tmp_path / name / "result.json").read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


# ---------------------------------------------------------------------- killed runs

WRITER = """
    import os, signal, sys
    from pathlib import Path
    from edgewise import files
    {change}
    with files.new_folder(sys.argv[1], force=True, own=("result.json",)) as folder:
        (folder / "result.json").write_text("new")
        {within}
"""


def killed(path: Path, *, change: str = "", within: str = "pass") -> None:
    """A process that writes a folder is killed at the moment that `change` or `within` chooses."""
    script = textwrap.dedent(WRITER).format(change=change, within=within)
    assert subprocess.run([sys.executable, "-c", script, str(path)], timeout=60).returncode == -signal.SIGKILL


DIE = "os.kill(os.getpid(), signal.SIGKILL)"
CANNOT = "files.exchanged = lambda one, other: False; "
MOMENTS = {
    "while it writes": {"within": DIE},
    "before the exchange": {"change": f"files._put = lambda *a: {DIE}"},
    "after the exchange": {"change": f"import shutil; shutil.rmtree = lambda *a, **k: {DIE}"},
    "between two renames": {
        "change": CANNOT + f"rename = os.rename; os.rename = lambda *a: (rename(*a), {DIE})",
    },
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_writer_leaves_a_whole_folder_and_the_next_one_cleans_up(tmp_path: Path, moment: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "result.json").write_text("old")
    (run / "notes.txt").write_text("mine")
    killed(run, **MOMENTS[moment])
    assert len(list(tmp_path.iterdir())) == 2 or moment == "between two renames"
    with pytest.warns(EdgewiseWarning, match="killed"):
        clear_leftovers(run)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert (run / "result.json").read_text() == ("new" if moment == "after the exchange" else "old")
    assert (run / "notes.txt").read_text() == "mine"


def test_leftovers_of_others_and_of_runs_that_go_on_are_let_be(tmp_path: Path) -> None:
    for name in (".other.0123abcd.part", ".run.notes.part", ".run.0123abcd.part.txt", "run.0123abcd.part"):
        (tmp_path / name).mkdir()
    (tmp_path / ".run.4567abcd.part").symlink_to("elsewhere")
    before = {entry.name for entry in tmp_path.iterdir()}
    with new_folder(tmp_path / "run") as folder:
        clear_leftovers(tmp_path / "run")
        assert folder.exists()
        (folder / "result.json").write_text("{}")
    assert {entry.name for entry in tmp_path.iterdir()} == before | {"run"}


def test_file_that_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".a.csv.0123abcd.part").write_text("x")
    with pytest.warns(EdgewiseWarning, match="killed while it wrote: .a.csv.0123abcd.part is removed"):
        clear_leftovers(tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_save_removes_what_killed_saves_left_and_lets_new_files_be(tmp_path: Path) -> None:
    old, new = tmp_path / ".a.safetensors.0123abcd.part", tmp_path / ".a.safetensors.4567abcd.part"
    for left in (old, new):
        left.write_text("x")
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    with pytest.warns(EdgewiseWarning, match="0123abcd.part is removed"):
        ew.save(ew.KAN((1, 1)), tmp_path / "a.safetensors")
    assert not old.exists() and new.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="renameat2 is a call of Linux")
def test_folders_are_exchanged_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "said").write_text(name)
    assert exchanged(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "said").read_text() == "other" and (tmp_path / "other" / "said").read_text() == "one"
    assert not exchanged(tmp_path / "one", tmp_path / "none")

    monkeypatch.setattr(os, "rename", lambda *_: pytest.fail("the folder was moved aside"))
    with new_folder(tmp_path / "one", force=True, own=("said",)) as folder:
        (folder / "said").write_text("new")
    assert (tmp_path / "one" / "said").read_text() == "new"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
