"""Machine code of the kernels: made once, kept whole, and never taken from where others may write."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.cli.main import main
from edgewise.ops.cpu import code_folder, kernels, machine_code
from edgewise.screen import told_by

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

ROOT = Path(__file__).resolve().parents[2]
LAYER = """
import torch, edgewise as ew
layer = ew.KANLayer(3, 2, seed=0)
x = torch.linspace(-1, 1, 30).reshape(10, 3).requires_grad_()
layer(x).sum().backward()
print(x.grad.sum().item().hex())
"""


@pytest.fixture
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The single folder in which machine code is looked for and kept."""
    folder = tmp_path / "code"
    monkeypatch.setattr(code_folder, "folders", lambda: iter((folder,)))
    return folder


def started(program: str, folder: Path) -> subprocess.Popen[str]:
    """A process that finds machine code in no other folder than this one."""
    elsewhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "TMPDIR"), str(folder / "elsewhere"))
    own = {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", code_folder.VARIABLE: str(folder / "code")}
    environment = {**os.environ, **elsewhere, **own}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


# --- the folder


def test_what_was_kept_is_read_again(only_here: Path):
    assert code_folder.read("a.code") is None
    assert code_folder.keep("a.code", b"machine code") == only_here / "a.code"
    assert code_folder.read("a.code") == b"machine code"
    assert [file.name for file in only_here.iterdir()] == ["a.code"]


def test_a_damaged_file_is_not_taken(only_here: Path):
    whole = code_folder.keep("a.code", b"machine code")
    assert whole is not None
    held = whole.read_bytes()
    for damaged in (b"", held[:20], held[:-1], held + b"x", bytes([held[0] ^ 1]) + held[1:], held[:-1] + b"X"):
        whole.write_bytes(damaged)
        assert code_folder.read("a.code") is None
    assert code_folder.keep("a.code", b"machine code") == whole  # and is replaced
    assert code_folder.read("a.code") == b"machine code"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners of files")
def test_a_folder_to_which_others_may_write_is_passed_over(only_here: Path, monkeypatch: pytest.MonkeyPatch):
    code_folder.keep("a.code", b"machine code")
    only_here.chmod(0o777)
    assert code_folder.read("a.code") is None
    assert code_folder.keep("b.code", b"other") is None
    only_here.chmod(0o755)
    assert code_folder.read("a.code") == b"machine code"
    owner = only_here.stat().st_uid
    os.chown(only_here, 12345, -1) if owner == 0 else monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert code_folder.read("a.code") is None


def test_folders_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    chosen, users, nowhere = tmp_path / "chosen", tmp_path / "users", tmp_path / "file"
    nowhere.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(users))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv(code_folder.VARIABLE, str(chosen))
    assert code_folder.keep("a", b"1") == chosen / "a"
    monkeypatch.setenv(code_folder.VARIABLE, str(nowhere))  # cannot hold files
    assert code_folder.keep("a", b"1") == users / "edgewise" / "a"
    monkeypatch.delenv(code_folder.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))  # as a home that is read-only
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = code_folder.keep("a", b"1")
    assert kept is not None and kept.parent.parent == tmp_path and kept.parent.name.startswith("edgewise-")
    assert code_folder.read("a") == b"1"


# --- the machine code


def test_only_the_first_process_compiles_and_says_so(only_here: Path):
    heard: list[str] = []
    with told_by(heard.append):
        first = machine_code._machine_code("normal", "float32")
        assert heard == ["compiling kernels, once per machine"]
        assert machine_code._machine_code("normal", "float32") == first
    assert len(heard) == 1 and len(list(only_here.iterdir())) == 1


