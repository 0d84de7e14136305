"""Errors of predictions on new rows."""

from __future__ import annotations

import numpy as np

BINS = 15  # of equal width, for calibration, as in Guo et al. 2017 (arXiv 1706.04599)
FLOOR = 1e-6  # of a probability, for every method: one row that was called impossible costs 13.8, not infinitely much

# n rows, k classes


def figures(y: np.ndarray, predicted: np.ndarray) -> dict[str, float | None | str]:
    """rmse of numbers (n,), or log loss, accuracy and calibration error of class probabilities (n, k).

    >>> figures(np.array([1.0, 3.0]), np.array([1.0, 1.0]))["error"]
    1.4142135623730951
    >>> found = figures(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    >>> found["measure"], round(found["error"], 3), found["accuracy"], found["calibration"]
    ('log loss', 0.693, 0.5, 0.0)
    """
    if not np.isfinite(predicted).all():
        raise ValueError(f"{(~np.isfinite(predicted)).sum()} of {predicted.size} predictions are not finite")
    if predicted.ndim == 1:
        error = float(np.sqrt(np.mean((predicted - y) ** 2)))
        return {"measure": "RMSE", "error": error, "accuracy": None, "calibration": None}
    return {
        "measure": "log loss",
        "error": log_loss(y, predicted),
        "accuracy": float(np.mean(predicted.argmax(1) == y)),
        "calibration": calibration(y, predicted),
    }


def log_loss(y: np.ndarray, predicted: np.ndarray) -> float:
    """The mean of -log p of the true class.

    >>> round(log_loss(np.array([0]), np.array([[0.0, 1.0]])), 1)
    13.8
    """
    floored = np.maximum(predicted, FLOOR)
    floored = floored / floored.sum(1, keepdims=True)
    return float(-np.mean(np.log(floored[np.arange(len(y)), y])))


def calibration(y: np.ndarray, predicted: np.ndarray) -> float:
    """Expected calibration error: how far the confidence in the named class is from how often it is right.

    >>> calibration(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]))
    0.4
    """
    confidence, right = predicted.max(1), predicted.argmax(1) == y
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(places, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(y))
