"""errors: a keyword that does not exist gets the name of the one that is meant."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

import edgewise as ew
from edgewise.errors import FOREIGN, ConfigError, knows_keywords, meant

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
