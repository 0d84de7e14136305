"""A network made of a formula is that formula: its values, its symbols, and everything that a network can do."""

from __future__ import annotations

import copy
import pickle
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise import primitives
from edgewise.errors import ConfigError, SymbolicError
from edgewise.layers import OFF, SYMBOLIC
from edgewise.symbolic import evaluate
from helpers import assert_close

F = torch.float64
ROOT = Path(__file__).parents[2]


def rows(seed: int = 0, count: int = 40, low: float = 0.2, high: float = 1.5) -> torch.Tensor:
    return low + (high - low) * torch.rand(count, 2, dtype=F, generator=torch.Generator().manual_seed(seed))


def outputs(model: ew.KAN, X: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return model(X).numpy()


def assert_is(model: ew.KAN, want: sympy.Expr, X: torch.Tensor, names: tuple[str, ...]) -> None:
    """Assert that the network, and its formula, have the values of an expression, row by row."""
    expected = evaluate([want], X.numpy(), symbols=names)[:, 0]
    for got in (outputs(model, X)[:, 0], evaluate(ew.formula(model), X.numpy(), symbols=names)[:, 0]):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * float(np.abs(expected).max()))


@pytest.mark.parametrize("table", ["feynman", "textbook"])
def test_all_equations_of_the_benchmark_go_through_a_network_and_back(table, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    equations = import_module("experiments.symbolic_recovery.equations").equations()
    chosen = [equation for equation in equations.values() if equation.table == table]
    assert len(chosen) >= 50
    for equation in chosen:
        X, y = equation.rows(60, "from_formula")
        model = ew.from_formula(equation.formula, inputs=equation.variables)
        np.testing.assert_allclose(outputs(model, torch.tensor(X))[:, 0], y, rtol=1e-9, err_msg=equation.name)
        if table == "feynman":  # the other ones would say the same, and take as long
            written = evaluate(ew.formula(model), X, symbols=equation.variables)[:, 0]
            np.testing.assert_allclose(written, y, rtol=1e-9, err_msg=equation.name)


@pytest.mark.parametrize("name", [name for name in primitives.names() if name != "0"])
def test_every_closed_form_goes_through_a_network_and_back(name):
    symbol = sympy.Symbol("x")
    want = 2 * primitives.get(name).expr(symbol / 3 + 1) - 1
    X = (rows()[:, :1] * 0.1 - 2.0) if name in ("arcsin", "arccos", "arctanh") else rows()[:, :1]
    model = ew.from_formula(want)
    assert model.topology.depth <= 2
    assert_is(model, want, X, ("x",))


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas of formulas, defined everywhere and of moderate size: else they tell of rounding, not of the reader."""
    functions = st.sampled_from(["sin", "tanh", "arctan", "gaussian", "abs", "erf"])
    return st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", "*"]), inner).map(lambda p: f"({''.join(p)})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})/(2 + ({p[1]})**2)"),
        st.tuples(functions, inner).map(lambda p: f"{p[0]}({p[1]})"),
        inner.map(lambda text: f"sin({text})**2"),
        inner.map(lambda text: f"sqrt(1 + ({text})**2)"),
        inner.map(lambda text: f"exp(sin({text}))"),
    )


FORMULAS = st.recursive(st.sampled_from(["x", "y", "0.7", "3", "pi"]), grown, max_leaves=7)


@given(FORMULAS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_formula_has_the_values_that_sympy_gives_it(text):
    local = {"gaussian": lambda z: sympy.exp(-(z**2)), "arctan": sympy.atan, "pi": sympy.pi}
    want = sympy.parse_expr(text, local_dict={"x": sympy.Symbol("x"), "y": sympy.Symbol("y"), **local})
    expected = evaluate([want], rows().numpy(), symbols=("x", "y"))
    model = ew.from_formula(text, inputs=("x", "y"))
    unit = max(1.0, float(np.abs(expected).max()))
    assert_close(outputs(model, rows()), expected, like="derivative", scale=unit)


@given(FORMULAS)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_the_formula_of_any_such_network_is_the_network(text):
    model = ew.from_formula(text, inputs=("x", "y"))
    got = outputs(model, rows())
    written = evaluate(ew.formula(model), rows().numpy(), symbols=("x", "y"))
    assert_close(written, got, like="derivative", scale=max(1.0, float(np.abs(got).max())))


# ---------------------------------------------------------------------- what is accepted


def test_text_sympy_and_a_list_of_both_are_accepted():
    x, y = sympy.symbols("x y")
    model = ew.from_formula(["x*y", x - sympy.exp(y)], outputs=("p", "q"))
    assert_close(outputs(model, rows()), torch.stack([rows().prod(1), rows()[:, 0] - rows()[:, 1].exp()], 1))


def test_a_law_that_was_discovered_is_accepted_with_its_columns():
    X = rows(count=60)
    found = ew.discover(X, 3 * X[:, 1] ** 2, inputs=("a", "b"), seconds=10, progress=False)
    for one in (found, found.best, [found.best]):
        model = ew.from_formula(one)
        assert model.metadata.inputs == ("a", "b")
        assert_close(outputs(model, X)[:, 0], found.best(X), like="formula")


def test_columns_are_those_of_the_text_in_its_order_where_none_are_given():
    assert ew.from_formula("b*sin(pi*a)").metadata.inputs == ("b", "a")
    assert ew.from_formula(["b + c", "a"]).metadata.inputs == ("b", "c", "a")


def test_columns_that_no_formula_reads_stay_columns():
    model = ew.from_formula("a**2", inputs=("z", "a", "b"))
    assert (model.features, model.used_inputs) == (3, (1,))
    assert model(torch.tensor([[9.0, 2.0, 9.0]], dtype=F)).item() == 4.0


def test_a_constant_is_a_network_where_columns_are_given():
    model = ew.from_formula("2*pi", inputs=("a",))
    assert outputs(model, torch.zeros(3, 1, dtype=F)).tolist() == [[2 * np.pi]] * 3
    with pytest.raises(ConfigError, match="names no column"):
        ew.from_formula("2*pi")


def test_a_power_of_zero_is_one_from_text_and_from_sympy():
    unevaluated = sympy.Pow(sympy.Symbol("x"), 0, evaluate=False)
    model = ew.from_formula(["x**0", "x**-0*y", "(x*y)**0", unevaluated], inputs=("x", "y"))
    assert outputs(model, torch.tensor([[0.0, 3.0]], dtype=F)).tolist() == [[1.0, 3.0, 1.0, 1.0]]


@pytest.mark.parametrize("formula", [None, 3, [], [3], {}, object(), ["x", None], b"x", [["x"]]])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(SymbolicError, match="formula must be"):
        ew.from_formula(formula)


@pytest.mark.parametrize(
    "formula, words",
    [
        (sympy.nan + sympy.Symbol("x"), "no finite real number"),
        (sympy.I, "no finite real number"),
        (sympy.true, "gives numbers, got BooleanTrue"),
        (sympy.Lambda(sympy.Symbol("x"), sympy.Symbol("x") ** 2), "gives numbers, got Lambda"),
        ("E(x)", "E is a constant"),
        ("x(2)", "no edge holds a function 'x'"),
    ],
)
def test_what_is_no_formula_is_told_before_that_it_names_no_column(formula, words):
    with pytest.raises(SymbolicError, match=words):
        ew.from_formula(formula)


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="not empty"):
        ew.from_formula(sympy.Symbol("") + 1)
    with pytest.raises(ConfigError, match="different"):
        ew.from_formula("x", inputs=("x", "x"))
    with pytest.raises(ConfigError, match="outputs needs 1 names"):
        ew.from_formula("x", outputs=("a", "b"))
    with pytest.raises(SymbolicError, match="no column is called 'x'"):
        ew.from_formula(sympy.Symbol("x"), inputs=("y",))


def test_functions_that_use_their_argument_twice_nest_without_growing():
    nested = "x"
    for _ in range(25):
        nested = f"max(x/2, cbrt({nested}))"
    x = rows()[:, :1]
    want = x
    for _ in range(25):
        want = torch.maximum(x / 2, want.pow(1 / 3))
    assert_close(outputs(ew.from_formula(nested), x), want, like="formula")


def test_what_nests_beyond_what_python_can_call_is_refused():
    nested, many = "x", ", ".join(["x", "sin(x)"] * 32)
    for _ in range(45):
        nested = f"max({nested}, {many})"
    with pytest.raises(SymbolicError, match="nests too deep"):
        ew.from_formula(nested)


# ---------------------------------------------------------------------- what it can do


MODEL = ["2*exp(sin(3*x) + y**2)/(1 + x*y)", "x*y"]


def test_every_edge_is_a_closed_form():
    model = ew.from_formula(MODEL)
    for layer in model.edge_layers:
        assert {int(kind) for kind in layer.kind.unique()} <= {OFF, SYMBOLIC}
    assert ew.summary(model).symbolic_edges == len(model.active_edges())
    assert model.edits[-1].action == "from_formula" and "exp(sin(3*x)" in model.edits[-1].detail


def test_files_pickles_and_copies_hold_it(tmp_path):
    model, X = ew.from_formula(MODEL, outputs=("a", "b")), rows()
    ew.save(model, tmp_path / "kan.safetensors")
    for other in (ew.load(tmp_path / "kan.safetensors"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert torch.equal(other(X), model(X))
        assert ew.formula(other) == ew.formula(model)


def test_predictions_by_name_and_exported_code_agree_with_it():
    pandas = pytest.importorskip("pandas")
    model, X = ew.from_formula(MODEL), rows(count=5)
    frame = pandas.DataFrame({"y": X[:, 1].numpy(), "x": X[:, 0].numpy()})
    assert_close(np.asarray(model.predict(frame)), outputs(model, X))
    space: dict = {}
    exec(ew.export(model, to="python"), space)
    assert_close(np.array([space["predict"](row) for row in X.tolist()]), outputs(model, X), like="formula")


def test_it_is_drawn():
    pytest.importorskip("matplotlib")
    assert ew.plot(ew.from_formula(MODEL), rows()) is not None


def test_a_fit_goes_on_from_it():
    X = rows(count=80)
    y = 1.5 * torch.exp(torch.sin(2.9 * X[:, 0]) + 0.8 * X[:, 1] ** 2)
    start = ew.from_formula("exp(sin(3*x) + y**2)", inputs=("x", "y"))
    assert all(parameter.requires_grad for parameter in start.parameters())
    result = ew.fit(start, X, y, restarts=0, progress=False)
    assert result.train_loss < 1e-16
    assert_close(outputs(result.model, X)[:, 0], y, like="difference")


def test_it_has_the_dtype_that_was_asked_for():
    model = ew.from_formula("x*sin(y)", dtype=torch.float32)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert_close(outputs(model, rows().float()), (rows()[:, :1] * rows()[:, 1:].sin()), like="float32")


@pytest.mark.parametrize(
    "formula, dtype, constant",
    [
        ("1e60*x + y", torch.float32, r"1e\+60"),
        ("x + y - 1e60", torch.float32, r"-1e\+60"),
        ("70000*x + y", torch.float16, "70000"),
    ],
)
def test_constants_that_the_dtype_does_not_hold_are_refused(formula, dtype, constant):
    words = f"constant {constant} is larger than {str(dtype).removeprefix('torch.')} holds; take dtype=torch.float64"
    with pytest.raises(SymbolicError, match=words):
        ew.from_formula(formula, dtype=dtype)
    assert np.isfinite(outputs(ew.from_formula(formula), rows())).all()


def test_other_defaults_of_torch_change_nothing():
    want = ew.from_formula("x*sin(2)*y")
    with torch.device("meta"):
        model = ew.from_formula("x*sin(2)*y", device="cpu")
        with pytest.raises(ConfigError, match="meta"):
            ew.from_formula("x")
    assert torch.equal(model(rows()), want(rows()))


def test_nothing_else_is_touched(leaves_no_trace):
    ew.from_formula("exp(sin(pi*x) + y**2)")
