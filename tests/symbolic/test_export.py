"""Exported code computes what the network computes, without this package."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, SymbolicError
from edgewise.primitives import add_primitive, names, remove_primitive
from edgewise.symbolic import c_source, constants, latex, python_source
from helpers import assert_close
from symbolic.laws import F, network, uniform


def everything() -> ew.KAN:
    """Splines, closed forms, an edge with both, products, two outputs, scaling, an input that is not used."""
    model = ew.KAN((4, (2, 1), 2), grid_size=4, seed=3)
    model = ew.set_symbolic(
        model,
        {
            (0, 0, 0): ("sin", 3.0, 0.2, 1.1, 0.5),
            (0, 1, 1): ("J0", 3.0, 0.2, 1.1, 0.5),
            (1, 0, 1): ("sinc", 2.0, 0.3, 1.0, 0.0),
            (1, 1, 1): ("sign", 2.0, 0.3, 1.0, 0.0),
            (0, 2, 3): ("erf", 1.0, 0.0, 1.0, 0.0),
        },
    )
    model = ew.tidy(ew.remove(model, edges=[(0, 3, n) for n in range(4)]))
    layer = model.edge_layers[0]
    both: dict = layer.parts() | {"kind": layer.kind.clone()}
    both["kind"][0, 0] = 3
    both["coef"] = layer.coef.detach().clone()
    both["coef"][0, :, 0] = torch.linspace(-1, 1, layer.num_basis, dtype=layer.coef.dtype)
    return model.build(
        layers=[type(layer).build(**both), *model.edge_layers[1:]],
        scaling={
            "input_shift": torch.tensor([0.3, 0.0, -0.2, 0.0], dtype=F),
            "output_scale": torch.tensor([2.0, 3.0], dtype=F),
        },
    )


def closed() -> ew.KAN:
    plain = (1.0, 0.0, 1.0, 0.0)
    return network(
        (2, 1, 1), {(0, 0, 0): ("sin", 3.0, 0.0, 1.0, 0.0), (0, 1, 0): ("x^2", *plain), (1, 0, 0): ("exp", *plain)}
    )


MODELS = {"everything": (everything, ("lambda", "my x", "exp", "out_0")), "closed": (closed, ("I", "a*/b"))}


@pytest.mark.parametrize("which", list(MODELS))
def test_python_source_runs_by_itself_and_agrees(which: str, tmp_path: Path) -> None:
    make, labels = MODELS[which]
    model = make()
    X = uniform(*[(-2.0, 2.0)] * model.topology.features, rows=60)
    (tmp_path / "law.py").write_text(python_source(model, inputs=labels))
    np.save(tmp_path / "x.npy", X.numpy())
    alone = "assert not any(m.startswith(('torch', 'edgewise', 'sympy')) for m in sys.modules)"
    code = f"import sys, numpy, law; {alone}; numpy.save('y', law.predict(numpy.load('x.npy')))"
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True, timeout=60)
    with torch.no_grad():
        assert_close(np.load(tmp_path / "y.npy"), model(X), like="formula")


@pytest.mark.skipif(shutil.which("cc") is None, reason="compiling the exported C needs a C compiler, and there is none")
@pytest.mark.parametrize("which", list(MODELS))
def test_c_source_compiles_without_warnings_and_agrees(which: str, tmp_path: Path) -> None:
    make, labels = MODELS[which]
    model = make()
    X = uniform(*[(-2.0, 2.0)] * model.topology.features, rows=60)
    (tmp_path / "law.c").write_text(c_source(model, inputs=labels, function="law"))
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", "law.so", "law.c", "-lm"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    library, outputs, rows = ctypes.CDLL(str(tmp_path / "law.so")), len(model.topology.node_ids[-1]), []
    for row in X.tolist():
        y = (ctypes.c_double * outputs)()
        library.law((ctypes.c_double * len(row))(*row), y)
        rows.append(list(y))
    with torch.no_grad():
        assert_close(np.array(rows), model(X), like="formula")


@pytest.mark.parametrize("name", [n for n in names() if n != "0"])
def test_every_primitive_can_be_exported(name: str) -> None:
    model = network((1, 1), {(0, 0, 0): (name, 0.4, 1.3 if name == "arccosh" else 0.4, 1.1, 0.2)})
    X = uniform((0.1, 1.0), rows=20)
    space: dict = {}
    exec(python_source(model), space)
    with torch.no_grad():
        assert_close(space["predict"](X.numpy()), model(X), like="formula")
    assert "Not supported" not in c_source(model)


def test_latex_is_one_equation_an_output() -> None:
    assert latex(closed(), inputs=("beta", "x")) == r"y = e^{x^{2} + \sin{\left(3 \beta \right)}}"
    assert len(latex(everything()).splitlines()) == 2 and latex(everything(), outputs=("F", "my y")).startswith("F = ")
    assert r"\text{my y}" in latex(everything(), outputs=("F", "my y"))


def test_mistakes_are_told() -> None:
    with pytest.raises(ConfigError, match="names"):
        python_source(closed(), inputs=("a",))
    with pytest.raises(ConfigError, match="outputs"):
        latex(closed(), outputs=("a", "b"))
    with pytest.raises(SymbolicError, match="accepts"):
        c_source(closed(), function="my law")


def test_an_added_primitive_without_symbol_is_named() -> None:
    add_primitive("mine", torch.sin)
    try:
        with pytest.raises(SymbolicError, match="mine"):
            python_source(network((1, 1), {(0, 0, 0): ("mine", 1.0, 0.0, 1.0, 0.0)}))
    finally:
        remove_primitive("mine")


def test_constants_come_with_standard_errors() -> None:
    model = network((1, 1), {(0, 0, 0): ("exp", 1.23456789, 0.0, 1.0, 0.0)})
    X = uniform((0.0, 1.0))
    y = model(X).detach() + 0.1 * torch.randn(X.shape, dtype=X.dtype, generator=torch.Generator().manual_seed(0))
    free = [c for c in constants(model, X, y) if c.error > 0]
    assert [(c.edge, c.name, c.value) for c in free] == [((0, 0, 0), "a", 1.23456789)]
    # one constant: error = noise / norm of the derivative
    slope = (X * torch.exp(1.23456789 * X)).norm().item()
    assert abs(free[0].error - (y - model(X)).std().item() / slope) < 0.02 * free[0].error
    with pytest.raises(SymbolicError, match="no closed form"):
        constants(ew.KAN((1, 1)), X, y)
    loose = network(
        (1, 1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.2345678, 0.0), (1, 0, 0): ("exp", 1.3456789, 0.0, 1.0, 0.0)}
    )
    with pytest.raises(SymbolicError, match="do not determine"):
        constants(loose, X, y)
