"""Results come from arguments and seeds alone: torch's default dtype has no part in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.primitives import evaluate
from helpers import all_but_slow, assert_equal, state_of

DTYPES = (torch.float64, torch.float16, torch.bfloat16)


@pytest.fixture(autouse=True)
def _default_dtype_comes_back() -> Iterator[None]:
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def data(rows: int = 300) -> tuple[Tensor, Tensor]:
    """Rows with noise and three far ones, so that held-out rows, bulk and corners count."""
    draw = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(rows, 2, generator=draw, dtype=torch.float64) - 1
    X[:3] *= 1e4
    y = torch.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * torch.randn(rows, generator=draw, dtype=torch.float64)
    return X, y


def network() -> ew.KAN:
    return ew.KAN((2, 2, 1), grid_size=3)


def fitted(**settings: Any) -> dict[str, Any]:
    result = ew.fit(network(), *data(), steps=10, progress=False, **settings)
    return {"state": state_of(result.model), "loss": result.train_loss}


def remembered() -> dict[str, Any]:
    X, y = data()
    first = ew.fit(network(), X, y, steps=6, progress=False)
    return state_of(ew.fit(first.model, X[:100], y[:100], memory=first, steps=5, progress=False).model)


def closed_forms() -> list[str]:
    X = data()[0][3:]
    result = ew.fit(ew.KAN((2, 1)), X, X.sin().sum(1), steps=20, progress=False)
    return [str(one) for one in ew.formula(ew.symbolify(result.model, X, X.sin().sum(1)))]


def from_lists() -> Tensor:
    return ew.from_function(lambda x: x.reshape(-1).tolist(), [(0, 1)], 20).y


CASES: dict[str, Callable[[], Any]] = {
    "fit": fitted,
    "sparse": lambda: fitted(sparsity=0.01),
    "restarts": lambda: fitted(restarts=2, seed=3),
    "adam in batches": lambda: fitted(optimizer="adam", batch_size=50),
    "memory": remembered,
    "closed forms": closed_forms,
    "a function that gives lists": from_lists,
}


@pytest.mark.parametrize("case", all_but_slow(["sparse", "adam in batches"], CASES))
def test_results_do_not_depend_on_the_default_dtype(case: str):
    want = CASES[case]()
    for dtype in DTYPES:
        torch.set_default_dtype(dtype)
        assert_equal(CASES[case](), want, f"{case} under {dtype}")


def test_a_study_does_not_depend_on_the_default_dtype():
    X, y = data(150)
    X[:3] /= 1e4

    def scores() -> list[Any]:
        study = ew.study(X.numpy(), y.numpy(), hidden=2, grids=(3,), formula=False, progress=False)
        return [state_of(study.model), {name: str(value) for name, value in study.scores.items()}]

    want = scores()
    torch.set_default_dtype(torch.float16)
    assert_equal(scores(), want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_closed_forms_at_a_pole_do_not_depend_on_the_default_dtype(dtype: torch.dtype):
    z = torch.tensor([0.0, 1e-30, -1e-30, 2.0], dtype=dtype)
    want = evaluate("1/x", z), evaluate("1/x", z, 1)
    for default in DTYPES:
        torch.set_default_dtype(default)
        assert_equal((evaluate("1/x", z), evaluate("1/x", z, 1)), want)
