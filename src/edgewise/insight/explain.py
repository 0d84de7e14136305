"""explain: what each column adds to every single prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import DataError, ShapeError, few, knows_keywords
from ..model import KAN, Fitted, as_kan
from .shares import shares_of

NUMBERS = 1 << 22  # of edge values held at a time: 32 MB


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Every prediction as a constant and what each term adds to it.

    Attributes:
        terms (t): the columns of each term; one alone, or several that act together.
        values (n, t, outputs): what each term adds in each row, less its mean over the background.
        constant (outputs,): the mean prediction over the background.
        outputs: names of the outputs.
    """

    terms: tuple[tuple[str, ...], ...]
    values: Tensor
    constant: Tensor
    outputs: tuple[str, ...]

    @property
    def predictions(self) -> Tensor:
        """The sums (n, outputs): what the model gives for these rows."""
        return self.constant + self.values.sum(1)

    @property
    def importance(self) -> Tensor:
        """The mean size of what each term adds (t, outputs)."""
        return self.values.abs().mean(0)

    def __repr__(self) -> str:
        size = self.importance.mean(1)
        order = size.argsort(descending=True, stable=True).tolist()
        words = [f"{' & '.join(self.terms[term])} {float(size[term]):.3g}" for term in order]
        return f"Explanation({len(self.values)} rows; mean size of {few(words) or 'no term'})"


@knows_keywords
def explain(model: KAN | Fitted, X: Any, *, background: Any = None) -> Explanation:
    """What each column, or group of columns that act together, adds to each prediction. The sum is the prediction.

    A network without hidden layers is a sum of functions of one column. One with products has pairs beside them, and
    hidden layers bind more columns into one term. Nothing is sampled and nothing is approximated.

    Args:
        model: the KAN, or the result of its fit.
        X (n, features): the rows to explain, of any kind that `KAN.predict` takes.
        background (m, features): rows over whose mean each term counts as zero. Default: X itself.

    Returns:
        An `Explanation`. Of classes it explains logits, of a loss with a link the logarithm or logit of the mean.

    Raises:
        StructureError: `model` is no KAN.
        DataError, ShapeError: rows that cannot be used.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(100, 2, dtype=torch.float64)
    >>> found = ew.explain(ew.KAN((2, 1)), X)
    >>> found.terms, found.values.shape
    ((('x1',), ('x2',)), torch.Size([100, 2, 1]))
    """
    model = as_kan(model, "explain")
    x = model.finite_input(X, "explain")
    base = x if background is None else _background(model, background)
    terms, values, constant = _by_columns(model, x)
    means = values if base is x else _by_columns(model, base)[1]
    means = means.mean(0)
    return Explanation(terms, values - means, constant + means.sum(0), output_names(model))


def output_names(model: KAN) -> tuple[str, ...]:
    """A name for each output: of its class, or of its target; y1, y2, ... where the model has none."""
    names = model.metadata.classes or model.metadata.outputs
    return names if len(names) == model.outputs else tuple(f"y{k + 1}" for k in range(model.outputs))


def _background(model: KAN, background: Any) -> Tensor:
    """The rows over whose mean a term counts as zero."""
    try:
        return model.finite_input(background, "explain")
    except (DataError, ShapeError) as error:
        raise type(error)(f"background cannot be used: {error}") from None


def _by_columns(model: KAN, x: Tensor) -> tuple[tuple[tuple[str, ...], ...], Tensor, Tensor]:
    """Columns of each term, its shares (n, t, k) and the constant (k,). The inputs of one column are one."""
    sources = model.metadata.sources() or model.input_names
    edges = max(layer.kind.numel() for layer in model.edge_layers)
    parts = [shares_of(model, piece) for piece in x.split(max(1, NUMBERS // edges))]
    columns = [tuple(dict.fromkeys(sources[number] for number in inputs)) for inputs in parts[0].columns]
    terms = tuple(dict.fromkeys(columns))
    values = torch.cat([part.values for part in parts])
    where = torch.tensor([terms.index(names) for names in columns], dtype=torch.long, device=x.device)
    merged = values.new_zeros(len(values), len(terms), values.shape[2]).index_add_(1, where, values)
    return terms, merged, parts[0].constant
