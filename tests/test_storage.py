"""What `pde.solve` gives back is saved and loaded like any model, to the bit; other files are refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as unpack
from safetensors.torch import save as pack

import edgewise as ew
from edgewise import checkpoint, storage
from edgewise.container import digest_of, header_text, metadata_of
from edgewise.errors import CheckpointError
from edgewise.pde.ansatz import Ansatz
from edgewise.pde.domain import Domain
from edgewise.pde.form import Form, HardValues
from edgewise.pde.interface import InterfaceKink
from edgewise.pde.time_slabs import TimeSlabs
from helpers import assert_equal


def slabs(outputs: int = 1) -> TimeSlabs:
    return TimeSlabs([ew.KAN((2, 3, outputs), seed=seed) for seed in range(3)], [0.25, 1 / 3])


def composed() -> Ansatz:
    level, value = (ew.KAN((3, 1), seed=seed) for seed in (5, 6))
    shapes = ew.pde.Polygon([(0, 0), (1, 0), (1, 1)], holes=[[(0.6, 0.3), (0.7, 0.3), (0.7, 0.4)]]), (0.0, 2.0)
    rules = HardValues(value, (0,), ((0, 0), (0, 1))), HardValues(0.5, (0,), derivative=0)
    form = Form(Domain.create(shapes), 1, rules, (InterfaceKink(level), value), (0.1,))
    return Ansatz(ew.KAN((3, 3), seed=4), form)


MODELS = {
    "slabs": slabs,
    "a form": composed,
    "slabs in a form": lambda: Ansatz(
        slabs(), Form(Domain.create(((0.0, 1.0), (0.0, 1.0))), 1, (HardValues(0.0, (0,), ((0, 0), (0, 1))),))
    ),
    "a disc": lambda: Ansatz(
        ew.KAN((2, 1)), Form(Domain.create(ew.pde.Disc((0, 0.5), 2.0)), 1, (HardValues(1.0, (0,), ((0, 0),)),))
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_solution_comes_back_to_the_bit(name: str, tmp_path: Path):
    model = MODELS[name]()
    ew.save(model, tmp_path / "solution.safetensors")
    again = ew.load(tmp_path / "solution.safetensors")
    x = 0.1 + 0.8 * torch.rand(50, 3 if name == "a form" else 2, dtype=torch.float64)
    assert type(again) is type(model)
    assert_equal(again(x).detach(), model(x).detach())
    assert storage.to_bytes(again) == storage.to_bytes(model)


def test_functions_that_no_file_can_hold_are_told():
    form = Form(Domain.create(((0.0, 1.0),)), 1, (HardValues(torch.sin, (0,), ((0, 0),)),))
    with pytest.raises(CheckpointError, match="Python function.*network.*constrained"):
        storage.to_bytes(Ansatz(ew.KAN((1, 1)), form))
    with pytest.raises(CheckpointError, match="KANs, got Linear"):
        storage.to_bytes(TimeSlabs([torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)], [0.5]))


def test_a_solution_is_no_single_network(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"several networks.*edgewise\.load"):
        checkpoint.from_bytes(storage.to_bytes(slabs()))


def forged(change, model=slabs) -> bytes:
    """A file whose header was changed, with the digest that goes with it."""
    raw = storage.to_bytes(model())
    tensors, header = unpack(raw), json.loads(metadata_of(raw, "it")[checkpoint.SOLUTION])
    header.pop("digest")
    change(header, tensors)
    digest = digest_of(header_text(header), tensors)
    return pack(tensors, {checkpoint.SOLUTION: header_text(header | {"digest": digest})})


@pytest.mark.parametrize("change, words", [
    (lambda h, t: h.update(format=9), "format 9"),
    (lambda h, t: h.update(parts=4), "part 3 is missing"),
    (lambda h, t: t.update({"part 1": t["part 1"].float()}), "part 1 is missing, or is no file"),
    (lambda h, t: t.update({"part 1": t["part 1"][:-1]}), "part 1"),
    (lambda h, t: h["solution"].update(times=[0.5]), "1 times"),
    (lambda h, t: h["solution"].update(times=[0.5, 0.1]), "increasing"),
    (lambda h, t: h["solution"].update(networks="3"), "networks is '3'"),
    (lambda h, t: h["solution"].update(networks=5), "5 networks"),
    (lambda h, t: h.pop("solution"), "damaged"),
    (lambda h, t: h["solution"].update(form=[{}]), "form"),
])  # fmt: skip
def test_what_describes_no_solution_is_refused(change, words):
    with pytest.raises(CheckpointError, match=words):
        storage.from_bytes(forged(change))


@pytest.mark.parametrize("change", [
    lambda f: f["rules"][0].update(outputs=[1]),
    lambda f: f["rules"][0].update(sides=[[0, 9]]),
    lambda f: f["rules"][0].update(sides=[[5, 0]]),
    lambda f: f["rules"][0]["value"].update(value=7),
    lambda f: f["rules"][0]["value"].update(value=0.5),
    lambda f: f["features"][0].update(kind="number"),
    lambda f: f["domain"].append(["disc", {"centre": [0, 0], "radius": -1}]),
    lambda f: f["domain"].append(["ball", [0, 1]]),
    lambda f: f["domain"].clear(),
    lambda f: f.update(scales=[1.0, 1.0]),
])  # fmt: skip
def test_what_describes_no_form_is_refused(change):
    with pytest.raises(CheckpointError):
        storage.from_bytes(forged(lambda header, _: change(header["solution"]["form"][0]), composed))


def test_damage_is_found():
    raw = bytearray(storage.to_bytes(slabs()))
    raw[len(raw) // 2] ^= 1
    with pytest.raises(CheckpointError, match="damaged"):
        storage.from_bytes(bytes(raw))
    with pytest.raises(CheckpointError):
        storage.from_bytes(bytes(raw[:-9]))
