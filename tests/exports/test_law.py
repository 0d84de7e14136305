"""A law in every language."""

from __future__ import annotations

import pytest
import sympy
import torch

import edgewise as ew
from edgewise.errors import ConfigError


@pytest.fixture(scope="module")
def law():
    X = 0.5 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return ew.discover(X, X[:, 0] ** 2 / X[:, 1], inputs=["v", "r"], progress=False).best


def test_code_gives_what_the_law_gives(law):
    row = torch.tensor([[1.7, 0.6]], dtype=torch.float64)
    for language, call in (
        ("python", lambda f: f(row[0].tolist())),
        ("numpy", lambda f: f(row.numpy())[0]),
        ("torch", lambda f: f(row)[0].tolist()),
    ):
        space: dict = {}
        exec(ew.export(law, to=language), space)
        assert call(space["predict"])[0] == pytest.approx(float(law(row)))
    assert "y[0] =" in ew.export(law, to="c")


def test_all_that_was_found_is_no_law_to_write():
    X = torch.linspace(1.0, 2.0, 30, dtype=torch.float64)[:, None]
    with pytest.raises(ConfigError, match=r"give found\.best or one of found\.front"):
        ew.export(ew.discover(X, 2 * X[:, 0], progress=False))  # type: ignore[arg-type]


def test_names_may_be_others(law):
    assert ew.export(law, to="latex", outputs=["a"]) == r"a = \frac{v^{2}}{r}"
    s, t = sympy.symbols("s t")
    assert ew.export(law, to="sympy", inputs=["s", "t"]) == [s**2 / t]
    for names in (["s"], ["s", "s"]):
        with pytest.raises(ConfigError, match="inputs"):
            ew.export(law, to="sympy", inputs=names)
    with pytest.raises(ConfigError, match="outputs"):
        ew.export(law, to="latex", outputs=["a", "b"])
