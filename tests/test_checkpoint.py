"""A saved model comes back to the bit; whatever else lies in the file ends in CheckpointError."""

from __future__ import annotations

import json
import os
import pickle
import struct
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save as pack

import altered
from edgewise import KAN, checkpoint
from edgewise.container import digest_of, header_text
from edgewise.errors import CheckpointError
from edgewise.metadata import Edit, Metadata
from edgewise.spec import spec_of
from edgewise.storage import load, save
from helpers import assert_close

MODELS = {
    "plain": lambda: KAN((2, 3, 1), seed=1),
    "products": lambda: KAN((3, (2, (2, 3)), 2), seed=2),
    "no base": lambda: KAN((2, 1), base=None, degree=2, grid_size=7),
    "float32": lambda: KAN((2, 2, 1), dtype=torch.float32),
    "mixed grids": lambda: KAN((2, 2, 1), grid_size=(3, 9)),
}


def described(model: KAN) -> KAN:
    """The model as if fitted to a table: a column of numbers, then one of words, as many levels as inputs are left."""
    levels = ("größe", "klein", "\U0001f600")[: model.features - 1]
    model.metadata = Metadata(
        ("b [m/s]", *(f"I={level}" for level in levels)),
        ("y",),
        ("no", "yes")[: model.outputs],
        {"I": levels},
        ((-1e300, 5e-324), (0.1, 1 / 3), (0.0, 0.0))[: model.features],
        "classification",
        (1000, 7, "0123456789abcdef"),
    )
    model.edits = (*model.edits, Edit("prune", "kept 3 of 7 edges"))
    return model


@pytest.fixture(scope="module")
def raw() -> bytes:
    return checkpoint.to_bytes(described(KAN((2, 2, 1), seed=3)))


OLD = Path(__file__).parent / "golden" / "checkpoints"


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_files_of_format_1_give_the_models_that_were_saved(task: str, tmp_path: Path) -> None:
    """Files that an earlier edgewise wrote after a fit: they know no split, and name the loss in place of the task."""
    told = json.loads((OLD / "format_1.json").read_text())
    model, want = load(OLD / f"format_1_{task}.safetensors"), told["models"][task]
    assert want["task"] != task and model.metadata.task == task
    assert model.metadata.classes == tuple(want["classes"]) and model.metadata.split == ()
    with torch.no_grad():
        got = model(torch.tensor(told["points"], dtype=torch.float64))
    assert_close(got, torch.tensor(want["outputs"], dtype=torch.float64), like="float64")
    save(model, tmp_path / "again.safetensors")
    assert load(tmp_path / "again.safetensors").metadata == model.metadata


@pytest.mark.parametrize("name", ["fitted", "classes"])
def test_files_of_format_2_give_the_models_that_were_saved(name: str) -> None:
    """Files that edgewise wrote before it checked all that it reads."""
    told = json.loads((OLD / "format_2.json").read_text())
    model, want = load(OLD / f"format_2_{name}.safetensors"), told["models"][name]
    assert model.metadata.task == want["task"] and model.metadata.classes == tuple(want["classes"])
    assert model.metadata.split == tuple(want["split"]) and [edit.action for edit in model.edits] == want["edits"]
    with torch.no_grad():
        got = model(torch.tensor(told["points"], dtype=model.dtype))
    assert_close(
        got.double(), torch.tensor(want["outputs"], dtype=torch.float64), like=str(model.dtype).removeprefix("torch.")
    )


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_model_comes_back_to_the_bit(tmp_path: Path, make) -> None:
    model = described(make())
    save(model, tmp_path / "kan.safetensors")
    again = load(tmp_path / "kan.safetensors")
    assert spec_of(again) == spec_of(model) and again.metadata == model.metadata and again.edits == model.edits
    old, new = model.state_dict(), again.state_dict()
    assert old.keys() == new.keys() and all(
        torch.equal(old[name], new[name]) and old[name].dtype == new[name].dtype for name in old
    )
    x = torch.randn(20, model.topology.features, dtype=model.dtype) * 3
    assert torch.equal(model.forward(x), again.forward(x))
    assert checkpoint.to_bytes(again) == checkpoint.to_bytes(model)


