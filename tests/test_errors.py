"""errors: a keyword that does not exist gets the name of the one that is meant."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import edgewise as ew
from edgewise.errors import (
    FOREIGN,
    MOST,
    SHOWN,
    ConfigError,
    clipped,
    did_you_mean,
    few,
    knows_keywords,
    meant,
    problems,
    shown,
)

VERBS = [name for name in ew.__all__ if callable(getattr(ew, name))]


def keywords(name: str) -> list[str]:
    return [p.name for p in inspect.signature(getattr(ew, name)).parameters.values()]


@knows_keywords
def example(X: Any, *, degree: int = 3, threshold: float = 0.01) -> tuple[Any, int, float]:
    return X, degree, threshold


def test_a_call_with_known_keywords_is_left_alone():
    assert example(1, threshold=0.5) == example(X=1, threshold=0.5) == (1, 3, 0.5)
    assert str(inspect.signature(example)).startswith("(X: 'Any', *, degree: 'int' = 3")
    assert pickle.loads(pickle.dumps(example)) is example


def test_numbers_of_numpy_come_in_as_those_of_python():
    X = np.zeros(3)
    numbers: Any = {"degree": np.int64(3), "threshold": np.float32(0.5)}
    got = example(X, **numbers)
    assert got[0] is X and got[1:] == (3, 0.5) and [*map(type, got[1:])] == [int, float]
    numbers = {"degree": np.bool_(True)}
    listed, flag, _ = example((np.int8(2), "auto"), **numbers)
    assert listed == (2, "auto") and type(listed[0]) is int and flag is True


def test_every_unknown_keyword_is_named_with_the_one_that_is_meant():
    words = r"^example got unexpected keywords: 'k' \(did you mean 'degree'\?\), 'node_th' \(did you mean 'threshold'"
    with pytest.raises(ConfigError, match=words):
        example(1, k=3, node_th=0.1)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigError, match="example got an unexpected keyword 'degre'; did you mean 'degree'"):
        example(1, degre=3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigError, match="'qwertz'; known: X, degree, threshold"):
        example(1, qwertz=3)  # pyright: ignore[reportCallIssue]


def test_an_unknown_keyword_comes_before_a_missing_argument():
    with pytest.raises(ConfigError, match="KAN got an unexpected keyword 'width'; did you mean 'widths'"):
        ew.KAN(width=[2, 5, 1])  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'widths'"):
        ew.KAN()  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("word", FOREIGN)
def test_the_words_of_other_libraries_lead_to_keywords_of_public_verbs(word: str):
    known = {keyword for name in VERBS for keyword in keywords(name)}
    for ours in FOREIGN[word]:
        assert ours in known
        assert meant(word, [ours, "another"]) == f"did you mean {ours!r}?"


@pytest.mark.parametrize("name", [name for name in VERBS if name != "Table"])
def test_every_public_verb_answers_an_unknown_keyword(name: str):
    word = keywords(name)[-1] + "s_"
    with pytest.raises(ConfigError, match=rf"{name} got an unexpected keyword '{word}'; did you mean"):
        manager = getattr(ew, name)(**{word: 1})
        manager.__enter__()  # of use_backend


DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]
ROUND: list[Any] = [1]
ROUND.append(ROUND)


class Silent:
    """What cannot be written."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc\n'", max_size=9), st.lists, max_leaves=9)
)
def test_short_values_are_shown_as_python_writes_them(value: Any):
    if len(repr(value)) <= SHOWN and "[[[[" not in repr(value):
        assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        *(DEEP, ROUND, [ROUND] * 50, "x" * 10**6, 10**4000, 10**5000, -(10**5000), list(range(10**5)), b"x" * 10**6),
        *({str(k): k for k in range(1000)}, set(range(1000)), [Silent()], Silent(), [["y" * 10**5] * 99] * 99),
        *(
            np.zeros((40, 2)),
            torch.zeros(40, 2),
            [np.zeros((40, 2))] * 9,
            np.float64(0.5),
            torch.zeros(2, device="meta"),
        ),
    ],
    ids=lambda value: "",
)
def test_values_of_any_kind_and_size_are_shown_in_one_short_line(value: Any):
    words = shown(value)
    assert 0 < len(words) <= SHOWN and "\n" not in words


def test_arrays_are_shown_by_their_shape():
    assert shown(np.zeros((40, 2))) == "ndarray of shape (40, 2)"
    assert shown(torch.zeros(40, 2)) == "Tensor of shape (40, 2)"
    assert shown(np.array([1, 2])) == "array([1, 2])"


def test_words_of_any_length_are_clipped_in_the_middle():
    assert clipped("temperature") == "temperature"
    assert clipped("a" * 50 + "z" * 50, 23) == "a" * 10 + "..." + "z" * 10
    assert clipped(Silent()) == "<Silent>"


def test_long_lists_of_words_and_problems_are_counted():
    assert few(["n" * 500] * 9) == ", ".join([clipped("n" * 500, SHOWN)] * 5) + " and 4 more"
    with pytest.raises(ConfigError, match=r"^12 problems: a; .*; a; and 4 more$") as caught:
        problems(["a"] * (MOST + 4))
    assert str(caught.value).count("a;") == MOST
    assert len(did_you_mean("x" * 10**6, [f"column {k}" for k in range(10**4)])) < 600
