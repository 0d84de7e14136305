"""fit to classes: told apart in whatever names them, and kept by a second fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew

from .small_fits import QUICK, rows


@pytest.mark.parametrize("kind", ["text", "bool", "int", "category"])
def test_classes_are_told_apart(kind: str):
    X, y = rows(200)
    inside = (y > 0.3).numpy()
    labels: Any = {
        "text": np.where(inside, "inside", "outside"),
        "bool": inside,
        "int": inside.astype(int),
        "category": pd.Series(np.where(inside, "inside", "outside"), dtype="category"),
    }[kind]
    result = ew.fit(ew.KAN((2, 2)), X, labels, loss="cross_entropy" if kind == "int" else "auto", **QUICK)
    classes = {
        "text": ("inside", "outside"),
        "bool": ("False", "True"),
        "int": ("0", "1"),
        "category": ("inside", "outside"),
    }[kind]
    assert result.model.metadata.classes == classes and result.model.metadata.task == "classification"
    told = [classes[code] for code in result.model(X).argmax(1).tolist()]
    right = np.mean([one == str(other) for one, other in zip(told, list(labels), strict=True)])
    assert right > 0.9 and result.metrics["accuracy"] == pytest.approx(right)
    assert "accuracy" in result.message and set(result.metrics) >= {"cross_entropy", "validation_accuracy"}


def test_a_second_fit_keeps_the_classes_of_the_first():
    X, y = rows(150)
    labels = np.where(y.numpy() > 0.8, "c", np.where(y.numpy() > 0.1, "b", "a"))
    first = ew.fit(ew.KAN((2, 3)), X, labels, **QUICK)
    without_a = labels != "a"
    again = ew.fit(first.model, X[without_a], labels[without_a], **QUICK)
    assert again.model.metadata.classes == ("a", "b", "c")
    told = again.model(X[without_a]).argmax(1).numpy()
    assert np.mean(np.array(["a", "b", "c"])[told] == labels[without_a]) > 0.9


def test_one_class_alone_is_fitted():
    X, _ = rows(40)
    result = ew.fit(ew.KAN((2, 2)), X, ["a"] * 40, **QUICK)
    assert result.metrics["accuracy"] == 1.0 and bool(torch.isfinite(result.model(X)).all())
