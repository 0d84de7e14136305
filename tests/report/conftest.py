"""Two pages that many tests look at."""

from __future__ import annotations

import pytest
import sympy
import torch

from edgewise.model import KAN
from edgewise.report import report
from plotting.pictures import law, named

from .pages import INJECTED, data, history


@pytest.fixture(scope="package")
def full() -> str:
    """The report on a law with everything that can be given."""
    model = law()
    X, y = data(model)
    x1, x2 = sympy.symbols("x y")
    return report(
        model,
        X,
        y,
        original=KAN((2, 5, 1)),
        test=data(model, 30),
        history=history(),
        inputs=("x", "y"),
        outputs=("f",),
        formulas=[sympy.exp(sympy.sin(sympy.pi * x1) + x2**2)],
        errors={"model": {"rmse": 0.25, "r2": 0.999997}, "formula": {"rmse": 1.5e-9, "r2": 1.0}},
        baselines={"mean": {"rmse": 2.5, "r2": 0.0}, "gradient boosting": "not computed: no such package"},
        verdict="It explains nearly all of it.",
        notes=["the separator is ';'"],
        title="A law",
    )


@pytest.fixture(scope="package")
def hostile() -> str:
    """The report on a classifier whose columns, classes, title, scores and history all try to break out."""
    model = named(KAN((10, 1, 10)), inputs=INJECTED, outputs=("c",), classes=INJECTED, task="classification")
    X = data(model)[0]
    bad = INJECTED[0]
    formulas = [sympy.Symbol(name) ** 2 + sympy.Function(bad)(sympy.Symbol(bad)) for name in INJECTED]
    rows = [{"stage": bad, "train_loss": 1.0 / (k + 1), "part": bad} for k in range(3)]
    return report(
        model,
        X,
        torch.arange(60) % 10,
        title=INJECTED[-1],
        verdict=bad,
        notes=[bad],
        formulas=formulas,
        errors={bad: {bad: 1.0}},
        baselines={bad: bad},
        history=rows,
        model_file=f"{bad}.safetensors",
        closed_forms={(0, 0, 0): (bad, 0.5)},
    )
