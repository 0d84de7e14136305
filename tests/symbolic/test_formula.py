"""Formulas are the network, in the user's units and names."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.errors import ConfigError, StructureError, SymbolicError
from edgewise.symbolic import edge_functions, evaluate, formula, formula_error
from helpers import assert_close
from symbolic.laws import F, network, uniform

SAFE = (
    "x",
    "x^2",
    "x^3",
    "sin",
    "cos",
    "tanh",
    "exp",
    "gaussian",
    "sigmoid",
    "arctan",
    "erf",
    "J0",
    "abs",
    "cosh",
    "softplus",
    "sinc",
    "arcsinh",
)


def values(model: ew.KAN, X: torch.Tensor) -> np.ndarray:
    names = [f"x{n + 1}" for n in range(model.topology.features)]
    return evaluate(formula(model, inputs=names), X.numpy(), symbols=names, functions=edge_functions(model))


def mixed(widths: tuple, seed: int, share: float) -> ew.KAN:
    """A network with closed forms on this share of its edges, splines on most others, some edges off, and scaling on
    both ends."""
    g = torch.Generator().manual_seed(seed)
    model = ew.KAN(widths, grid_size=4, seed=seed)
    forms, gone = {}, []
    for edge in model.active_edges():
        draw = float(torch.rand((), generator=g))
        if draw < share:
            name = SAFE[int(torch.randint(len(SAFE), (), generator=g))]
            forms[edge] = (name, *(torch.randn(4, dtype=F, generator=g) * 0.7).tolist())
        elif draw > 0.9:
            gone.append(edge)
    model = ew.set_symbolic(model, forms)
    model = ew.remove(model, edges=gone) if gone else model
    features, outputs = model.topology.features, len(model.topology.node_ids[-1])
    scaling = {
        "input_shift": torch.randn(features, dtype=F, generator=g),
        "input_scale": torch.rand(features, dtype=F, generator=g) + 0.5,
        "output_shift": torch.randn(outputs, dtype=F, generator=g),
        "output_scale": torch.rand(outputs, dtype=F, generator=g) + 0.5,
    }
    with torch.no_grad():
        for layer in model.edge_layers:
            layer.bias.add_(torch.randn(layer.bias.shape, dtype=F, generator=g))
    return model.build(scaling=scaling)


@settings(max_examples=25, deadline=None)
@given(
    widths=st.sampled_from([(2, 1), (2, 2, 1), (3, 2, 2), (2, (1, 1), 1), (3, (1, (3, 2)), 2), (2, (0, 2), (1, 1))]),
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.5, 1.0]),
)
@pytest.mark.slow
def test_formula_equals_the_model_through_sums_and_products_of_any_kind(widths: tuple, seed: int, share: float) -> None:
    try:
        model = mixed(widths, seed, share)
    except StructureError:  # the edges drawn to go would cut the last path
        return
    X = uniform(*[(-1.0, 1.0)] * widths[0], rows=40, seed=seed)
    with torch.no_grad():
        assert_close(values(model, X), model(X), like="formula")


def test_a_fresh_network_has_its_splines_in_the_formula_by_name_never_silently_zero() -> None:
    (expression,) = formula(ew.KAN((2, 1)), inputs=("a", "b"))
    a, b = sympy.symbols("a b")
    assert expression == sympy.Function("phi_0_0_0")(a) + sympy.Function("phi_0_1_0")(b)


def test_edges_that_are_off_do_not_appear() -> None:
    model = network((2, 1), {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)})
    assert formula(model, inputs=("a", "b"))[0].free_symbols == {sympy.Symbol("a")}


def test_names_keep_their_column_after_inputs_are_gone() -> None:
    model = ew.tidy(network((3, 1), {(0, 2, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)}))
    assert formula(model, inputs=("a", "b", "c")) == [sympy.Symbol("c") ** 2]


@pytest.mark.parametrize("names", [("I", "E"), ("S", "N"), ("beta", "lambda"), ("Q", "O"), ("pi", "zeta")])
def test_any_name_is_a_plain_symbol(names: tuple[str, str]) -> None:
    model = network((2, 1), {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0), (0, 1, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    x, y = (sympy.Symbol(n) for n in names)
    assert formula(model, inputs=names) == [sympy.sin(x) + y**2]
    assert formula(model, inputs=(x, y)) == [sympy.sin(x) + y**2]


def test_names_default_to_those_the_model_carries() -> None:
    from dataclasses import replace

    model = network((1, 1), {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    assert formula(model) == [sympy.Symbol("x1") ** 2]
    named = model.build(metadata=replace(model.metadata, inputs=("mass",)))
    assert formula(named) == [sympy.Symbol("mass") ** 2]


@pytest.mark.parametrize("names", [("a",), ("a", "b", "c"), "ab", ("a", "a")])
def test_names_that_do_not_fit_are_refused(names: object) -> None:
    with pytest.raises(ConfigError, match="names"):
        formula(ew.KAN((2, 1)), inputs=names)  # type: ignore[arg-type]


def test_scaling_is_composed_into_the_users_units() -> None:
    model = network((1, 1), {(0, 0, 0): ("sin", 2.0, 0.0, 1.0, 0.0)})
    values_of = {"input_shift": 3.0, "input_scale": 0.5, "output_shift": 10.0, "output_scale": 4.0}
    scaling = {name: torch.tensor([v], dtype=F) for name, v in values_of.items()}
    T = sympy.Symbol("T")
    assert formula(model.build(scaling=scaling), inputs=("T",)) == [4 * sympy.sin(4 * T - 12) + 10]


def test_constants_that_cancel_leave_nothing_and_small_ones_stay() -> None:
    forms = {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.1), (0, 1, 0): ("sin", 1.0, 0.0, 1.0, 0.2)}
    a, b, c = sympy.symbols("a b c")
    law = a**2 + sympy.sin(b) + sympy.exp(c)

    def left(last: float) -> sympy.Expr:
        model = network((3, 1), forms | {(0, 2, 0): ("exp", 1.0, 0.0, 1.0, last)})
        return formula(model, inputs=("a", "b", "c"))[0] - law

    assert left(-0.3) == 0
    beside = ew.KAN((1, 1), dtype=F).build(scaling={"output_shift": torch.tensor([1e-18], dtype=F)})
    assert formula(beside, inputs=("a",)) == [sympy.Function("phi_0_0_0")(a)]
    assert_close(float(left(-0.3 + 1e-9)), 1e-9, scale=1.0)


def test_product_of_three_factors_of_which_one_has_two_terms() -> None:
    plain = (1.0, 0.0, 1.0, 0.0)
    forms = {(0, n, n): ("x", *plain) for n in range(3)} | {(0, 0, 1): ("x", *plain), (1, 0, 0): ("exp", *plain)}
    a, b, c = sympy.symbols("a b c")
    assert (
        sympy.simplify(
            formula(network((3, (0, (3,)), 1), forms), inputs="a b c".split())[0] - sympy.exp(a * (a + b) * c)
        )
        == 0
    )


def test_simple_constants_are_exact_and_others_stay_decimal() -> None:
    model = network((1, 1), {(0, 0, 0): ("sin", math.pi / 2, 0.0, 0.123456789123, 0.75)})
    x = sympy.Symbol("x")
    expression = formula(model, inputs=("x",))[0]
    assert expression.has(sympy.pi) and sympy.Rational(3, 4) in expression.atoms(sympy.Rational)
    assert abs(float(expression.subs(x, 1)) - 0.873456789123) < 1e-12 and expression.atoms(sympy.Float)


def test_float32_networks_are_written_too() -> None:
    model = network((1, 1), {(0, 0, 0): ("sin", math.pi, 0.0, 1.0, 0.0)}).to(torch.float32)
    assert formula(model, inputs=("x",)) == [sympy.sin(sympy.pi * sympy.Symbol("x"))]


def test_addition_theorem_is_applied_where_it_shortens() -> None:
    model = network(
        (2, 1, 1),
        {
            (0, 0, 0): ("arctanh", 1.0, 0.0, 1.0, 0.0),
            (0, 1, 0): ("arctanh", 1.0, 0.0, 1.0, 0.0),
            (1, 0, 0): ("tanh", 1.0, 0.0, 1.0, 0.0),
        },
    )
    a, b = sympy.symbols("a b")
    assert sympy.simplify(formula(model, inputs=("a", "b"))[0] - (a + b) / (1 + a * b)) == 0


def test_a_constant_that_is_not_finite_is_named() -> None:
    model = network((1, 1), {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)})
    with torch.no_grad():
        model.edge_layers[0].bias.fill_(math.nan)
    with pytest.raises(SymbolicError, match="not finite"):
        formula(model)


def test_writing_a_formula_leaves_the_model_as_it_was() -> None:
    model = mixed((2, (1, 1), 1), 3, 0.5)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    formula(model)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_formula_error_stands_beside_the_models() -> None:
    X = uniform((0.0, 1.0))
    model = network((1, 1), {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    told = formula_error(model, X, X**2 + 0.5, original=ew.KAN((1, 1)))
    assert abs(told.formula - 0.5) < 1e-12 and told.model != told.formula and not told.splines and "rmse" in str(told)
    assert formula_error(ew.KAN((1, 1)), X, X).splines == ((0, 0, 0),)
    assert formula_error(model, X, model(X).detach()).difference < 1e-15


def test_a_formula_undefined_on_some_rows_says_so() -> None:
    X = uniform((-1.0, 1.0))
    model = network((1, 1), {(0, 0, 0): ("sqrt", 1.0, 0.0, 1.0, 0.0)})
    assert torch.isfinite(model(X)).all()  # the network is safe outside the domain
    assert math.isnan(formula_error(model, X, X).formula)  # the formula is not, and does not hide it


def test_evaluate_understands_odd_names_and_constants() -> None:
    symbol = sympy.Symbol("my lambda")
    got = evaluate([symbol**2, sympy.Integer(3)], [[2.0], [3.0]], symbols=["my lambda"])
    assert got.tolist() == [[4.0, 3.0], [9.0, 3.0]]


def test_multiple_angles_are_not_expanded() -> None:
    plain = (1.0, 0.0, 1.0, 0.0)
    model = network(
        (2, 1, 1),
        {
            (0, 0, 0): ("sin", 40.0, 0.0, 1.0, 0.0),
            (0, 1, 0): ("arctan", *plain),
            (1, 0, 0): ("tanh", 3.0, 0.0, 1.0, 0.0),
        },
    )
    a, b = sympy.symbols("a b")
    assert formula(model, inputs=("a", "b")) == [sympy.tanh(3 * sympy.sin(40 * a) + 3 * sympy.atan(b))]
