"""Exported code computes what the network computes, without this package."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, StructureError, SymbolicError
from edgewise.exports.export import TARGETS
from edgewise.files import FileError
from edgewise.ops.base_function import BASE_CODES
from edgewise.primitives import add_primitive, names, remove_primitive
from edgewise.symbolic.simple_numbers import NAMED_NUMBERS
from helpers import assert_close, assert_equal, state_of
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


def dead() -> ew.KAN:
    """A node that feeds nothing, an unread column, and a node without inputs that both kinds of edges read."""
    model = ew.set_symbolic(ew.KAN((3, 4, 2), seed=2), {(1, 2, 1): ("sin", 1.0, 0.3, 1.0, 0.0)})
    return ew.remove(model, edges=[*((0, 2, n) for n in range(4)), (0, 0, 2), (0, 1, 2), (1, 3, 0), (1, 3, 1)])


def constant() -> ew.KAN:
    """What a fit gives back where nothing was found."""
    X = uniform((-1.0, 1.0), (-1.0, 1.0), rows=100)
    y = torch.randn(100, 1, dtype=F, generator=torch.Generator().manual_seed(0))
    return ew.fit(ew.KAN((2, 3, 1)), X, y, progress=False).model


MODELS = {
    "everything": (everything, ("lambda", "my x", "exp", "out_0")),
    "closed": (closed, ("I", "a*/b")),
    "dead": (dead, None),
    "constant": (constant, None),
}


def rows_of(model: ew.KAN) -> torch.Tensor:
    return uniform(*[(-2.0, 2.0)] * model.topology.features, rows=60)


def run(model: ew.KAN, X: torch.Tensor, to: str, **names: Sequence[str]) -> np.ndarray:
    """The values (rows, outputs) of exported Python code."""
    space: dict = {}
    exec(ew.export(model, to, **names), space)  # type: ignore[arg-type]
    if to == "torch":
        return space["predict"](X).numpy()
    return space["predict"](X.numpy()) if to == "numpy" else np.array([space["predict"](row) for row in X.tolist()])


def compiled(model: ew.KAN, X: torch.Tensor, folder: Path, **names: Sequence[str]) -> np.ndarray:
    """The values (rows, outputs) of exported C code, compiled without a warning."""
    (folder / "law.c").write_text(ew.export(model, "c", function="law", **names))  # type: ignore[arg-type]
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", "law.so", "law.c", "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    library, outputs, rows = ctypes.CDLL(str(folder / "law.so")), len(model.topology.node_ids[-1]), []
    for row in X.tolist():
        y = (ctypes.c_double * outputs)()
        library.law((ctypes.c_double * len(row))(*row), y)
        rows.append(list(y))
    return np.array(rows)


needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="exported C needs a C compiler, and there is none")


@pytest.mark.parametrize(("to", "foreign"), [("python", {"numpy", "scipy"}), ("numpy", set())])
@pytest.mark.parametrize("which", list(MODELS))
def test_python_code_runs_by_itself_and_agrees(which: str, to: str, foreign: set[str], tmp_path: Path) -> None:
    make, labels = MODELS[which]
    model = make()
    X = rows_of(model)
    ew.export(model, to, inputs=labels, path=tmp_path / "law.py")
    (tmp_path / "x.json").write_text(json.dumps(X.tolist()))
    predict = "law.predict(X).tolist()" if to == "numpy" else "[law.predict(row) for row in X]"
    absent = {"torch", "edgewise", "sympy", *foreign}
    code = (
        "import json, sys, law\n"
        f"assert not {absent} & {{name.split('.')[0] for name in sys.modules}}\n"
        f"X = json.load(open('x.json')); json.dump({predict}, open('y.json', 'w'))"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True, timeout=60)
    with torch.no_grad():
        assert_close(json.loads((tmp_path / "y.json").read_text()), model(X), like="formula")


@pytest.mark.parametrize("which", list(MODELS))
def test_torch_code_agrees_without_this_package_and_so_do_its_gradients(which: str, tmp_path: Path) -> None:
    make, labels = MODELS[which]
    model = make()
    X = rows_of(model).requires_grad_()
    text = ew.export(model, "torch", inputs=labels)
    assert re.findall(r"^(?:import|from) (\w+)", text, flags=re.M)[-1] == "torch" and "edgewise" not in text[40:]
    space: dict = {}
    exec(text, space)
    weights = torch.linspace(0.5, 1.5, len(model.topology.node_ids[-1]), dtype=F)
    found, wanted = space["predict"](X), model(X)
    assert_close(found, wanted, like="formula")
    slopes = [
        torch.autograd.grad((values * weights).sum(), X, allow_unused=True)[0] if values.requires_grad else None
        for values in (found, wanted)
    ]
    own, theirs = (torch.zeros_like(X) if slope is None else slope for slope in slopes)
    assert_close(own, theirs, like="formula")
    assert space["predict"](X.detach().float()).dtype == torch.float32


@needs_cc
@pytest.mark.parametrize("which", list(MODELS))
def test_c_code_compiles_without_warnings_and_agrees(which: str, tmp_path: Path) -> None:
    make, labels = MODELS[which]
    model = make()
    X = rows_of(model)
    with torch.no_grad():
        assert_close(compiled(model, X, tmp_path, inputs=labels), model(X), like="formula")


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
@pytest.mark.parametrize("name", [n for n in names() if n != "0"])
def test_every_primitive_can_be_exported(name: str, to: str) -> None:
    model = network((1, 1), {(0, 0, 0): (name, 0.4, 1.3 if name == "arccosh" else 0.4, 1.1, 0.2)})
    X = uniform((0.1, 1.0), rows=20)
    with torch.no_grad():
        assert_close(run(model, X, to), model(X), like="formula")


@needs_cc
def test_every_primitive_compiles(tmp_path: Path) -> None:
    chosen = [n for n in names() if n != "0"]
    forms = {(0, 0, k): (name, 0.4, 1.3 if name == "arccosh" else 0.4, 1.1, 0.2) for k, name in enumerate(chosen)}
    model, X = network((1, len(chosen)), forms), uniform((0.1, 1.0), rows=20)
    with torch.no_grad():
        assert_close(compiled(model, X, tmp_path), model(X), like="formula")


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
def test_every_number_that_is_written_by_a_name_can_be_run(to: str) -> None:
    """Such as pi, which needs a module to come from."""
    forms = {(0, 0, k): ("sin", one.value / 2, 0.0, 1.0, 0.0) for k, one in enumerate(NAMED_NUMBERS)}
    model, X = network((1, len(NAMED_NUMBERS)), forms), uniform((0.1, 1.0), rows=20)
    with torch.no_grad():
        assert_close(run(model, X, to), model(X), like="formula")


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
@pytest.mark.parametrize("base", BASE_CODES)
def test_splines_are_exact_with_every_base_function_and_beyond_their_grid(base: str, to: str) -> None:
    model = ew.KAN((1, 2, 1), base=base, degree=2, seed=1)
    X = uniform((-5.0, 5.0), rows=60)
    with torch.no_grad():
        assert_close(run(model, X, to), model(X), like="formula")


NAN = torch.tensor([[torch.nan]], dtype=F)


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
@pytest.mark.parametrize("name", [n for n in names() if n != "0"])
def test_a_missing_number_gives_none_in_every_form(name: str, to: str) -> None:
    model = network((1, 1), {(0, 0, 0): (name, 0.4, 1.3, 1.1, 0.2)})
    assert np.isnan(run(model, NAN, to)).all()


@needs_cc
def test_a_missing_number_gives_none_in_c(tmp_path: Path) -> None:
    chosen = [n for n in names() if n != "0"]
    model = network((1, len(chosen)), {(0, 0, k): (name, 0.4, 1.3, 1.1, 0.2) for k, name in enumerate(chosen)})
    assert np.isnan(compiled(model, NAN, tmp_path)).all()


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
def test_a_missing_number_gives_none_through_splines(to: str) -> None:
    assert np.isnan(run(ew.KAN((1, 2, 1), seed=1), NAN, to)).all()


@pytest.mark.parametrize("to", ["python", "numpy", "torch", pytest.param("c", marks=needs_cc)])
def test_the_smaller_and_the_larger_are_exact(to: str, tmp_path: Path) -> None:
    # its square tells whether a sign or a power binds a part of it alone
    add_primitive("clip", lambda z: 1 - z.clamp(-0.5, 0.7) ** 2, sympy=lambda s, z: 1 - s.Min(s.Max(z, -0.5), 0.7) ** 2)
    try:
        model, X = network((1, 1), {(0, 0, 0): ("clip", 1.0, 0.0, -1.0, 0.0)}), uniform((-2.0, 2.0), rows=20)
        values = (lambda X: compiled(model, X, tmp_path)) if to == "c" else lambda X: run(model, X, to)
        with torch.no_grad():
            assert_close(values(X), model(X), like="formula")
        assert np.isnan(values(NAN)).all()
    finally:
        remove_primitive("clip")


def test_plain_python_knows_bessel_functions_of_large_arguments() -> None:
    model = network((1, 1), {(0, 0, 0): ("J0", 1.0, 0.0, 1.0, 0.0)})
    X = uniform((-200.0, 200.0), rows=50)
    with torch.no_grad():
        assert_close(run(model, X, "python"), model(X), like="formula")


def test_plain_python_raises_where_the_formula_is_undefined_and_never_gives_a_complex_number() -> None:
    for name in ("log", "sqrt", "x^1.5", "1/sqrt"):
        model = network((1, 1), {(0, 0, 0): (name, 1.0, 0.0, 1.0, 0.0)})
        with pytest.raises(ValueError, match="domain"):
            run(model, torch.tensor([[-1.0]]), "python")
    steep = network((1, 1), {(0, 0, 0): ("sigmoid", 1.0, 0.0, 1.0, 0.0)})
    assert run(steep, torch.tensor([[-1e4]], dtype=F), "python").tolist() == [[0.0]]


@pytest.mark.parametrize("to", ["python", "numpy", "torch", "c", "sql"])
def test_constants_are_written_to_their_last_digit(to: str) -> None:
    value = 0.1234567890123456
    text = ew.export(network((1, 1), {(0, 0, 0): ("sin", value, 0.0, 1.0, 0.0)}), to)
    assert [float(number) for number in re.findall(r"0\.1234\d+", text)] == [value]


HARD = (
    *(
        "out_0",
        "out_0_",
        "node_1_0",
        "phi_0_0_0",
        "predict",
        "X",
        "x",
        "y",
        "row",
        "np",
        "torch",
        "math",
        "zero",
        "len",
    ),
    *("float", "exp", "M_PI", "linux", "entry", "bool", "lambda", "a b", "a_b", "a*/b", "1", 'q"\n\\', "_edge", "é"),
)


def with_hard_names() -> ew.KAN:
    """Splines and closed forms of as many columns as there are hard names, in two layers."""
    count = len(HARD)
    model = ew.KAN((count, 2, 1), grid_size=2, degree=1, seed=1)
    return ew.set_symbolic(model, {(0, k, 0): ("exp", 0.1 * k, 0.0, 0.1, 0.0) for k in range(1, count, 2)})


@pytest.mark.parametrize("to", ["python", "numpy", "torch"])
def test_columns_may_have_any_names(to: str) -> None:
    model = with_hard_names()
    X = rows_of(model)[:9]
    with torch.no_grad():
        assert_close(run(model, X, to, inputs=HARD), model(X), like="formula")


@needs_cc
def test_columns_may_have_any_names_in_c(tmp_path: Path) -> None:
    model = with_hard_names()
    X = rows_of(model)[:9]
    with torch.no_grad():
        assert_close(compiled(model, X, tmp_path, inputs=HARD), model(X), like="formula")


def test_latex_is_one_equation_an_output() -> None:
    assert ew.export(closed(), "latex", inputs=("beta", "x")) == r"y = e^{x^{2} + \sin{\left(3 \beta \right)}}"
    assert len(ew.export(everything(), "latex").splitlines()) == 2
    named = ew.export(everything(), "latex", outputs=("F", "my y"))
    assert named.startswith("F = ") and r"\text{my y}" in named


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("colour=dark_red", r"colour=dark\_red"),
        ("50%", r"50\%"),
        ("a&b", r"a\&b"),
        ("A#1", r"A\#1"),
        ("a{b", r"a\{b"),
        ("a}$", r"a\}\$"),
        ("x\\y", r"x\textbackslash{}y"),
        ("10^3 ~", r"10\textasciicircum{}3 \textasciitilde{}"),
        ("a\n\nb", "a b"),
    ],
)
def test_latex_writes_names_by_the_rules_of_its_text(name: str, text: str) -> None:
    said = ew.export(closed(), "latex", inputs=(name, "x"), outputs=(f"{name} 2",))
    assert said == rf"\text{{{text} 2}} = e^{{x^{{2}} + \sin{{\left(3 \text{{{text}}} \right)}}}}"


def test_sympy_is_the_formula() -> None:
    assert ew.export(closed(), "sympy", inputs=("a", "b")) == ew.formula(closed(), inputs=("a", "b"))


@pytest.mark.parametrize("to", ["python", "numpy", "torch", "c", "sql", "latex"])
def test_a_file_holds_the_text(to: str, tmp_path: Path) -> None:
    text = ew.export(closed(), to, path=tmp_path / "law")
    assert (tmp_path / "law").read_bytes().decode() == text


def test_the_model_stays_as_it_is() -> None:
    model = everything()
    before = state_of(model)
    for to in set(TARGETS) - {"onnx", "sql"}:  # which have no place to go, or no Bessel functions
        ew.export(model, to)
    assert_equal(state_of(model), before)


@pytest.mark.parametrize("to", ["python", "numpy", "torch", "c", "sql"])
def test_constants_that_no_float_holds_are_refused(to: str) -> None:
    large = {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.0), (1, 0, 0): ("exp", 0.3, 1e300, 1.0, 0.0)}
    with pytest.raises(SymbolicError, match="out_0 holds a constant beyond"):
        ew.export(ew.set_symbolic(ew.KAN((1, 1, 1)), large), to)
    with pytest.raises(SymbolicError, match=r"edge \(0, 0, 0\) has grid steps so short"):
        ew.export(ew.KAN((1, 1), grid_size=3, domain=(0, 1e-150)), to)


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names"):
        ew.export(closed(), inputs=("a",))
    with pytest.raises(ConfigError, match="outputs"):
        ew.export(closed(), "latex", outputs=("a", "b"))
    for to in ("python", "numpy", "torch", "c"):
        with pytest.raises(SymbolicError, match="letters"):
            ew.export(closed(), to, function="my law")
        for taken in ("out_0", {"python": "math", "numpy": "np", "torch": "torch", "c": "exp"}[to]):
            with pytest.raises(SymbolicError, match=f"cannot be called {taken}"):
                ew.export(closed(), to, function=taken)
    for to in ("SQL", "C++", None):
        with pytest.raises(ConfigError, match="c, latex, numpy, onnx, python, sql, sympy, torch"):
            ew.export(closed(), to)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="path"):
        ew.export(closed(), "sympy", path=tmp_path / "law")
    with pytest.raises(FileError, match="does not exist"):
        ew.export(closed(), path=tmp_path / "nowhere" / "law.py")
    with pytest.raises(StructureError, match="KAN"):
        ew.export(torch.nn.Linear(1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("to", ["python", "numpy", "torch", "c", "sql"])
def test_a_form_that_cannot_be_written_is_named(to: str) -> None:
    add_primitive("mine", torch.sin)
    add_primitive("zeta", torch.sin, sympy=lambda s, z: s.zeta(z))
    try:
        for name in ("mine", "zeta"):
            with pytest.raises(SymbolicError, match=name):
                ew.export(network((1, 1), {(0, 0, 0): (name, 1.0, 0.0, 1.0, 0.0)}), to)
    finally:
        remove_primitive("mine")
        remove_primitive("zeta")


def test_a_bug_inside_is_no_missing_function(monkeypatch: pytest.MonkeyPatch) -> None:
    from sympy.printing.pycode import PythonCodePrinter

    def broken(*_: object) -> str:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(PythonCodePrinter, "_print_Integer", broken, raising=False)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        ew.export(closed())
