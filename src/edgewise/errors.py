"""The exceptions of edgewise: every message says what was wrong, where, what was got, what was wanted, how to mend
it."""

from __future__ import annotations

import difflib
import functools
import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, ModuleType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class EdgewiseError(Exception):
    """Root of everything that edgewise raises on purpose."""


class ConfigError(EdgewiseError, ValueError):
    """A setting or argument that cannot be used."""


class ShapeError(EdgewiseError, ValueError):
    """A tensor or table whose shape, dtype or device does not fit."""


class GridError(EdgewiseError, ValueError):
    """Knots that do not form a usable grid."""


class DataError(EdgewiseError, ValueError):
    """A table that cannot be read or used as it is."""


class StructureError(EdgewiseError, ValueError):
    """An unknown node or edge, or a change that the network cannot take."""


class CheckpointError(EdgewiseError, ValueError):
    """A file that cannot be written, or read back as a model."""


class TrainingError(EdgewiseError, RuntimeError):
    """Training that cannot start or cannot go on."""


class SymbolicError(EdgewiseError, ValueError):
    """A closed form that cannot be used, or a formula that cannot be built."""


class BackendError(EdgewiseError, RuntimeError):
    """A compute backend that is unknown or not available here."""


class MissingExtra(EdgewiseError, ImportError):
    """An optional package that is not installed."""


class EdgewiseWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


