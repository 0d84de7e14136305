"""The losses of `torch.nn`, as `fit` takes them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..errors import ConfigError, shown
from .cross_entropy import CrossEntropy
from .custom import Custom
from .loss import Loss
from .squared_error import SquaredError

IGNORED = nn.CrossEntropyLoss().ignore_index  # the class by which targets of torch say that they do not count


def of_torch(module: nn.Module) -> Loss:
    """The loss that a module of torch computes, row by row.

    Cross-entropy and the squared error become those of edgewise, with their metrics. Class weights weigh rows, and the
    sum is divided by the number of rows. Any other loss is taken as it is, and its mean over a row's outputs counts.

    Args:
        module: such as `nn.HuberLoss()`, with a `reduction`; which one does not matter.

    Raises:
        ConfigError: a module that does not say its loss row by row.

    >>> of_torch(nn.CrossEntropyLoss(label_smoothing=0.1))
    CrossEntropy(name='cross_entropy', smoothing=0.1, weights=())
    """
    if type(module) is nn.CrossEntropyLoss:
        if module.ignore_index != IGNORED:
            raise ConfigError(
                f"the loss ignores the class {module.ignore_index}, which fit does not; leave such rows out, or weigh"
                " them by sample_weight=0"
            )
        weights: Any = () if module.weight is None else tuple(module.weight.tolist())
        return CrossEntropy(smoothing=module.label_smoothing, weights=weights)
    if type(module) is nn.MSELoss:
        return SquaredError()
    if not hasattr(module, "reduction"):
        raise ConfigError(
            f"the loss {type(module).__name__} has no reduction, so its rows cannot be told apart; give a function"
            " (prediction, target) -> a number for each row"
        )
    if type(module) in (nn.NLLLoss, nn.MultiMarginLoss):
        raise ConfigError(
            f"the loss {shown(type(module).__name__)} is not taken for classes; let the module give logits, and use"
            " loss='cross_entropy'"
        )
    rows = copy.deepcopy(module)
    rows.reduction = "none"  # type: ignore[assignment]
    return OfTorch(rows)


@dataclass(frozen=True)
class OfTorch(Custom):
    """A loss of torch that tells the loss of every output."""

    function: nn.Module

    @property
    def name(self) -> str:
        """That of its class."""
        return type(self.function).__name__

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): the mean over the outputs of each row."""
        return Custom(lambda prediction, target: self.function(prediction, target).flatten(1).mean(1)).rows(
            prediction, target
        )
