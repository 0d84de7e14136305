"""edgewise: Kolmogorov-Arnold Networks whose edges are learned one-dimensional functions.

Every public name is loaded when it is first used, so that `import edgewise` stays quick and loads no optional package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from . import errors as errors

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import losses as losses
    from . import nn as nn
    from . import pde as pde
    from .attribution import attribute as attribute
    from .data import Table as Table
    from .data import from_arrays as from_arrays
    from .data import from_dataframe as from_dataframe
    from .data import from_function as from_function
    from .data import read_csv as read_csv
    from .discovery.boundary import boundary as boundary
    from .discovery.conserved import conserved as conserved
    from .discovery.discover import discover as discover
    from .estimators.classifier import KANClassifier as KANClassifier
    from .estimators.regressor import KANRegressor as KANRegressor
    from .exports.export import export as export
    from .imports.from_formula import from_formula as from_formula
    from .imports.from_pykan import from_pykan as from_pykan
    from .insight.effects import effects as effects
    from .insight.explain import explain as explain
    from .insight.redraw import redraw as redraw
    from .layers import KANLayer as KANLayer
    from .model import KAN as KAN
    from .ops import spline as spline
    from .ops import use_backend as use_backend
    from .plotting import plot as plot
    from .plotting.effects_figure import plot_effects as plot_effects
    from .plotting.front_figure import plot_front as plot_front
    from .size import summary as summary
    from .storage import load as load
    from .storage import save as save
    from .structure.decomposition import tree as tree
    from .structure.related.relations import relations as relations
    from .structure.separability import separability as separability
    from .structure.symmetry import symmetry as symmetry
    from .studies.study import study as study
    from .symbolic.formula import formula as formula
    from .symbolic.suggest import suggest as suggest
    from .symbolic.symbolify import symbolify as symbolify
    from .train.fit import fit as fit
    from .train.refit import refit as refit
    from .transforms import adapt as adapt
    from .transforms import deepen as deepen
    from .transforms import edge as edge
    from .transforms import extend as extend
    from .transforms import merge as merge
    from .transforms import perturb as perturb
    from .transforms import prune as prune
    from .transforms import refine as refine
    from .transforms import remove as remove
    from .transforms import set_symbolic as set_symbolic
    from .transforms import swap as swap
    from .transforms import tidy as tidy
    from .transforms import unset_symbolic as unset_symbolic
    from .transforms import widen as widen

_ROOMS = ("losses", "nn", "pde")  # public as they are
# public name -> the module that holds it; each line has its twin above, which type checkers and editors read
_HOME = {
    "KAN": "model",
    "KANClassifier": "estimators.classifier",
    "KANLayer": "layers",
    "KANRegressor": "estimators.regressor",
    "Table": "data",
    "adapt": "transforms",
    "attribute": "attribution",
    "boundary": "discovery.boundary",
    "conserved": "discovery.conserved",
    "deepen": "transforms",
    "discover": "discovery.discover",
    "edge": "transforms",
    "effects": "insight.effects",
    "explain": "insight.explain",
    "extend": "transforms",
    "export": "exports.export",
    "fit": "train.fit",
    "formula": "symbolic.formula",
    "from_arrays": "data",
    "from_dataframe": "data",
    "from_formula": "imports.from_formula",
    "from_function": "data",
    "from_pykan": "imports.from_pykan",
    "load": "storage",
    "merge": "transforms",
    "perturb": "transforms",
    "plot": "plotting",
    "plot_effects": "plotting.effects_figure",
    "plot_front": "plotting.front_figure",
    "prune": "transforms",
    "read_csv": "data",
    "redraw": "insight.redraw",
    "refine": "transforms",
    "refit": "train.refit",
    "relations": "structure.related.relations",
    "remove": "transforms",
    "save": "storage",
    "separability": "structure.separability",
    "set_symbolic": "transforms",
    "spline": "ops",
    "study": "studies.study",
    "suggest": "symbolic.suggest",
    "summary": "size",
    "swap": "transforms",
    "symbolify": "symbolic.symbolify",
    "symmetry": "structure.symmetry",
    "tidy": "transforms",
    "tree": "structure.decomposition",
    "unset_symbolic": "transforms",
    "use_backend": "ops",
    "widen": "transforms",
}

__all__ = ["__version__", "errors", *_ROOMS, *sorted(_HOME)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"edgewise has no {name!r}; {errors.did_you_mean(name, _HOME)}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
