"""The classes that every estimator of scikit-learn comes from, loaded when one of ours is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import MissingExtra, require

NAMES = ("BaseEstimator", "RegressorMixin", "ClassifierMixin")


def found(names: tuple[str, ...] = NAMES) -> list[type]:
    """scikit-learn's classes; where it is missing, classes that say so when an estimator is made."""
    try:
        base = require("sklearn.base")
    except MissingExtra as missing:
        said = str(missing)

        def refuse(cls: type, *args: Any, **kwargs: Any) -> NoReturn:
            raise MissingExtra(said)

        return [type(name, (), {"__new__": refuse}) for name in names]
    return [getattr(base, name) for name in names]


if TYPE_CHECKING:
    from sklearn.base import BaseEstimator as BaseEstimator
    from sklearn.base import ClassifierMixin as ClassifierMixin
    from sklearn.base import RegressorMixin as RegressorMixin
else:
    BaseEstimator, RegressorMixin, ClassifierMixin = found()