def require(name: str, extra: str = "all") -> ModuleType:
    """Import the optional package `name`, or say how to install it.

    Raises `MissingExtra` when it is not installed.

    >>> require("math").pi > 3
    True
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise MissingExtra(
            f"this needs the package '{package}', which cannot be imported ({error}); "
            f"install it with: pip install 'edgewise[{extra}]'"
        ) from error


def problems(found: Iterable[str], error: type[EdgewiseError] = ConfigError) -> None:
    """Raise one `error` that lists every problem found; do nothing when there is none.

    >>> problems([])
    """
    listed = list(found)
    if len(listed) == 1:
        raise error(listed[0])
    if listed:
        raise error(f"{len(listed)} problems: " + "; ".join(listed))


def few(words: Sequence[object], most: int = 8) -> str:
    """The first words of a list, and how many more there are.

    >>> few(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(map(str, words[:most])) + (f" and {len(words) - most} more" if len(words) > most else "")


def twice(words: Iterable[T]) -> list[T]:
    """The words that occur more than once, each of them once.

    >>> twice(["a", "b", "a"])
    ['a']
    """
    return [word for word, count in Counter(words).items() if count > 1]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion in words for a misspelt name, or the list of what is known.

    >>> did_you_mean("grid", ["grid_size", "degree"])
    "did you mean 'grid_size'?"
    >>> did_you_mean("B", ["A", "b"])
    "did you mean 'b'?"
    """
    known = sorted(known)
    same = [name for name in known if name.lower() == word.lower()]
    close = same or difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)


# The words of other libraries (pykan, torch, scikit-learn, Keras) -> ours, the likeliest first. A keyword is called
# differently from verb to verb, so the hint is the first of these that the called one knows.
FOREIGN: Mapping[str, tuple[str, ...]] = {
    # shape of a network
    "width": ("widths", "hidden"),
    "layers": ("widths", "hidden"),
    "layers_hidden": ("widths", "hidden"),
    "layer_sizes": ("widths", "hidden"),
    "hidden_layer_sizes": ("hidden", "widths"),
    "hidden_dim": ("hidden", "widths"),
    "hidden": ("widths",),
    "widths": ("hidden",),
    "in_dim": ("in_features",),
    "input_dim": ("in_features",),
    "out_dim": ("out_features",),
    "output_dim": ("out_features",),
    # splines
    "grid": ("grid_size", "grids"),
    "num": ("grid_size",),
    "grids": ("grid_size",),
    "grid_size": ("grids",),
    "new_grid_size": ("grid_size",),
    "k": ("degree",),
    "order": ("degree",),
    "spline_order": ("degree",),
    "base_fun": ("base",),
    "base_activation": ("base",),
    "activation": ("base",),
    "grid_range": ("domain",),
    "grid_eps": ("quantile",),
    "ratio": ("factor",),
    # training
    "opt": ("optimizer",),
    "solver": ("optimizer",),
    "lamb": ("sparsity",),
    "lam": ("sparsity",),
    "lambda_": ("sparsity",),
    "lamb_l1": ("sparsity",),
    "lamb_entropy": ("sparsity",),
    "l1": ("sparsity",),
    "alpha": ("sparsity",),
    "weight_decay": ("sparsity",),
    "regularization": ("sparsity",),
    "epochs": ("steps",),
    "num_epochs": ("steps",),
    "n_epochs": ("steps",),
    "max_epochs": ("steps",),
    "max_iter": ("steps",),
    "iterations": ("steps",),
    "n_iter": ("steps",),
    "num_steps": ("steps",),
    "batch": ("batch_size",),
    "loss_fn": ("loss",),
    "criterion": ("loss",),
    "objective": ("loss",),
    "validation_data": ("validation",),
    "val": ("validation",),
    "eval_set": ("validation",),
    "test": ("validation",),
    "weights": ("sample_weight",),
    "sample_weights": ("sample_weight",),
    "n_restarts": ("restarts",),
    "callback": ("callbacks",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "verbose": ("progress",),
    "log": ("progress",),
    # data and names
    "x": ("X",),
    "data": ("X", "frame"),
    "df": ("frame",),
    "dataframe": ("frame",),
    "target": ("y",),
    "labels": ("y",),
    "label": ("target",),
    "y": ("target",),
    "target_column": ("target",),
    "columns": ("features",),
    "usecols": ("features",),
    "feature_names": ("inputs", "features"),
    "input_names": ("inputs",),
    "in_vars": ("inputs",),
    "var": ("inputs",),
    "names": ("inputs",),
    "target_names": ("outputs",),
    "output_names": ("outputs",),
    "out_vars": ("outputs",),
    # parts of a network
    "th": ("threshold", "tolerance"),
    "node_th": ("threshold",),
    "edge_th": ("threshold",),
    "tol": ("tolerance", "threshold"),
    "threshold": ("tolerance",),
    "tolerance": ("threshold",),
    "lib": ("primitives",),
    "library": ("primitives",),
    "functions": ("primitives",),
    "noise": ("scale",),
    "noise_scale": ("scale",),
    "std": ("scale",),
    # pictures and files
    "figure_size": ("figsize",),
    "size": ("figsize",),
    "file": ("path",),
    "filename": ("path",),
    "folder": ("path",),
    "map_location": ("device",),
}


def meant(word: str, known: Iterable[str]) -> str:
    """A suggestion in words for an unknown keyword: our name for what another library calls so, else the nearest.

    >>> meant("k", ["widths", "degree"]), meant("widhts", ["widths", "degree"])
    ("did you mean 'degree'?", "did you mean 'widths'?")
    """
    known = list(known)
    ours = next((name for name in FOREIGN.get(word.lower(), ()) if name in known), None)
    return f"did you mean {ours!r}?" if ours else did_you_mean(word, known)


def reject_unknown(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise one `ConfigError` that names each unknown keyword and the known one that is likely meant.

    >>> reject_unknown(["degree"], ["degree"], "KAN")
    """
    known = list(known)
    wrong = [word for word in given if word not in known]
    if len(wrong) == 1:
        raise ConfigError(f"{where} got an unexpected keyword {wrong[0]!r}; {meant(wrong[0], known)}")
    if wrong:
        hints = [f"{word!r} ({meant(word, known)})" for word in wrong]
        raise ConfigError(f"{where} got unexpected keywords: {', '.join(hints)}")


def knows_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """The function as it is, except that an unknown keyword raises a `ConfigError` with a hint, not a `TypeError`.

    What it knows is read from its signature. Every public verb and constructor carries this decorator.

    >>> knows_keywords(lambda degree: degree)(degree=3)
    3
    """
    code: CodeType = function.__code__  # pyright: ignore[reportFunctionMemberAccess]
    named = code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]
    known = [name for name in named if name != "self"]
    where = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for word in kwargs:
            if word not in known:
                reject_unknown(kwargs, known, where)
        return function(*args, **kwargs)

    return checked


def is_listing(value: object) -> bool:
    """Whether a value can be gone through one by one, which an array of no dimension and a closed file cannot.

    >>> is_listing(["a"]), is_listing(3), is_listing(range(2))
    (True, False, True)
    """
    try:
        iter(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return False
    return True