def test_edited_model_comes_back(tmp_path: Path) -> None:
    transforms = pytest.importorskip("edgewise.transforms", reason="transforms are a room of their own")
    model = transforms.refine(transforms.remove(KAN((3, 4, 1), seed=5), nodes=[(1, 2)]), factor=3)
    save(model, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    x = torch.randn(9, 3, dtype=torch.float64)
    assert (
        again.topology == model.topology
        and again.edits == model.edits
        and torch.equal(model.forward(x), again.forward(x))
    )


def test_loaded_model_shares_nothing_and_trains(tmp_path: Path) -> None:
    save(KAN((2, 1)), tmp_path / "a.safetensors")
    one, two = load(tmp_path / "a.safetensors"), load(tmp_path / "a.safetensors", device="cpu")
    with torch.no_grad():
        one.edge_layers[0].coef.zero_()
    assert two.edge_layers[0].coef.any()
    two.forward(torch.ones(3, 2, dtype=torch.float64)).sum().backward()
    assert two.edge_layers[0].coef.grad is not None


def test_saving_and_loading_touch_nothing_but_the_file(tmp_path: Path) -> None:
    state = torch.get_rng_state()
    model = KAN((2, 2, 1))
    save(model, tmp_path / "a.safetensors")
    load(tmp_path / "a.safetensors")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"] and torch.equal(
        state, torch.get_rng_state()
    )


def test_every_truncation_is_an_error(raw: bytes) -> None:
    for size in [*range(0, 200), *range(200, len(raw), 61), len(raw) - 1]:
        with pytest.raises(CheckpointError):
            checkpoint.from_bytes(raw[:size])
    with pytest.raises(CheckpointError):
        checkpoint.from_bytes(raw + b"\0")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_every_flipped_bit_is_an_error(raw: bytes, place: int, bit: int) -> None:
    place %= len(raw)
    damaged = raw[:place] + bytes([raw[place] ^ (1 << bit)]) + raw[place + 1 :]
    try:
        model = checkpoint.from_bytes(damaged)
    except CheckpointError:
        return
    # a flip may only fall on what carries nothing, such as padding of the header
    assert checkpoint.to_bytes(model) == raw


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_an_error(content: bytes) -> None:
    for damaged in (content, struct.pack("<Q", len(content)) + content, struct.pack("<Q", 2) + b"{}" + content):
        with pytest.raises(CheckpointError):
            checkpoint.from_bytes(damaged)


