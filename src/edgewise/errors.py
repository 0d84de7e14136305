"""The exceptions of edgewise: every message says what was wrong, where, what was got, what was wanted, how to mend
it."""

from __future__ import annotations

import difflib
import functools
import importlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from reprlib import Repr
from types import CodeType, ModuleType
from typing import Any, ParamSpec, TypeVar

from .values import plain_numbers

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

SHOWN = 80  # characters of a foreign value that a message quotes: enough to recognise it
ENTRIES = SHOWN // len("0, ")  # entries of a list that can fit into these
DIGITS = 4000  # of a whole number: Python writes out no more than 4300
LISTED = 400  # characters of a list of words in a message, or of what another library says
MOST = 8  # problems or words that a message lists before it counts the rest


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
        more = f"; and {len(listed) - MOST} more" if len(listed) > MOST else ""
        raise error(f"{len(listed)} problems: " + "; ".join(listed[:MOST]) + more)


def few(words: Sequence[object], most: int = MOST) -> str:
    """The first words of a list, and how many more there are. Long words are cut, and fewer of them shown.

    >>> few(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    told: list[str] = []
    for word in words[:most]:
        told.append(clipped(word, SHOWN))
        if len(told) > 1 and sum(map(len, told)) > LISTED:
            told.pop()
            break
    return ", ".join(told) + (f" and {len(words) - len(told)} more" if len(words) > len(told) else "")


class _Short(Repr):
    """The words of a value, cut while they are put together: it may be of any size and depth."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 4, SHOWN, SHOWN, SHOWN
        self.maxtuple = self.maxlist = self.maxarray = self.maxdict = ENTRIES
        self.maxset = self.maxfrozenset = self.maxdeque = ENTRIES
        self._left = SHOWN  # parts to write: each takes a character at least

    def repr1(self, x: Any, level: int) -> str:
        """A part, or dots once so many are written that nobody will see more."""
        self._left -= 1
        return super().repr1(x, level) if self._left >= 0 else self.fillvalue

    def repr_int(self, x: int, level: int) -> str:
        """A number, or how long it is where Python would not write it out."""
        digits = int(x.bit_length() * math.log10(2))
        return super().repr_int(x, level) if digits < DIGITS else f"<int of about {digits} digits>"

    def repr_instance(self, x: Any, level: int) -> str:
        """Any other value; an array of more than one short line as its type and shape."""
        shape = getattr(x, "shape", None)
        if not isinstance(shape, tuple):
            return " ".join(super().repr_instance(x, level).split("\n"))
        words = repr(x) if math.prod(shape) <= ENTRIES else ""
        fits = 0 < len(words) <= SHOWN and "\n" not in words
        return words if fits else f"{type(x).__name__} of shape {tuple(shape)}"


def shown(value: object) -> str:
    """A foreign value in the words of a message: its `repr` where that is short, else the part that tells what it is.

    It never fails, whatever the value's own methods do.

    >>> shown("y"), shown((2, 5)), shown(list(range(10**6)))[:20], len(shown("y" * 10**6))
    ("'y'", '(2, 5)', '[0, 1, 2, 3, 4, 5, 6', 80)
    """
    try:
        words = _Short().repr(value)
        return words if len(words) <= SHOWN else f"{words[: SHOWN - 3]}..."
    except Exception:  # of the value's own methods, which may raise anything
        return f"<{type(value).__name__}>"


def clipped(words: object, most: int = LISTED) -> str:
    """Words, cut short in the middle: they may quote names from a file, or another library's message, of any length.

    >>> clipped("temperature_of_the_sample", 15)
    'temper...sample'
    """
    try:
        text = str(words)
    except Exception:  # of a foreign error's or name's own method
        text = f"<{type(words).__name__}>"
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[: most - 3 - half]}...{text[-half:]}"


def twice(words: Iterable[T]) -> list[T]:
    """The words that occur more than once, each of them once.

    >>> twice(["a", "b", "a"])
    ['a']
    """
    return [word for word, count in Counter(words).items() if count > 1]


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A suggestion in words for a misspelt name, or the list of what is known.

    >>> did_you_mean("grid", ["grid_size", "degree"])
    "did you mean 'grid_size'?"
    >>> did_you_mean("B", ["A", "b"])
    "did you mean 'b'?"
    """
    known, word = sorted(known), clipped(word)  # the search takes the square of a word's length
    same = [name for name in known if name.lower() == word.lower()]
    close = same or difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {shown(close[0])}?" if close else "known: " + few(known, most=len(known))


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
    "random_seed": ("seed", "random_state"),
    "seed": ("random_state",),
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
        raise ConfigError(f"{where} got an unexpected keyword {shown(wrong[0])}; {meant(wrong[0], known)}")
    if wrong:
        hints = [f"{shown(word)} ({meant(word, known)})" for word in wrong]
        raise ConfigError(f"{where} got unexpected keywords: {few(hints)}")


def only_known(function: Callable[P, R]) -> Callable[P, R]:
    """The function as it is, except that an unknown keyword raises a `ConfigError` with a hint, not a `TypeError`.

    What it knows is read from its signature.

    >>> only_known(lambda degree: degree)(degree=3)
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


def knows_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """`only_known`; and numpy's numbers come in as Python's own, which files hold and tensors can be multiplied by.
    Every public verb and constructor carries this decorator, but for those that must hand back what they were given.
    """
    checked: Callable[..., R] = only_known(function)

    @functools.wraps(checked)
    def plainly(*args: Any, **kwargs: Any) -> R:
        return checked(*map(plain_numbers, args), **{word: plain_numbers(value) for word, value in kwargs.items()})

    return plainly


def as_words(value: Any) -> list[str] | None:
    """What a value holds, as texts; None for a text, for what cannot be gone through, and for what cannot be written.

    >>> as_words(["a", 3]), as_words("ab"), as_words(3)
    (['a', '3'], None, None)
    """
    try:
        return None if isinstance(value, str | bytes) else [str(entry) for entry in value]
    except Exception:  # of the values' own methods
        return None


def as_list(value: Any) -> list[Any] | None:
    """What a value holds, in a list; None for one that cannot be gone through, as an array of no dimension or a closed
    file.

    >>> as_list("ab"), as_list(3), as_list(range(2))
    (['a', 'b'], None, [0, 1])
    """
    try:
        return list(value)
    except Exception:  # of the value's own method
        return None
