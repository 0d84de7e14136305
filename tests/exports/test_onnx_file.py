"""An ONNX file does what the network does, and holds nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, MissingExtra, SymbolicError
from edgewise.exports import onnx_graph
from edgewise.exports.onnx_file import onnx_bytes
from edgewise.primitives import add_primitive, names, remove_primitive
from exports.test_export import MODELS, everything, rows_of
from helpers import assert_close
from symbolic.laws import F, network, uniform

pytest.importorskip("onnx", reason="onnx is not installed")


def session(model: Any, **names: Any) -> Any:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return runtime.InferenceSession(onnx_bytes(model, **names))


def outputs(model: Any, X: torch.Tensor) -> np.ndarray:
    (found,) = session(model).run(None, {"X": X.numpy()})
    return found


@pytest.mark.parametrize("which", list(MODELS))
def test_numbers_are_those_of_the_network_in_float64(which: str) -> None:
    model = MODELS[which][0]()
    X = rows_of(model)
    with torch.no_grad():
        assert_close(outputs(model, X), model(X))


@pytest.mark.parametrize(
    "degree, base, dtype", [(0, "silu", F), (1, None, F), (5, "identity", F), (3, "silu", torch.float32)]
)
def test_splines_of_every_kind_beyond_their_grids(degree: int, base: str | None, dtype: torch.dtype) -> None:
    model = ew.KAN((2, (2, 1), 2), grid_size=(7, 3), degree=degree, base=base, dtype=dtype, seed=1)
    X = uniform((-3.0, 3.0), (-3.0, 3.0), rows=80).to(dtype)
    X[:5, 0] = torch.tensor([-1.0, 1.0, 3 / 7, -1 / 7, 30.0])  # ends and knots
    found = outputs(model, X)
    assert found.dtype == (np.float64 if dtype == F else np.float32)
    with torch.no_grad():
        assert_close(found, model(X), like="float64" if dtype == F else "float32")


@pytest.mark.parametrize("dtype", [F, torch.float32])
def test_every_closed_form_within_its_domain_and_outside(dtype: torch.dtype) -> None:
    chosen = [*names(), "x^2.5", "x^(1/3)", "x^-6", "x^9"]
    model = network((1, len(chosen)), {(0, 0, k): (name, 0.9, 0.4, 1.1, 0.2) for k, name in enumerate(chosen)})
    X = torch.linspace(-3, 3, 61, dtype=F)[:, None].to(dtype)
    model = model.to(dtype)
    found = outputs(model, X)
    with torch.no_grad():
        for place, want in enumerate(model(X).T):
            assert_close(found[:, place], want, like="formula" if dtype == F else "float32")


def test_sigmoids_keep_their_digits_far_below_zero() -> None:
    model = network((1, 1), {(0, 0, 0): ("sigmoid", 1.0, 0.0, 1.0, 0.0)})
    X = torch.tensor([[-700.0], [-60.0], [-30.0], [30.0], [700.0]], dtype=F)
    np.testing.assert_allclose(outputs(model, X), torch.sigmoid(X), rtol=1e-13)


def test_sums_hold_every_edge_into_a_node() -> None:
    forms = {(0, n, 0): ("sin", 1.0 + n, 0.0, 1.0, 0.1) for n in range(3)}
    model, X = network((3, 1), forms), uniform(*[(-1.0, 1.0)] * 3, rows=9)
    assert_close(outputs(model, X)[:, 0], sum(torch.sin((1 + n) * X[:, n]) + 0.1 for n in range(3)))


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_any_number_of_rows(rows: int) -> None:
    model = everything()
    X = rows_of(model)[:rows]
    with torch.no_grad():
        assert_close(outputs(model, X), model(X))


def test_nan_stays_in_its_row() -> None:
    model = everything()
    X = rows_of(model)[:6]
    X[2, 0] = torch.nan
    assert np.isnan(outputs(model, X)).any(1).tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize("loss", ["poisson", "binomial"])
def test_means_are_written_where_the_network_gives_their_logarithms_or_logits(loss: str) -> None:
    plain = ew.KAN((1, 1), seed=1)
    model, X = plain.build(metadata=replace(plain.metadata, loss=loss)), uniform((-1.0, 1.0), rows=7)
    assert_close(outputs(model, X)[:, 0], model.predict(X))


def test_laws_are_models_too() -> None:
    X = 0.5 + uniform((0.0, 1.0), (0.0, 1.0), rows=200)
    law = ew.discover(X, X[:, 0] ** 2 / X[:, 1], inputs=["v", "r"], progress=False).best
    assert_close(outputs(law, X)[:, 0], law(X))
    flat = ew.discover(X, torch.full((200,), 2.5, dtype=F), progress=False).best
    assert_close(outputs(flat, X)[:, 0], np.full(200, 2.5))


def test_names_and_classes_stand_in_the_file() -> None:
    plain = ew.KAN((2, 3))
    model = plain.build(metadata=replace(plain.metadata, classes=("a", "b", "é"), task="classification"))
    found = session(model, inputs=("p", "q"), outputs=("r", "s", "t"))
    told = {key: json.loads(text) for key, text in found.get_modelmeta().custom_metadata_map.items()}
    assert told == {"inputs": ["p", "q"], "outputs": ["r", "s", "t"], "classes": ["a", "b", "é"]}
    assert [(one.name, one.shape) for one in found.get_inputs()] == [("X", ["rows", 2])]
    assert [(one.name, one.shape) for one in found.get_outputs()] == [("y", ["rows", 3])]


def test_names_may_be_half_a_character() -> None:
    told = session(ew.KAN((1, 1)), inputs=("a\ud800",)).get_modelmeta().custom_metadata_map
    assert json.loads(told["inputs"]) == ["a\ud800"]


def test_a_file_is_written_and_no_word_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ew.export(everything(), "onnx", path=tmp_path / "net.onnx") == tmp_path / "net.onnx"
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]
    raw = (tmp_path / "net.onnx").read_bytes()
    assert raw == onnx_bytes(everything())
    assert not [word for word in (b".py", b"Traceback", str(Path(ew.__file__).parent).encode()) if word in raw]
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="path="):
        ew.export(everything(), "onnx")
    with pytest.raises(ConfigError, match=r"model.to\(torch.float32\)"):
        onnx_bytes(ew.KAN((1, 1), dtype=torch.float16))
    with pytest.raises(SymbolicError, match="grid steps so short"):
        onnx_bytes(ew.KAN((1, 1), grid_size=3, domain=(0, 1e-150)))
    add_primitive("mine", torch.sin)
    try:
        with pytest.raises(SymbolicError, match="'mine' is one of your own"):
            onnx_bytes(network((1, 1), {(0, 0, 0): ("mine", 1.0, 0.0, 1.0, 0.0)}))
    finally:
        remove_primitive("mine")

    def without(name: str, extra: str) -> Any:
        raise MissingExtra(f"pip install 'edgewise[{extra}]'")

    monkeypatch.setattr(onnx_graph, "require", without)
    with pytest.raises(MissingExtra, match=r"edgewise\[onnx\]"):
        onnx_bytes(everything())
