"""Closed forms: values, slopes, domains, symbols, symmetries, and the registry."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import scipy.special
import torch
from torch.autograd import gradcheck, gradgradcheck

from edgewise import primitives
from edgewise.errors import SymbolicError
from edgewise.primitives import Primitive, add_primitive, get, names, remove_primitive

ALL = [get(name) for name in names()]
SMOOTH_OFF = {"abs": (0.0,), "sign": (0.0,), "relu": (0.0,)}


def inside(p: Primitive, count: int = 41, reach: float = 3.0) -> torch.Tensor:
    """Points well inside the domain, off poles and kinks."""
    low, high = max(p.domain[0], -reach), min(p.domain[1], reach + max(0.0, p.domain[0]))
    width = high - low
    z = torch.linspace(low + 0.013 * width, high - 0.017 * width, count, dtype=torch.float64)
    for bad in (*p.poles, *SMOOTH_OFF.get(p.name, ())):
        z = z[(z - bad).abs() > 0.1]
    return z[torch.cos(z).abs() > 0.1] if p.name == "tan" else z


def by_name(p: Primitive) -> str:
    return p.name


def test_there_are_at_least_25_closed_forms() -> None:
    assert len(ALL) >= 25 and len({p.name for p in ALL}) == len(ALL)


@pytest.mark.parametrize("p", ALL, ids=by_name)
def test_value_equals_the_sympy_symbol(p: Primitive) -> None:
    import sympy

    x = sympy.Symbol("x")
    z = inside(p)
    want = [float(sympy.N(p.expr(x).subs(x, v), 30)) for v in z[::8].tolist()]
    np.testing.assert_allclose(p.value(z[::8]).numpy(), want, rtol=2e-14, atol=4e-15)


@pytest.mark.parametrize("p", ALL, ids=by_name)
def test_slope_is_the_derivative_of_value_and_both_are_twice_differentiable(p: Primitive) -> None:
    z = inside(p).clone().requires_grad_()
    value = p.safe(z)
    grad = torch.autograd.grad(value.sum(), z)[0] if value.requires_grad else torch.zeros_like(z)
    torch.testing.assert_close(p.derivative(z).detach(), grad, rtol=1e-12, atol=1e-13)
    if p.name != "0":
        assert gradcheck(p.safe, z)
    if p.name not in ("0", "x", "sign", "abs", "relu"):
        assert gradgradcheck(p.safe, z)


@pytest.mark.parametrize("p", ALL, ids=by_name)
@pytest.mark.parametrize("order", [2, 3])
def test_higher_derivatives_agree_with_differences_of_lower_ones(p: Primitive, order: int) -> None:
    z, h = inside(p), 1e-5
    central = (p.derivative(z + h, order - 1) - p.derivative(z - h, order - 1)) / (2 * h)
    got = p.derivative(z, order)
    torch.testing.assert_close(got, central, rtol=2e-5, atol=2e-6 * (1 + float(got.abs().max())))


@pytest.mark.parametrize("p", ALL, ids=by_name)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_safe_value_and_derivative_are_finite_everywhere(p: Primitive, dtype: torch.dtype) -> None:
    edges = [v for v in (*p.domain, *p.poles) if math.isfinite(v)]
    z = torch.tensor(
        [
            *np.linspace(-30, 30, 241),
            -1e3,
            1e3,
            0.0,
            *edges,
            *(e + s for e in edges for s in (-1e-9, 1e-9, -1e-20, 1e-20)),
        ],
        dtype=dtype,
    )
    z.requires_grad_()
    value = p.safe(z)
    assert torch.isfinite(value).all()
    assert torch.isfinite(p.derivative(z)).all()
    if value.requires_grad:
        assert torch.isfinite(torch.autograd.grad(value.sum(), z)[0]).all()
    assert value.dtype == dtype


@pytest.mark.parametrize("p", ALL, ids=by_name)
def test_safe_value_is_the_value_inside_and_continues_it_outside(p: Primitive) -> None:
    z = inside(p)
    assert torch.equal(p.safe(z), p.value(z))
    for bound, step in ((p.domain[0], -0.5), (p.domain[1], 0.5)):
        if math.isfinite(bound):
            end, out = torch.tensor([bound, bound + step], dtype=torch.float64)
            assert p.safe(end) == p.safe(out)


@pytest.mark.parametrize(
    "name, bound, value", [("sqrt", 0.0, 0.0), ("arcsin", 1.0, math.pi / 2), ("arccosh", 1.0, 0.0), ("x^1.5", 0.0, 0.0)]
)
def test_safe_value_is_exact_on_a_closed_end(name: str, bound: float, value: float) -> None:
    assert get(name).safe(torch.tensor(bound, dtype=torch.float64)).item() == value


def test_nan_stays_nan() -> None:
    for p in ALL:
        if p.name not in ("0",):
            assert torch.isnan(p.safe(torch.tensor([math.nan], dtype=torch.float64))).all() or p.name == "sign", p


def test_bessel_function_is_exact_where_torch_is_not() -> None:
    z = torch.linspace(-80, 80, 40001, dtype=torch.float64)
    assert np.abs(get("J0").value(z).numpy() - scipy.special.j0(z.numpy())).max() < 5e-15
    assert np.abs(get("J0").slope(z).numpy() + scipy.special.j1(z.numpy())).max() < 5e-15


@pytest.mark.parametrize("p", ALL, ids=by_name)
def test_vmap_of_grad_gives_the_slope(p: Primitive) -> None:
    z = inside(p)
    torch.testing.assert_close(
        torch.func.vmap(torch.func.grad(lambda t: p.safe(t)))(z) if p.name != "0" else torch.zeros_like(z),
        p.derivative(z),
    )


@pytest.mark.parametrize("p", ALL, ids=by_name)
@pytest.mark.parametrize(
    "a, b, c, d", [(1.7, 0.9, -2.5, 0.3), (-0.6, 1.1, 1.2, -4.0), (2.2, 5.3, 0.4, 1.0), (-3.0, -7.7, 2.0, 0.0)]
)
def test_canonical_constants_give_the_same_function_once(p: Primitive, a: float, b: float, c: float, d: float) -> None:
    z = inside(p)
    x = (z - b) / a
    want = c * p.value(z) + d
    a2, b2, c2, d2 = p.canonical(a, b, c, d)
    torch.testing.assert_close(
        c2 * p.safe(a2 * x + b2) + d2, want, rtol=1e-11, atol=1e-11 * (1 + float(want.abs().max()))
    )
    again = p.canonical(a2, b2, c2, d2)
    np.testing.assert_allclose(again, (a2, b2, c2, d2), rtol=1e-12, atol=1e-13)


def test_canonical_removes_what_is_redundant() -> None:
    for name in ("x^2", "x^3", "1/x", "sqrt", "log", "abs"):
        assert abs(get(name).canonical(-3.0, 1.0, 2.0, 0.0)[0]) == 1.0, name
    assert get("exp").canonical(3.0, 2.0, 1.0, 0.0)[1] == 0.0
    assert get("exp").canonical(1.0, -1000.0, 1.0, 0.0) == (1.0, -1000.0, 1.0, 0.0)  # e^-1000 would be lost in c
    a, b, c, _ = get("sin").canonical(-2.0, 9.0, 1.0, 0.0)
    assert a == 2.0 and abs(b) <= math.pi / 2
    assert get("x").canonical(2.0, 1.0, 3.0, 1.0) == (1.0, 0.0, 6.0, 4.0)


def test_powers_exist_without_being_listed() -> None:
    z = torch.tensor([0.5, 2.0], dtype=torch.float64)
    torch.testing.assert_close(get("x^7").value(z), z**7)
    torch.testing.assert_close(get("1/x^6").value(z), z**-6)
    torch.testing.assert_close(get("x^2.5").derivative(z), 2.5 * z**1.5)
    torch.testing.assert_close(get("x^(1/3)").value(z), z ** (1 / 3))
    assert get("x^0.5") is get("sqrt") and get("x^-2") is get("1/x^2") and get("x^6") is get("x^6")
    assert str(get("x^(1/3)").expr(__import__("sympy").Symbol("x"))) == "x**(1/3)"


def test_names_of_pykan_are_known() -> None:
    pykan = (
        "0 x x^2 1/x 1/x^2 sqrt x^0.5 1/sqrt(x) 1/x^0.5 exp log sin cos x^3 x^4 x^5 1/x^3 abs tan tanh sgn gaussian"
        " 1/x^4 x^1.5 arcsin arccos "
    )
    for name in (pykan + "arctan arctanh 1/x^5").split():
        get(name)


def test_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(SymbolicError, match="sinh"):
        get("sinhh")
    with pytest.raises(SymbolicError, match="2 problems"):
        primitives.resolve(["sn", "x", "expp"])


def test_primitives_pickle_and_copy_to_themselves() -> None:
    for p in (*ALL, get("x^6")):
        assert pickle.loads(pickle.dumps(p)) is p and copy.deepcopy(p) is p


def test_users_add_their_own_and_it_is_safe_without_a_safe_version() -> None:
    p = add_primitive(
        "xlogx", lambda z: z * torch.log(z), sympy=lambda s, z: z * s.log(z), domain=(0.0, math.inf), complexity=4
    )
    try:
        assert get("xlogx") is p and p in primitives.ranked() and pickle.loads(pickle.dumps(p)) is p
        z = torch.tensor([0.3, 2.0], dtype=torch.float64)
        torch.testing.assert_close(p.derivative(z), torch.log(z) + 1)
        torch.testing.assert_close(p.derivative(z, 2), 1 / z)
        assert torch.isfinite(p.safe(torch.tensor([-1.0, 0.0]))).all()
        with pytest.raises(SymbolicError, match="in use"):
            add_primitive("xlogx", torch.sin)
    finally:
        remove_primitive("xlogx")
    with pytest.raises(SymbolicError):
        remove_primitive("xlogx")
    with pytest.raises(SymbolicError, match="in use"):
        add_primitive("sin", torch.sin)
    with pytest.raises(SymbolicError, match="shape"):
        add_primitive("total", lambda z: z.sum())
    with pytest.raises(SymbolicError, match="evaluated"):
        add_primitive("broken", lambda z: z @ z)
    assert "total" not in names() and "broken" not in names()


def test_evaluate_is_the_safe_value() -> None:
    assert primitives.evaluate("sqrt", torch.tensor([-1.0, 4.0])).tolist() == [0.0, 2.0]