def forged(change) -> bytes:
    """A well-formed file with a right digest whose header was changed."""
    model = KAN((2, 2, 1))
    header: dict[str, Any] = {"format": 1, "version": "0.1.0", "spec": json.loads(json.dumps(spec_of(model)))}
    tensors = dict(model.state_dict())
    header = change(header, tensors) or header
    if isinstance(header, dict):
        header["digest"] = digest_of(header_text(header), tensors)
    return pack({name: value.contiguous() for name, value in tensors.items()}, {"edgewise": json.dumps(header)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, t: h.update(format=99, version="7.0"), "format 99, of edgewise '7.0'"),
        (lambda h, t: h.update(format=0), "format is 0"),
        (lambda h, t: h.update(format="1"), "format is '1'"),
        (lambda h, t: h.update(format=None), "format is None"),
        (lambda h, t: h.pop("spec") and None, "damaged"),
        (lambda h, t: [1, 2], "damaged"),
        (lambda h, t: h.update(spec=None), "does not describe a model"),
        (lambda h, t: h.update(spec={}), "does not describe a model"),
        (lambda h, t: h["spec"]["config"].update(degree=99), "does not describe a model"),
        (lambda h, t: h["spec"]["config"].update(surprise=1), "does not describe a model"),
        (lambda h, t: h["spec"]["layers"].pop() and None, "does not describe a model"),
        (lambda h, t: t.pop("layers.0.coef") is None, "does not describe a model"),
        (lambda h, t: t.update({"layers.0.coef": torch.zeros(1, 1, 1)}), "does not describe a model"),
        (lambda h, t: t.update({"input_shift": torch.zeros(7)}), "does not describe a model"),
    ],
)
def test_forged_header_is_an_error(change, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        checkpoint.from_bytes(forged(change))


@pytest.mark.slow
def test_altered_files_are_refused_or_work(tmp_path: Path) -> None:
    """A few of the files of tests/slow/test_checkpoint_fuzz.py, spread over all networks and alterations."""
    found = [0, 0]
    for number, model in enumerate(altered.networks().values()):
        for file in islice(altered.altered_files(model), 17 * number, None, 251):
            again = altered.loaded(file)
            found[again is not None] += 1
            if again is not None:
                altered.assert_works(again, tmp_path, finite=not file.huge)
    assert sum(found) > 100 and min(found) > 3


@pytest.mark.parametrize("depth", [900, 5_000, 200_000])
def test_json_of_any_depth_is_one_message(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    told = f'{{"format": 2, "version": "1", "digest": "", "spec": {deep}}}'
    inner = pack({"a": torch.ones(1)}, {"edgewise": told})
    outer = f'{{"__metadata__": {deep}}}'.encode()
    for raw in (inner, struct.pack("<Q", len(outer)) + outer):
        with pytest.raises(CheckpointError, match="the file is damaged|is no safetensors file") as caught:
            checkpoint.from_bytes(raw)
        assert len(str(caught.value)) < 300


def test_a_model_that_diverged_is_not_saved_and_leaves_the_old_file(tmp_path: Path) -> None:
    path, model = tmp_path / "kan.safetensors", KAN((2, 2, 1))
    save(model, path)
    before = path.read_bytes()
    with torch.no_grad():
        model.edge_layers[1].coef[1, 0, 0] = float("nan")
    with pytest.raises(CheckpointError, match=r"cannot be saved: layers.1.coef holds nan at \(1, 0, 0\)"):
        save(model, path)
    assert path.read_bytes() == before


def test_what_save_writes_load_reads(tmp_path: Path) -> None:
    """A model whose metadata does not fit is refused while it is still in memory, not when it is needed."""
    model = KAN((2, 1)).build(metadata=Metadata(inputs=("a", "b", "c")))
    with pytest.raises(CheckpointError, match="cannot be saved: spec.metadata: inputs has 3 entries for 2 inputs"):
        save(model, tmp_path / "kan.safetensors")
    with pytest.raises(CheckpointError, match="on the device .meta., which holds none$"):
        save(KAN((2, 1)).to("meta"), tmp_path / "kan.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_header_of_any_length_is_no_pickle() -> None:
    model = KAN((1, 1))
    for length in range(400):  # the first bytes count the header's length: 0x480 reads as the start of a pickle
        model.metadata = Metadata(("x" * length,))
        assert checkpoint.from_bytes(checkpoint.to_bytes(model)).metadata == model.metadata


def test_untouched_forgery_loads() -> None:
    assert isinstance(checkpoint.from_bytes(forged(lambda h, t: None)), KAN)


def test_foreign_files_are_named(tmp_path: Path) -> None:
    model = KAN((2, 1))
    torch.save(model.state_dict(), tmp_path / "torch.pt")
    (tmp_path / "pickle.pkl").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "other.safetensors").write_bytes(pack({"a": torch.ones(2)}))
    (tmp_path / "empty.safetensors").write_bytes(b"")
    for name, message in [
        ("torch.pt", "never opened"),
        ("pickle.pkl", "never opened"),
        ("other.safetensors", "no edgewise model"),
        ("empty.safetensors", "is empty"),
        ("emty.safetensors", "did you mean 'empty.safetensors'"),
        ("", "cannot be read"),
        ("no/where", "no file"),
        ("torch.pt/a", "no file"),
        ("a\0b", "not the name of a file"),
    ]:
        with pytest.raises(CheckpointError, match=message):
            load(f"{tmp_path}/{name}" if name else tmp_path)


def test_a_missing_file_in_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(CheckpointError, match="there is no file .*kan.safetensors$"):
        load(tmp_path / "kan.safetensors")


def test_pickle_with_a_payload_is_never_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    for protocol in range(6):
        (tmp_path / "bad").write_bytes(pickle.dumps(Payload(), protocol=protocol))
        with pytest.raises(CheckpointError):
            load(tmp_path / "bad")
    assert not (tmp_path / "ran").exists()


def test_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kan.safetensors"
    save(KAN((2, 1)), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        save(KAN((3, 1)), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_unusable_places_and_models(tmp_path: Path) -> None:
    model = KAN((2, 1))
    for path, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "a", "does not exist"),
        ("a\0b", "not the name of a file"),
    ]:
        with pytest.raises(CheckpointError, match=message):
            save(model, path)
    with pytest.raises(CheckpointError, match="save takes an edgewise.KAN.*got Linear"):
        save(torch.nn.Linear(2, 1), tmp_path / "a")  # type: ignore[arg-type]
    model.metadata = replace(model.metadata, inputs=(object(),))  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match=r"cannot be saved: spec.metadata.inputs\[0\] is <object.*wanted a text"):
        save(model, tmp_path / "a")
    save(KAN((2, 1)), tmp_path / "b")
    for device in ("nowhere", 3.5):
        with pytest.raises(CheckpointError, match=f"cannot be put on {device!r}"):
            load(tmp_path / "b", device=device)  # type: ignore[arg-type]
