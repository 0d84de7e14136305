"""Files that are missing, cut short or altered end in a `CheckpointError` that names them, and nothing in them runs."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import CheckpointError, EdgewiseError

GOLDEN = Path(__file__).parents[1] / "golden" / "pykan"


@pytest.fixture
def at(tmp_path: Path) -> Path:
    """A whole checkpoint that a test may spoil."""
    for end in ("config.yml", "state"):
        shutil.copy(GOLDEN / f"symbolic_{end}", tmp_path / f"0.1_{end}")
    return tmp_path / "0.1"


def settings(at: Path, change: Callable[[str], str]) -> None:
    file = Path(f"{at}_config.yml")
    file.write_text(change(file.read_text()))


def tensors(at: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    file = Path(f"{at}_state")
    state = dict(torch.load(file, weights_only=True))
    torch.save(change(state), file)


def test_the_name_of_one_of_the_files_will_do(at):
    want = ew.from_pykan(at).state_dict()
    for path in (str(at), f"{at}_config.yml", f"{at}_state", f"{at}_cache_data"):
        assert all(torch.equal(value, want[name]) for name, value in ew.from_pykan(path).state_dict().items())


def test_the_rows_that_pykan_saw_last_are_not_read(at):
    Path(f"{at}_cache_data").write_bytes(b"no pickle")
    ew.from_pykan(at)


def test_missing_files_are_named(at, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint of pykan.*0.2_config.yml and 0.2_state.*holds 0.1"):
        ew.from_pykan(tmp_path / "0.2")
    with pytest.raises(CheckpointError, match="holds 0.1"):
        ew.from_pykan(tmp_path)
    Path(f"{at}_state").unlink()
    with pytest.raises(CheckpointError, match="no file .*0.1_state"):
        ew.from_pykan(at)


def test_one_file_of_an_old_pykan_is_named(tmp_path):
    torch.save({"biases.0.weight": torch.zeros(1)}, tmp_path / "old")
    with pytest.raises(CheckpointError, match="it is one file"):
        ew.from_pykan(tmp_path / "old")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_files_that_were_cut_short_are_named(at, part):
    file = Path(f"{at}_state")
    file.write_bytes(file.read_bytes()[: int(part * file.stat().st_size)])
    with pytest.raises(CheckpointError, match="0.1_state is no file of tensors"):
        ew.from_pykan(at)


class Runs:
    """What would run on unpickling."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_nothing_in_the_tensors_file_is_run(at, tmp_path):
    torch.save({"node_scale_0": Runs(tmp_path / "ran")}, f"{at}_state")
    with pytest.raises(CheckpointError, match="no file of tensors that can be read safely"):
        ew.from_pykan(at)
    Path(f"{at}_state").write_bytes(pickle.dumps(Runs(tmp_path / "ran")))
    with pytest.raises(CheckpointError, match="no file of tensors that can be read safely"):
        ew.from_pykan(at)
    assert not (tmp_path / "ran").exists()


def test_nothing_in_the_settings_is_run(at, tmp_path):
    run = f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{tmp_path}/ran']]"
    settings(at, lambda text: text.replace("ckpt_path: ./model", f"ckpt_path: {run}"))
    ew.from_pykan(at)
    settings(at, lambda text: text.replace("base_fun_name: silu", f"base_fun_name: {run}"))
    with pytest.raises(CheckpointError, match="base function"):
        ew.from_pykan(at)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("base_fun_name: silu", "base_fun_name: gelu", "base function 'gelu'"),
        ("base_fun_name: silu", "", "base function"),
        ("mult_arity: 2", "mult_arity: 1", "mult_arity"),
        ("mult_arity: 2", "mult_arity: many", "mult_arity"),
        ("mult_arity: 2", "mult_arity:\n- []\n- - 2\n- []", "no number of sums and products"),
        ("width:\n- - 2", "width:\n- - 3", r"width is \[\[3, 0\].*by the tensors"),
        ("- - sin", "- - sine", r"\(0, 0, 0\) carries 'sine'"),
        ("symbolic.funs_name.1:", "symbolic.names.1:", r"\(1, 0, 0\) carries no name"),
    ],
)
def test_settings_that_were_altered_are_named(at, old, new, words):
    settings(at, lambda text: text.replace(old, new))
    with pytest.raises(CheckpointError, match=words):
        ew.from_pykan(at)


