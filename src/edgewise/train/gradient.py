"""Gradient training of KANs and of any other module: L-BFGS on all rows, Adam in mini-batches."""

from __future__ import annotations

from typing import Any


def fit_residual(*args: Any, **kwargs: Any) -> Any: ...


def fit_module(*args: Any, **kwargs: Any) -> Any: ...


def fit_kan(*args: Any, **kwargs: Any) -> Any: ...
