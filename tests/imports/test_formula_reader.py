"""Text is read as Python reads it, names are columns first, and what is wrong is said with its place."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.discovery.formulas.tree import values
from edgewise.errors import EdgewiseError, SymbolicError
from edgewise.imports.formula_reader import DEEPEST, names_in, read_formula
from edgewise.imports.tokens import LONGEST

X = torch.tensor([[0.7, 1.3], [1.9, 0.4]], dtype=torch.float64)


def value(text: str, columns: tuple[str, ...] = ("x", "y")) -> torch.Tensor:
    return values(read_formula(text, columns), X)


@pytest.mark.parametrize(
    "text, want",
    [
        ("-x**2", lambda x, y: -(x**2)),
        ("2**3**2 + 0*x", lambda x, y: 512.0),
        ("x**-1", lambda x, y: 1 / x),
        ("2*-x", lambda x, y: -2 * x),
        ("x - y - 1", lambda x, y: x - y - 1),
        ("x/y/2", lambda x, y: x / y / 2),
        ("x/y*2", lambda x, y: x / y * 2),
        ("x^2 * (1 + y)", lambda x, y: x**2 * (1 + y)),
        ("+x - -y", lambda x, y: x + y),
        ("1.5e-1*x + .5*y - 2.", lambda x, y: 0.15 * x + 0.5 * y - 2),
        (" x\n + y\t", lambda x, y: x + y),
        ("E**x * pi", lambda x, y: math.e**x * math.pi),
        ("x**(1/3)", lambda x, y: x ** (1 / 3)),
    ],
)
def test_signs_bind_as_in_python(text, want):
    expected = want(X[:, 0], X[:, 1])
    torch.testing.assert_close(value(text), torch.as_tensor(expected, dtype=X.dtype).expand(2), rtol=1e-14, atol=0)


@settings(derandomize=True, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["x", "y", "2", "0.5"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" + ", " - ", "*"]), inner).map("".join),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"-({text})"),
        ),
        max_leaves=12,
    )
)
def test_a_polynomial_has_the_value_that_python_gives_it(text):
    want = eval(text, {"x": X[:, 0], "y": X[:, 1]})  # of texts made above, no others
    torch.testing.assert_close(value(text), torch.as_tensor(want, dtype=X.dtype).expand(2), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["E", "pi", "I", "S", "beta", "lambda", "sin", "x1", "θ", "if", "__import__"])
def test_a_column_of_any_name_wins_over_constants_and_functions(name):
    torch.testing.assert_close(value(f"2*{name} + y", (name, "y")), 2 * X[:, 0] + X[:, 1])


@pytest.mark.parametrize("name", ["body mass", "a-b", "2x", "'", "a`b", "über %"])
def test_names_of_any_letters_stand_in_backquotes(name):
    quoted = "`" + name.replace("`", "``") + "`"
    torch.testing.assert_close(value(f"{quoted}**2 + y", (name, "y")), X[:, 0] ** 2 + X[:, 1])
    assert names_in(f"{quoted}**2 + y") == [name, "y"]


def test_names_stand_in_the_order_of_the_text_and_constants_and_functions_are_none():
    assert names_in("b*sin(pi*a) + E**c + b") == ["b", "a", "c"]


def test_a_power_in_raised_digits_names_no_column_unless_there_is_one():
    with pytest.raises(SymbolicError, match=r"'mass¹²' cannot be read \(write mass\*\*12; .*character 5"):
        names_in("2 + mass¹²")
    assert names_in("`x²` + x₁") == ["x²", "x₁"]
    torch.testing.assert_close(value("2*x²", ("x²", "y")), 2 * X[:, 0])


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "empty"),
        (" \n", "empty"),
        ("x +", "ends.*character 4"),
        ("(x", "not closed at character 1"),
        ("x*(y + (x)", "not closed at character 3"),
        ("x)", "without an opening one at character 2"),
        ("sin()", "missing before the bracket at character 5"),
        ("2x", r"write \* to multiply.*character 2"),
        ("x y", r"write \* to multiply.*character 3"),
        ("x(2)", r"write \* to multiply.*character 2"),
        ("sin x", r"written sin\(...\)"),
        ("zz + 1", "no column is called 'zz'.*character 1"),
        ("temperatur*x", "did you mean 'temperature'"),
        ("sine(x)", "no edge holds a function 'sine'.*did you mean 'sin'.*character 1"),
        ("gamma(x)", "no edge holds a function 'gamma'.*there are abs, .*tanh, at character 1"),
        ("x/0", "division by zero at character 2"),
        ("1/(2 - 2)", "division by zero"),
        ("0**-1*x", "division by zero"),
        ("x + log(-1)", "no finite real value.*character 5"),
        ("sqrt(-2)*x", "no finite real value"),
        ("exp(1000)", "no finite real value"),
        ("10**400*x", "no finite real value"),
        ("1e999*x", "larger than floats.*character 1"),
        ("x**101", "beyond 100.*character 2"),
        ("(-2)**x", "base must be above zero"),
        ("y = x", "right side.*character 3"),
        ("x[0]", "round brackets"),
        ("`x", "backquote"),
        ("x, y", "',' does not belong"),
        ("pow(x)", "takes 2"),
        ("x < 1", "conditions"),
        ("1.2.3", "character 4"),
        ("y + x²", r"no column is called 'x²' \(write x\*\*2; .*backquotes\) at character 5"),
        ("x⁻¹", r"write x\*\*-1"),
        ("y + ``", "between backquotes is empty at character 5"),
        ("E(x)", r"E is a constant and no function \(.*exp.*character 1"),
        ("pi(x)", "pi is a constant and no function"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    with pytest.raises(SymbolicError, match=words):
        read_formula(text, ("x", "y", "temperature"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "x.__class__",
        "lambda: x",
        "x if x else y",
        "[x for x in y]",
        "f'{x}'",
        "exec(x)",
        "eval(x)",
        "open(x)",
        "x;y",
        "x:=1",
        "x\0",
        "9**9**9**9*x",
        "(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1),
        "x**" * (DEEPEST + 1) + "x",
        "exp(" * 1000,
        "x+" * LONGEST,
        "`" * 1001,
        "9" * 5000,
    ],
)
def test_hostile_text_is_refused_and_never_run(text):
    with pytest.raises(SymbolicError):
        read_formula(text, ("x", "y"))


@settings(derandomize=True, deadline=None)
@given(st.text(alphabet="xy01.e+-*/^(), `sincoexpabs\n", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        read_formula(text, ("x", "y"))
    except EdgewiseError as error:
        assert str(error)


def test_long_formulas_are_read():
    text = "+".join(["x"] * 5000)
    torch.testing.assert_close(value(text), 5000 * X[:, 0], rtol=1e-12, atol=0)
    torch.testing.assert_close(value("-" * 5000 + "x"), X[:, 0])
    nested = "(" * (DEEPEST - 1) + "x" + ")" * (DEEPEST - 1)
    torch.testing.assert_close(value(nested), X[:, 0])
