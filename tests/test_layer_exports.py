"""Programs that leave: exported, traced, ONNX and compiled ones give the same numbers and need nothing of edgewise."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise import KAN, KANLayer
from helpers import assert_close
from layer_doors import MARKS, bent, rows, transformer

pytestmark = MARKS


def closed_forms() -> KAN:
    """Splines, products, and several closed forms into one node: of one kind and of others, with ends and poles."""
    forms = {
        (0, 0, 0): ("sin", 2.0, 0.1, 1.5, 0.2),
        (0, 1, 0): ("sin", -1.0, 0.0, 0.5, 0.0),
        (0, 2, 0): ("sin", 0.7, 0.3, 1.0, 0.0),
        (0, 0, 1): ("arctanh", 0.9, 0.0, 0.1, 0.1),
        (0, 1, 1): ("arcsin", 0.9, 0.1, 0.5, 0.0),
        (0, 2, 1): ("log", 1.0, 0.2, 0.1, 0.0),
        (1, 0, 0): ("1/x", 1.0, 9.0, 1.0, 0.0),
        (1, 1, 0): ("x^1.5", 1.0, 2.0, 0.1, 0.0),
        (2, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0),
        (2, 1, 0): ("sin", 2.0, 0.0, 1.0, 0.0),
        (2, 2, 0): ("x^2", 1.0, 0.0, 1.0, 0.0),
    }
    return ew.set_symbolic(KAN((4, (5, 2), 3, 1), dtype=torch.float32, seed=1), forms)


EXPORTED = {
    "layer": (lambda: KANLayer(3, 2, seed=1), (3,)),
    "no base, no bias": (lambda: KANLayer(3, 2, False, base=None, degree=1, seed=1), (3,)),
    "unequal knots": (lambda: bent(KANLayer(3, 2, degree=2, grid_size=9, seed=1)), (3,)),
    "steps": (lambda: KANLayer(3, 2, degree=0, grid_size=1, seed=1), (3,)),
    "KAN": (lambda: KAN((4, (5, 2), 3, 1), dtype=torch.float32, seed=1), (4,)),
    "closed forms": (closed_forms, (4,)),
    "transformer": (lambda: transformer(dropout=0.0).eval(), (5, 8)),
}


def exported(net: nn.Module, x: Tensor, strict: bool = False) -> Any:
    """The program for any number of rows."""
    batch = torch.export.Dim("batch", min=2)
    return torch.export.export(net, (x,), dynamic_shapes=({0: batch},), strict=strict)


def edges_of(x: Tensor) -> Tensor:
    """The points with some on knots, at the ends, and far outside."""
    x = x.clone()
    x.view(-1)[:7] = torch.tensor([-1.0, 1.0, 0.2, -0.6, 30.0, -30.0, 0.6])
    return x


LARGE = ("KAN", "closed forms", "transformer")


@pytest.mark.parametrize(
    ("name", "strict"),
    [*((name, False) for name in EXPORTED if name not in LARGE), ("layer", True)]
    + [pytest.param(name, False, marks=pytest.mark.slow) for name in LARGE],
)
def test_exported_programs_need_nothing_of_edgewise(name: str, strict: bool):
    make, shape = EXPORTED[name]
    net = make()
    program = exported(net, rows(4, *shape), strict)
    homes = {node.target.namespace for node in program.graph.nodes if isinstance(node.target, torch._ops.OpOverload)}
    assert homes == {"aten"}
    x = edges_of(rows(9, *shape, seed=1))
    assert_close(program.module()(x), net(x), like="float32")


def test_an_exported_program_gives_nan_in_that_row_only_and_trains():
    layer, x = KANLayer(3, 2, seed=1), rows(6, 3)
    program = exported(layer, x).module()
    x[2, 1] = torch.nan
    assert torch.equal(program(x).isnan().any(1), torch.arange(6) == 2)
    x = rows(6, 3, seed=2)
    program(x).square().sum().backward()
    layer(x).square().sum().backward()
    found = dict(program.named_parameters())
    for name, p in layer.named_parameters():
        assert_close(found[name].grad, p.grad, like="float32")


@pytest.mark.parametrize("name", ["layer", "KAN"])
def test_a_traced_layer_is_the_function_for_any_number_of_rows(name: str):
    make, shape = EXPORTED[name]
    net = make()
    traced = torch.jit.trace(net, (rows(4, *shape),))
    x = edges_of(rows(9, *shape, seed=1))
    assert_close(traced(x), net(x), like="float32")  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTED)
def test_onnx_gives_the_same_numbers(name: str, tmp_path: Path):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    make, shape = EXPORTED[name]
    net, x = make().eval(), edges_of(rows(9, *shape, seed=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        batch = torch.export.Dim("batch", min=2)
        options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": ({0: batch},), "verbose": False}
        program = torch.onnx.export(net, (rows(4, *shape),), **options)
        assert program is not None
        program.save(str(tmp_path / "net.onnx"))
    session = runtime.InferenceSession(str(tmp_path / "net.onnx"))
    (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert got.dtype == np.float32
    assert_close(got, net(x), like="float32")


ALONE = """
import sys, torch
x, want = torch.load(sys.argv[1], weights_only=True)
program = {load}
assert (program(x) - want).abs().max() < 1e-5 * want.abs().max(), "other numbers"
assert "edgewise" not in sys.modules
"""


def run_alone(load: str, net: nn.Module, folder: Path, file: Path) -> None:
    """Load a program in a process that knows nothing of edgewise, and compare its numbers."""
    x = edges_of(rows(9, 3, seed=1))
    torch.save((x, net(x).detach()), folder / "rows.pt")
    command = [sys.executable, "-c", ALONE.format(load=load), str(folder / "rows.pt"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_saved_programs_run_in_a_process_without_edgewise(tmp_path: Path):
    net = nn.Sequential(KANLayer(3, 4, seed=1), nn.LayerNorm(4), KANLayer(4, 2, seed=2))
    file = tmp_path / "net.pt2"
    torch.export.save(exported(net, rows(4, 3)), file)
    run_alone("torch.export.load(sys.argv[2]).module()", net, tmp_path, file)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler of torch, about itself
def test_aot_inductor_artifacts_run_in_a_process_without_edgewise(tmp_path: Path):
    net = nn.Sequential(KANLayer(3, 4, seed=1), nn.LayerNorm(4), KANLayer(4, 2, seed=2))
    file = tmp_path / "net.pt2"
    try:
        torch._inductor.aoti_compile_and_package(exported(net, rows(4, 3)), package_path=str(file))
    except Exception as error:
        if "compiler" in str(error).lower():
            pytest.skip("there is no C++ compiler here")
        raise
    run_alone("torch._inductor.aoti_load_package(sys.argv[2])", net, tmp_path, file)
