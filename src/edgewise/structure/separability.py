"""separability: how the columns of a function fall apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import knows_keywords
from .finding import Finding
from .pair import PairOfColumns, pairs
from .probe import Probe, probe_of
from .ratio import Group, Through, groups, through
from .separable_blocks import ProductOfBlocks, SumOfBlocks, blocks
from .tuning import TUNED
from .unused import Unused, unused


@dataclass(frozen=True, repr=False)
class Separability:
    """How the columns of a function fall apart. Only what holds is listed, each finding with its evidence.

    Attributes:
        inputs: the names of the columns.
        unused: the columns that do not matter.
        sum: f as a sum of functions of separate blocks; None where it is none.
        product: f as a product of them, up to a constant.
        through: f as a function of a sum of them. Told where f is neither a sum nor a product.
        groups: sets of columns that enter through one expression.
        pairs: two columns that enter through one expression which is a sum in some scale, as a product or x1^2 + x2^2.
    """

    inputs: tuple[str, ...]
    unused: tuple[Unused, ...]
    sum: SumOfBlocks | None
    product: ProductOfBlocks | None
    through: Through | None
    groups: tuple[Group, ...]
    pairs: tuple[PairOfColumns, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them in a row, those that say most first."""
        whole = (self.sum, self.product, self.through)
        return (*self.unused, *(one for one in whole if one is not None), *self.groups, *self.pairs)

    def __repr__(self) -> str:
        return listed(f"Separability of f({', '.join(self.inputs)})", self.findings)


def listed(title: str, findings: Sequence[Finding]) -> str:
    """Findings below a title, a line each; of many of one kind the first."""
    if not findings:
        return f"{title}: nothing found"
    lines = [f"{title}:"]
    for kind, group in itertools.groupby(findings, key=lambda one: one.kind):
        alike = list(group)
        lines += map(repr, alike[: TUNED.listed])
        if len(alike) > TUNED.listed:
            lines.append(f"and {len(alike) - TUNED.listed} more of the kind {kind}")
    return "\n  ".join(lines)


@knows_keywords
def separability(f: Any, X: Any, *, noise: Any = None, inputs: Any = None, seed: int = 0) -> Separability:
    """How the columns of a function fall apart: blocks that add or multiply, groups that enter through one expression.

    Blocks come from differences of values at four rows, groups from ratios of derivatives; nothing is fitted. What is
    claimed depends on the errors of f: a violation counts where it is twice as large. An exact function is tested to
    its round-off. A surrogate needs `noise`, or its own wiggles would be taken for structure.

    Args:
        f: a function of rows (n, d) that gives (n,) or (n, 1), in torch or numpy; a torch module; a fitted KAN, or the
            result of its fit, which knows its noise. Derivatives are those of torch, else differences.
        X (n, d): rows of f, at least 20: a tensor, an array, nested lists or a DataFrame. Columns are exchanged between
            rows, so f must make sense on the whole range of each.
        noise: the standard error of f, in its units; or a pair (of the values, of the derivatives (d,)).
        inputs: names of the columns; by default those of the frame or of the model, else x1, x2, ...
        seed: of the exchange. At most 600 rows are looked at.

    Returns:
        A `Separability`. Its findings have the statistic, the noise, a confidence and words.

    Raises:
        ConfigError: f cannot be called on X; another argument that cannot be used.
        DataError: too few rows on which f and its gradient are finite.
        ShapeError: f gives no number for each row.

    Source: arXiv 2408.10205 (KAN 2.0), section 5.3, and arXiv 2006.10782 (AI Feynman 2.0), for the kinds of structure.

    >>> import numpy as np, edgewise as ew
    >>> X = np.random.default_rng(0).uniform(1, 2, (200, 3))
    >>> ew.separability(lambda X: X[:, 0] * X[:, 1] + np.sin(X[:, 2]), X)
    Separability of f(x1, x2, x3):
      f = f1(x1, x2) + f2(x3) (tested to ...)
      x1, x2 enter through one expression (tested to ...)
      x1 and x2 enter only as x1 x2 (tested to ...)
    """
    return separated(probe_of(f, X, noise, inputs, seed))


def separated(probe: Probe) -> Separability:
    """The same for a function that has been looked at."""
    idle = tuple(one for one in unused(probe) if one.holds)
    without = [one.columns[0] for one in idle]
    columns = [column for column in range(probe.base.columns) if column not in without]
    found = blocks(probe, without) if len(columns) > 1 else ()
    added = next((one for one in found if isinstance(one, SumOfBlocks)), None)
    multiplied = next((one for one in found if isinstance(one, ProductOfBlocks)), None)
    apart = None if found or len(columns) < 2 else through(probe, columns)
    together, pairwise = groups(probe, columns), pairs(probe, without)
    return Separability(probe.base.names, idle, added, multiplied, apart, together, pairwise)
