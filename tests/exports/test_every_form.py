"""Every closed form in every language gives what the network gives: at ordinary points, far out, and for nan."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.layers import BOTH
from edgewise.primitives import add_primitive, get, names, remove_primitive
from exports.databases import asked, numbers
from exports.test_export import compiled, run
from helpers import assert_close
from symbolic.laws import F, network

POINTS = (-3.0, -0.4, 0.2, 0.7, 1.3, 3.0, 500.0, -500.0, 1000.0, -1000.0, math.nan)
SMALLEST = 1e-100  # of sizes that matter: below, exponentials of SQL count as 0
CODE = ("python", "numpy", "torch", "c", "sql")
FORMS = [name for name in (*names(), "x^2.5", "x^(1/3)", "x^-6", "x^20") if name != "0"]  # 0 reads no column
NOT_IN_SQL = {"erf", "J0"}
PLAIN = (1.0, 0.0, 1.0, 0.0)
# formulas of several edges, with the values that they stand for
COMPOSED: dict[str, Callable[[Tensor], Tensor]] = {
    "sech(x)": lambda x: 1 / torch.cosh(x),
    "sech(x)**2": lambda x: 1 / torch.cosh(x) ** 2,
    "csch(x)": lambda x: 1 / torch.sinh(x),
    "softplus(x)": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "3*softplus(-2*x + 1)": lambda x: 3 * torch.logaddexp(1 - 2 * x, torch.zeros_like(x)),
    "log(3 + 2*exp(x))": lambda x: torch.logaddexp(x + math.log(2), torch.full_like(x, math.log(3))),
    "1/(1 + exp(-x))": torch.sigmoid,
    "2**x": lambda x: 2**x,
    "max(x, 0.3)": lambda x: torch.maximum(x, torch.full_like(x, 0.3)),
    "min(x, 0.3)": lambda x: torch.minimum(x, torch.full_like(x, 0.3)),
    "Heaviside(x)": lambda x: torch.where(x.isnan(), x, (torch.sign(x) + 1) / 2),
    "x**(1/3)": lambda x: x ** (1 / 3),
    "cbrt(x)": lambda x: torch.where(x < 0, -((-x) ** (1 / 3)), x ** (1 / 3)),
}
BY_NULL = {"log(3 + 2*exp(x))"}  # SQL gives NULL where EXP would end a query


def values(model: Any, points: Tensor, to: str, folder: Path) -> Tensor:
    """What the code in this language gives at the points (n,): (n,), nan for NULL."""
    X = points[:, None]
    if to == "c":
        if shutil.which("cc") is None:
            pytest.skip("exported C needs a C compiler, and there is none")
        found = compiled(model, X, folder)
    elif to == "sql":
        answer = asked(ew.export(model, "sql", inputs=["x"], outputs=["y"]), ["x"], X.tolist())
        found = numbers(answer, 1)
    else:
        with np.errstate(all="ignore"):
            found = run(model, X, to)
    return torch.as_tensor(found)[:, 0]


def assert_each_close(found: Tensor, wanted: Tensor, points: Tensor, missing: bool = False) -> None:
    """Close at every point, each by its own size. With `missing`, nan may stand where a float overflows."""
    for got, want, point in zip(found, wanted, points, strict=True):
        if not (missing and math.isinf(want) and math.isnan(got)):
            try:
                size = max(float(want.abs()), SMALLEST) if math.isfinite(want) else None
                assert_close(got, want, like="formula", scale=size)
            except AssertionError as error:
                raise AssertionError(f"at {float(point)}: {error}") from None


@pytest.mark.parametrize("to", CODE)
@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_that_of_the_network_far_out_and_for_nan(name: str, to: str, tmp_path: Path) -> None:
    if to == "sql" and name in NOT_IN_SQL:
        with pytest.raises(ew.errors.SymbolicError, match="SQL has no"):
            ew.export(network((1, 1), {(0, 0, 0): (name, *PLAIN)}), "sql")
        return
    model, form, points = network((1, 1), {(0, 0, 0): (name, *PLAIN)}), get(name), torch.tensor(POINTS, dtype=F)
    with torch.no_grad():
        wanted = model(points[:, None])[:, 0]
    low, high = form.ends(F)
    cut = (points < low) | (points > high)  # where the network goes on from the end, and code goes by the formula
    wanted = torch.where(cut, form.value(points), wanted)
    if to == "python":  # which raises outside the domain
        points, wanted = points[~(cut & wanted.isnan())], wanted[~(cut & wanted.isnan())]
    assert_each_close(values(model, points, to, tmp_path), wanted, points, missing=to == "sql")


@pytest.mark.parametrize("to", CODE)
@pytest.mark.parametrize("text", COMPOSED)
def test_formulas_of_several_forms_do_not_overflow_or_lose_nan(text: str, to: str, tmp_path: Path) -> None:
    model, points = ew.from_formula(text), torch.tensor(POINTS, dtype=F)
    wanted = COMPOSED[text](points)
    if to == "python":
        kept = ~wanted.isnan() | points.isnan()
        points, wanted = points[kept], wanted[kept]
    if to == "sql":
        wanted = torch.where((points > 700) & torch.tensor(text in BY_NULL), math.inf, wanted)
    assert_each_close(values(model, points, to, tmp_path), wanted, points, missing=to == "sql")


def test_an_onnx_file_is_the_network_far_out_and_for_nan() -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    from exports.test_onnx_file import outputs

    points = torch.tensor(POINTS, dtype=F)
    for name in FORMS:
        model = network((1, 1), {(0, 0, 0): (name, *PLAIN)})
        with torch.no_grad():
            assert_each_close(
                torch.as_tensor(outputs(model, points[:, None])[:, 0]), model(points[:, None])[:, 0], points
            )


OWN = {  # symbols of sympy that forms of one's own may have: what they are, at the points
    "Max": (lambda s, z: s.Max(z, 1, z**2), lambda x: torch.maximum(torch.maximum(x, x**2), torch.ones_like(x))),
    "Min": (lambda s, z: s.Min(z, 1), lambda x: torch.minimum(x, torch.ones_like(x))),
    "sign": (lambda s, z: s.sign(z), torch.sign),
    "Heaviside": (lambda s, z: s.Heaviside(z, 0), lambda x: (x > 0).to(F)),
    "sech": (lambda s, z: s.sech(z), lambda x: 1 / torch.cosh(x)),
    "coth": (lambda s, z: s.coth(z), lambda x: 1 / torch.tanh(x)),
    "Piecewise": (
        lambda s, z: s.Piecewise((z, z < 0.1), (0.1, (z > 2) & (z < 4)), (z**2, True)),
        lambda x: torch.where(x < 0.1, x, torch.where((x > 2) & (x < 4), 0.1, x**2)),
    ),
    "half": (lambda s, z: s.Piecewise((z, z >= 0)), lambda x: torch.where(x >= 0, x, math.nan)),
}


@pytest.mark.parametrize("to", CODE[:-1])
@pytest.mark.parametrize("name", OWN)
def test_forms_of_ones_own_keep_nan(name: str, to: str, tmp_path: Path) -> None:
    symbol, value = OWN[name]
    add_primitive("own", value, sympy=symbol)
    try:
        points = torch.tensor(POINTS, dtype=F)
        wanted = torch.where(points.isnan(), math.nan, value(points))
        model = network((1, 1), {(0, 0, 0): ("own", *PLAIN)})
        assert_each_close(values(model, points, to, tmp_path), wanted, points)
    finally:
        remove_primitive("own")


@pytest.mark.parametrize("loss", ["poisson", "binomial"])
@pytest.mark.parametrize("to", CODE)
def test_a_missing_value_is_no_mean(loss: str, to: str, tmp_path: Path) -> None:
    from dataclasses import replace

    plain = ew.KAN((1, 1), seed=1)
    model, points = plain.build(metadata=replace(plain.metadata, loss=loss)), torch.tensor([0.3, math.nan], dtype=F)
    wanted = torch.tensor([float(model.predict(points[:1, None])), math.nan], dtype=F)
    assert_each_close(values(model, points, to, tmp_path), wanted, points)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
def test_torch_code_takes_whole_numbers_as_predict_does(dtype: torch.dtype) -> None:
    X = torch.tensor([[0, 1], [1, 0], [1, 1]]).to(dtype)
    for model in (ew.KAN((2, 2, 1), seed=1), ew.KAN((2, 1), seed=1, dtype=torch.float32)):
        space: dict = {}
        exec(ew.export(model, "torch"), space)
        found = space["predict"](X)
        assert found.dtype == model.dtype
        assert_close(found[:, 0].detach(), model.predict(X), like="formula" if model.dtype == F else "float32")


@pytest.mark.parametrize("to", CODE[:-1])
def test_a_softplus_of_a_constant_is_a_number(to: str, tmp_path: Path) -> None:
    model = network((1, 1, 1), {(0, 0, 0): ("0", *PLAIN), (1, 0, 0): ("softplus", 1.0, 0.7, 1.0, 0.0)})
    points = torch.tensor([0.3, 2.0], dtype=F)
    with torch.no_grad():
        assert_each_close(values(model, points, to, tmp_path), model(points[:, None])[:, 0], points)


def test_torch_code_has_slopes_far_out() -> None:
    model = ew.from_formula("softplus(x)")
    space: dict = {}
    exec(ew.export(model, "torch"), space)
    X = torch.tensor([[1000.0], [-1000.0], [0.0]], dtype=F, requires_grad=True)
    (slope,) = torch.autograd.grad(space["predict"](X).sum(), X)
    assert_close(slope[:, 0], [1.0, 0.0, 0.5])


@pytest.mark.parametrize("z", [61.0, -75.5, 1e3, -1e6, 1e12])
def test_bessel_functions_far_out_are_exact(z: float) -> None:
    import mpmath

    model = network((1, 1), {(0, 0, 0): ("J0", *PLAIN)})
    with mpmath.workdps(40):
        wanted = float(mpmath.besselj(0, mpmath.mpf(z)))
    assert_close(run(model, torch.tensor([[z]], dtype=F), "python")[0, 0], wanted, like="formula")


@pytest.mark.parametrize("to", CODE[:-1])
@pytest.mark.parametrize("name", ["relu", "sign", "softplus"])
def test_an_edge_with_a_spline_and_a_form_can_be_run(name: str, to: str, tmp_path: Path) -> None:
    layer = ew.set_symbolic(ew.KAN((1, 1), seed=1), {(0, 0, 0): (name, *PLAIN)}).edge_layers[0]
    both: dict = layer.parts() | {"kind": torch.full_like(layer.kind, BOTH)}
    both["coef"] = torch.linspace(-1, 1, layer.num_basis, dtype=F).reshape(layer.coef.shape)
    model, points = (
        ew.KAN((1, 1)).build(layers=[type(layer).build(**both)]),
        torch.tensor([-0.5, 0.3, math.nan], dtype=F),
    )
    with torch.no_grad():
        assert_each_close(values(model, points, to, tmp_path), model(points[:, None])[:, 0], points)


@pytest.mark.parametrize("to", ["python", "numpy", "torch", "c"])
@pytest.mark.slow
def test_code_grows_with_the_depth_of_a_formula_alone(to: str) -> None:
    lengths = []
    for depth in (10, 20):
        forms = {(k, 0, 0): (("relu", "sign", "softplus", "sinc")[k % 4], 1.1, 0.1, 1.1, -0.5) for k in range(depth)}
        lengths.append(len(ew.export(network((1,) * (depth + 1), forms), to)))
    assert lengths[1] < 3 * lengths[0]
