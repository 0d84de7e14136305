"""Permutation tests of relations, on rows that took no part in finding them."""

from __future__ import annotations

import numpy as np

from .tuning import TUNED

# n rows, k terms


def p_value_explicit(prediction: np.ndarray, target: np.ndarray, seed: int) -> float:
    """How often a prediction (n,) is as close to a permuted column (n,) as to the column itself.

    >>> x = np.random.default_rng(0).standard_normal(50)
    >>> p_value_explicit(x, x, 0), p_value_explicit(x, np.random.default_rng(1).standard_normal(50), 0) > 0.05
    (0.0005, True)
    """
    others = _permuted(target, np.random.default_rng(seed)) @ prediction
    return (1 + int((others >= prediction @ target).sum())) / (1 + TUNED.permutations)


def p_value_implicit(terms: np.ndarray, seed: int) -> float:
    """How often the sum of terms (n, k) varies as little when each of them is permuted on its own."""
    generator = np.random.default_rng(seed)
    others = sum(_permuted(term, generator) for term in terms.T)
    return (1 + int((np.var(others, axis=1) <= terms.sum(1).var()).sum())) / (1 + TUNED.permutations)


def _permuted(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Permutations of values (n,), one in each row."""
    return generator.permuted(np.tile(values, (TUNED.permutations, 1)), axis=1)