@pytest.mark.parametrize("content", ["", "- 1\n- 2\n", "\x00", "no yaml at all", "k: 3\nk: 3\n"])
def test_settings_that_are_none_are_named(at, content):
    settings(at, lambda text: content)
    with pytest.raises(CheckpointError, match="0.1_config.yml"):
        ew.from_pykan(at)


def test_settings_that_are_no_text_are_named(at):
    Path(f"{at}_config.yml").write_bytes(b"\xff\xfe\x00k")
    with pytest.raises(CheckpointError, match="0.1_config.yml is no text"):
        ew.from_pykan(at)


@pytest.mark.parametrize(
    "name, change, words",
    [
        ("act_fun.0.coef", lambda t: t[:, :, :-1], "width|knots for|shape|degree"),
        ("act_fun.0.coef", lambda t: t.transpose(0, 1), "coef of layer 0 has shape"),
        ("act_fun.1.coef", lambda t: t[:, :, :3], "which is no degree"),
        ("act_fun.0.coef", lambda t: t / 0.0, "not finite"),
        ("act_fun.0.grid", lambda t: t.flip(1), "knots 0 and 1 of input 0 of layer 0 do not increase"),
        ("act_fun.0.grid", lambda t: torch.zeros_like(t), "do not increase"),
        ("act_fun.0.grid", lambda t: t[:1], "shape"),
        ("act_fun.0.mask", lambda t: t.bool(), "torch.bool"),
        ("act_fun.0.mask", lambda t: t.to_sparse(), "to_dense|read safely"),
        ("act_fun.0.mask", lambda t: t.to(torch.complex128), "complex"),
        ("act_fun.0.mask", lambda t: t[0, 0], "shape"),
        ("act_fun.0.mask", lambda t: 3, "is a int, wanted a tensor"),
        ("node_scale_0", lambda t: t[:-1], "subnodes|shape|sums"),
        ("node_bias_1", lambda t: t + float("inf"), "not finite"),
        ("symbolic_fun.0.mask", lambda t: t * float("nan"), "symbolic_mask of layer 0 holds numbers that are not"),
        ("node_scale_0", lambda t: torch.tensor(1.0), r"node_scale_0 has shape \(\)"),
        ("act_fun.0.grid", lambda t: t.sum(), r"act_fun.0.grid has shape \(\)"),
        ("symbolic_fun.0.affine", lambda t: t[..., :3], "affine of layer 0 has shape"),
        ("act_fun.1.mask", None, "act_fun.1.mask are missing"),
    ],
)
def test_tensors_that_were_altered_are_named(at, name, change, words):
    def changed(state: dict[str, Any]) -> dict[str, Any]:
        value = state.pop(name)
        return state if change is None else {**state, name: change(value)}

    tensors(at, changed)
    with pytest.raises(CheckpointError, match=words):
        ew.from_pykan(at)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda state: [1, 2], "holds a list"),
        (lambda state: {}, "missing"),
        (lambda state: {**state, "act_fun.7.coef": torch.zeros(1)}, "do not belong"),
        (lambda state: {"act_fun.0.coef": torch.zeros(2), "biases.0.weight": torch.zeros(1)}, "pykan 0.0 or 0.1"),
        (lambda state: {3: torch.zeros(1)}, "wanted tensors by their names"),
    ],
)
def test_other_tensors_are_named(at, change, words):
    tensors(at, change)
    with pytest.raises(CheckpointError, match=words):
        ew.from_pykan(at)


def test_every_tensor_may_be_lost_or_changed_and_the_error_is_ours(at):
    state = dict(torch.load(f"{at}_state", weights_only=True))
    changes: list[Callable[[torch.Tensor], Any]] = [
        lambda t: None,
        lambda t: t.reshape(-1),
        lambda t: t[None],
        lambda t: t[:0],
        lambda t: t.half() * float("nan"),
        lambda t: torch.zeros(3, 4, 5, dtype=torch.float64),
        lambda t: torch.zeros(1).expand(10**9, 10**9),
    ]
    for name in state:
        for change in changes:
            torch.save({**state, name: change(state[name])}, f"{at}_state")
            try:
                ew.from_pykan(at)
            except EdgewiseError as error:
                assert len(str(error)) < 1500


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "/nowhere/at/all"])
def test_paths_that_cannot_be_are_refused(path):
    with pytest.raises(CheckpointError):
        ew.from_pykan(path)