def test_other_bitcode_processors_and_compilers_have_other_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    names = {machine_code._named(group, dtype)[0] for group in machine_code.GROUPS for dtype in machine_code.DTYPES}
    assert len(names) == 4
    before = machine_code._named("normal", "float32")[0]
    other = machine_code._processor()._replace(features="+none")
    with monkeypatch.context() as patch:
        patch.setattr(machine_code, "_processor", lambda: other)
        assert machine_code._named("normal", "float32")[0] != before
    with monkeypatch.context() as patch:
        patch.setattr(machine_code._llvm(), "llvm_version_info", (99, 0, 0))
        assert machine_code._named("normal", "float32")[0] != before
    shutil.copytree(machine_code.BITCODE, tmp_path / "bitcode")
    with (tmp_path / "bitcode" / "normal_float32.bc").open("ab") as file:
        file.write(b"\0")
    monkeypatch.setattr(machine_code, "BITCODE", tmp_path / "bitcode")
    assert machine_code._named("normal", "float32")[0] != before


@pytest.mark.slow
def test_processes_that_start_at_once_do_not_disturb_each_other(tmp_path: Path):
    running = [started(LAYER, tmp_path) for _ in range(2)]
    found = {ended(process)[0] for process in running}
    assert found == {ended(started(LAYER, tmp_path))[0]}
    (file,) = (tmp_path / "code").iterdir()  # one file, and nothing half written beside it
    assert file.name.startswith("spline_float32-") and file.suffix == ".code"


@pytest.mark.slow
def test_nothing_is_said_where_nobody_looks_and_numba_is_not_needed(tmp_path: Path):
    program = "import sys; sys.modules['numba'] = None\n" + LAYER
    assert ended(started(program, tmp_path))[1] == ""
    assert any((tmp_path / "code").iterdir())  # something was compiled


def test_a_kernel_without_memory_raises(monkeypatch: pytest.MonkeyPatch):
    seen = []
    monkeypatch.setattr(machine_code, "_Entry", lambda address: lambda table: seen.append(table) or address)
    machine_code._kernel(0, 3).alone(7, 8, 9)
    assert struct.unpack("7q", seen[0]) == (0, 1, 3, 0, 7, 8, 9)
    with pytest.raises(MemoryError, match="got no memory"):
        machine_code._kernel(1, 3).alone(7, 8, 9)


# --- the bitcode


def test_the_bitcode_is_that_of_the_sources():
    made = json.loads((machine_code.BITCODE / "made.json").read_text(encoding="utf-8"))
    assert made["sources"] == kernels.digest(), "the source of the kernels has changed: run make kernels"
    called = machine_code.GROUPS, machine_code.HEADER, machine_code.FAILED
    assert (made["kernels"], made["header"], made["failed"]) == called
    assert {file.name for file in machine_code.BITCODE.glob("*.bc")} == {
        f"{group}_{dtype}.bc" for group in machine_code.GROUPS for dtype in machine_code.DTYPES
    }


def test_a_change_of_any_source_shows(tmp_path: Path):
    folder = Path(kernels.__file__).parent
    for file in folder.glob("*.py"):
        shutil.copy(file, tmp_path)
    digests = [kernels.digest(tmp_path)]
    assert digests[0] == kernels.digest()
    for file in sorted(tmp_path.glob("*.py")):
        file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
        digests.append(kernels.digest(tmp_path))
    assert len(set(digests)) == len(digests) > 8


# --- edgewise warmup


@pytest.mark.slow
def test_warmup_compiles_and_says_where(only_here: Path, monkeypatch, capsys):
    monkeypatch.setattr(machine_code, "GROUPS", {"normal": machine_code.GROUPS["normal"]})
    for _ in range(2):  # the second time nothing is left to do
        assert main(["warmup"]) == 0
        assert capsys.readouterr().out == f"kernels for this processor are ready in {only_here}\n"
        assert len(list(only_here.iterdir())) == 2


@pytest.mark.slow
def test_warmup_fails_where_nothing_can_be_kept(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(machine_code, "GROUPS", {"normal": machine_code.GROUPS["normal"]})
    monkeypatch.setattr(code_folder, "folders", lambda: iter((tmp_path / "file" / "code",)))
    assert main(["warmup"]) == 2
    assert "EDGEWISE_CACHE_DIR" in capsys.readouterr().err
