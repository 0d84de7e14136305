"""The methods that are compared, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from . import packages, peers
from .tables import Rows

Method = Callable[[Rows, Rows], peers.Predict]


@dataclass(frozen=True)
class Named:
    """A method, what the page says of it, the package that it needs, and the modules of which it makes use."""

    what: str
    learn: Method
    package: str = "pandas"
    modules: tuple[str, ...] = ()

    def load(self) -> None:
        """Import what the method uses, so that the time of a fit is that of the fit."""
        for name in self.modules:
            import_module(name)

    @property
    def lacks(self) -> str:
        """The package that is missing for it here, "" where none is."""
        return "" if find_spec(self.package) else self.package


def _ours(what: str, **settings: Any) -> Named:
    """A way to call edgewise, with these settings; torch is loaded for it alone."""

    def learn(old: Rows, new: Rows) -> peers.Predict:
        from .ours import estimator

        return estimator(old, new, **settings)

    estimators = ("edgewise.estimators.regressor", "edgewise.estimators.classifier")
    return Named(what, learn, modules=("experiments.tabular.ours", *estimators))


OURS = {
    "edgewise": _ours("`ew.KANRegressor` or `ew.KANClassifier` as it comes"),
    "edgewise_quick": _ours("the same, `effort='quick'`: functions of one or two inputs", effort="quick"),
    "edgewise_thorough": _ours("the same, `effort='thorough'`", effort="thorough"),
    "edgewise_additive": _ours(
        "the same, `hidden=()` and `interactions=0`: functions of one input", hidden=(), interactions=0
    ),
}
PEERS = {
    "constant": Named("the mean, or the shares of the classes", peers.constant),
    "ridge": Named("ridge or logistic regression", peers.ridge, "sklearn", ("sklearn.linear_model",)),
    "mlp": Named("a multilayer perceptron, scikit-learn", peers.mlp, "sklearn", ("sklearn.neural_network",)),
    "forest": Named("a random forest, scikit-learn", peers.forest, "sklearn", ("sklearn.ensemble",)),
    "boosting": Named("histogram boosting as it comes, scikit-learn", peers.boosting, "sklearn", ("sklearn.ensemble",)),
    "lightgbm": Named("LightGBM, tuned", packages.lightgbm, "lightgbm", ("lightgbm",)),
    "ebm": Named("an explainable boosting machine as it comes", packages.ebm, "interpret", ("interpret.glassbox",)),
    "gam": Named("a generalised additive model, pyGAM", packages.gam, "pygam", ("pygam",)),
}
METHODS = OURS | PEERS
YARDSTICK = ("ridge", "mlp", "forest", "boosting", "lightgbm")  # errors are shown relative to the best of these
SMOKE = ("ridge", "edgewise_additive")
