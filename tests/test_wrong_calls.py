"""Every public name, called wrongly in every way that comes to mind: one of our errors, which names the argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import edgewise as ew
import wrong_kinds  # noqa: F401 - fills CALLS
import wrong_on_data  # noqa: F401 - fills CALLS
import wrong_on_estimators  # noqa: F401 - fills CALLS
import wrong_on_imports  # noqa: F401 - fills CALLS
import wrong_on_models  # noqa: F401 - fills CALLS
import wrong_on_rooms  # noqa: F401 - fills CALLS
import wrong_on_structure  # noqa: F401 - fills CALLS
from edgewise.errors import MOST, EdgewiseError
from wrong_calls import CALLS, TAKERS, loaded, model, rows, targets

LONGEST = 600  # letters of a message that people read; one that lists problems has as many for each
HUGE: dict[str, Any] = {
    "an array of 10^4 numbers": np.linspace(-1, 1, 10_000).reshape(100, 100),
    "a text of 10^5 letters": "y" * 10**5,
    "lists in lists": [[[[k, str(k)] * 20 for k in range(20)]] * 20] * 20,
    "a number of 5000 digits": 10**5000,
}

needs_no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.iterdir()), "a call that failed wrote a file"


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_ends_in_one_of_our_errors(name: str):
    call, word = CALLS[name]
    with pytest.raises(EdgewiseError) as caught:
        call()
    assert re.search(word, str(caught.value)), f"{name}: the message names no {word}: {caught.value}"
    assert_short(str(caught.value))


def assert_short(message: str) -> None:
    """Assert that people can read a message: what it quotes is cut."""
    listed = re.match(r"(\d+) problems: ", message)
    assert len(message) <= LONGEST * (min(int(listed[1]), MOST) if listed else 1), f"too long: {message}"


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("name", TAKERS)
def test_a_huge_value_does_its_work_or_ends_in_a_short_message(name: str, value: str):
    try:
        TAKERS[name](HUGE[value])
    except EdgewiseError as error:
        assert_short(str(error))


@needs_no_cuda
@pytest.mark.parametrize(
    "call",
    [
        lambda: ew.KAN((2, 1), device="cuda"),
        lambda: ew.KANLayer(2, 1, device="cuda"),
        lambda: ew.fit(model(), rows(), targets(), device="cuda", progress=False),
        lambda: ew.fit(nn.Linear(2, 1).double(), rows(), targets(), device="cuda", progress=False),
        lambda: ew.fit(model(), residual=lambda m: m(rows()), device="cuda", progress=False),
        lambda: loaded("cuda"),
    ],
)
def test_cuda_where_there_is_none_is_one_of_our_errors(call: Callable[[], object]):
    with pytest.raises(EdgewiseError, match="device.*cuda"):
        call()


def test_every_public_name_is_called():
    called = {name.partition(":")[0].partition(" ")[0] for name in CALLS}
    public = set(dir(ew)) - {"__version__", "errors", "Table"}
    assert public <= called, f"no wrong call of {sorted(public - called)}"


def test_there_are_many_wrong_calls():
    assert len(CALLS) >= 150
