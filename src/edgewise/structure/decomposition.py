"""tree: a function taken apart, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from ..errors import knows_keywords
from .finding import Evidence, judge, weakest
from .function import restricted
from .pair import pairs, to_power
from .probe import Probe, probe, probe_of
from .ratio import Group, groups, through
from .scale_invariance import scalings
from .separable_blocks import ProductOfBlocks, blocks
from .unused import unused


class UpTo(Enum):
    """What is not known of a part of a function."""

    NOTHING = "nothing"
    CONSTANT = "what is added to it"
    FUNCTION = "a function of its values; a product is then no other thing than a sum"


@dataclass(frozen=True, repr=False)
class Tree:
    """A function taken apart.

    Attributes:
        label: what is done to the branches: "+", "*", "g" for an unknown function of them, "g(+)" for one of their sum;
            of a leaf the column itself, f(column), or an expression of several.
        branches: the parts; none for a leaf.
        inputs: the names of the columns that it depends on.
        evidence: the test that took it apart; None for a leaf.
        constant: what is added to it.
    """

    label: str
    branches: tuple[Tree, ...]
    inputs: tuple[str, ...]
    evidence: Evidence | None = None
    constant: float = 0.0

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        told = f"  ({self.evidence.words()})" if self.evidence else ""
        lines = [self.label + self._constant() + told]
        for place, branch in enumerate(self.branches):
            first, *rest = branch._lines()
            last = place == len(self.branches) - 1
            lines += [("└── " if last else "├── ") + first, *(("    " if last else "│   ") + line for line in rest)]
        return lines

    def _constant(self) -> str:
        sign = "+" if self.constant > 0 else "-"
        return f" {sign} {abs(self.constant):.6g}" if self.constant else ""

    @property
    def formula(self) -> str:
        """The tree in one line.

        >>> a, b = Tree("a", (), ("a",)), Tree("b", (), ("b",))
        >>> Tree("*", (a, Tree("+", (a, Tree("g", (b,), ("b",))), ("a", "b"))), ("a", "b"), constant=-2.0).formula
        'a * (a + g(b)) - 2'
        """
        parts = [branch.formula for branch in self.branches]
        if self.label == "*":
            parts = [f"({p})" if b.label == "+" or b.constant else p for p, b in zip(parts, self.branches, strict=True)]
        joined = {"+": " + ", "*": " * ", "g(+)": " + ", "g": ", "}.get(self.label, "").join(parts)
        whole = self.label if not parts else joined if self.label in "+*" else f"g({joined})"
        return whole + self._constant()


@knows_keywords
def tree(f: Any, X: Any, *, noise: Any = None, inputs: Any = None, seed: int = 0) -> Tree:
    """A function taken apart into sums, products and functions of fewer columns, again and again.

    A part is the function itself on the columns of the part, the others held at one row. So errors do not add up on the
    way down. What does not come apart is an unknown function g of its columns.

    Args:
        f: a function of rows (n, d) that gives (n,) or (n, 1), in torch or numpy; a torch module; a fitted KAN, or the
            result of its fit, which knows its noise. Derivatives are those of torch, else differences.
        X (n, d): rows of f, at least 20: a tensor, an array, nested lists or a DataFrame. Columns are exchanged between
            rows, so f must make sense on the whole range of each.
        noise: the standard error of f, in its units; or a pair (of the values, of the derivatives (d,)).
        inputs: names of the columns; by default those of the frame or of the model, else x1, x2, ...
        seed: of the exchange. At most 600 rows are looked at.

    Returns:
        A `Tree`, which prints as a drawing and has a `formula` in one line.

    Raises:
        ConfigError: f cannot be called on X; another argument that cannot be used.
        DataError: too few rows on which f and its gradient are finite.
        ShapeError: f gives no number for each row.

    Source: arXiv 2408.10205 (KAN 2.0), section 5.3, whose tree joins two parts at a time.

    >>> import numpy as np, edgewise as ew
    >>> X = np.random.default_rng(0).uniform(1, 2, (200, 4))
    >>> found = ew.tree(lambda X: X[:, 0] * np.exp(-X[:, 1] / X[:, 2]) + X[:, 3] ** 2, X)
    >>> found
    +  (tested to ...)
    ├── *  (tested to ...)
    │   ├── x1
    │   └── g  (tested to ...)
    │       └── x2 x3^(-1)  (tested to ...)
    └── f(x4)
    >>> found.formula
    'x1 * g(x2 x3^(-1)) + f(x4)'
    """
    return grown(probe_of(f, X, noise, inputs, seed))


def grown(probe: Probe, up_to: UpTo = UpTo.NOTHING) -> Tree:
    """The tree of a function that has been looked at, of which something may be unknown."""
    idle = [one.columns[0] for one in unused(probe) if one.holds]
    columns = [column for column in range(probe.base.columns) if column not in idle]
    if not columns:
        return Tree("constant", (), ())
    probe = _part(probe, columns) if idle else probe
    names = probe.base.names
    if len(columns) == 1:
        return Tree(_leaf(probe, up_to), (), names)
    for found in blocks(probe) if up_to is not UpTo.FUNCTION else ():
        constant = found.constant if isinstance(found, ProductOfBlocks) and up_to is UpTo.NOTHING else 0.0
        exact = isinstance(found, ProductOfBlocks) and not found.constant
        below = UpTo.NOTHING if exact else UpTo.CONSTANT
        branches = tuple(grown(_part(probe, block), below) for block in found.blocks)
        return Tree(found.sign, branches, names, found.evidence, constant)
    apart = through(probe)
    if apart is None:
        return _of_groups(probe)
    branches = _summands(probe, apart.blocks)
    if len(branches) == 1:  # one expression of all columns
        return branches[0] if up_to is UpTo.FUNCTION else Tree("g", branches, names, apart.evidence)
    return Tree("+" if up_to is UpTo.FUNCTION else "g(+)", branches, names, apart.evidence)


def _summands(probe: Probe, blocks: Sequence[Sequence[int]]) -> tuple[Tree, ...]:
    """What adds up inside a function, one branch for each block; the columns that enter as powers are one together."""
    alone = [block[0] for block in blocks if len(block) == 1]
    powers = _as_powers(probe, alone)
    parts = [block for block in blocks if powers is None or len(block) > 1]
    branches = tuple(_wrapped(grown(_part(probe, block), UpTo.FUNCTION)) for block in parts)
    if powers is not None and branches and " + " not in powers.label and " - " not in powers.label:
        powers = replace(powers, label=f"log({powers.label})")  # a product adds up by its logarithm
    return branches if powers is None else (powers, *branches)


def _wrapped(part: Tree) -> Tree:
    """A part that is known up to a function of its values, as an unknown function of it."""
    if part.label == "+":
        return replace(part, label="g(+)")
    return part if part.label == "g" or len(part.inputs) == 1 else Tree("g", (part,), part.inputs, part.evidence)


def _of_groups(probe: Probe) -> Tree:
    """An unknown function of groups of columns, the largest first, and of the columns left."""
    taken: list[Group] = []
    for group in sorted(groups(probe), key=lambda one: -len(one.columns)):
        if all(not set(group.columns) & set(other.columns) for other in taken):
            taken.append(group)
    inside = {column for group in taken for column in group.columns}
    alone = [(column,) for column in range(probe.base.columns) if column not in inside]
    branches = tuple(
        grown(_part(probe, part), UpTo.FUNCTION) if len(part) > 1 else Tree(names[0], (), names)
        for part in sorted([*(group.columns for group in taken), *alone])
        if (names := tuple(probe.base.names[column] for column in part))
    )
    evidence = weakest([group.evidence for group in taken]) if taken else None
    return Tree("g", branches, probe.base.names, evidence)


def _part(looked: Probe, columns: Sequence[int]) -> Probe:
    """The function of these columns, the others as in a usual row: one of a large value, next to the middle."""
    base, kept = looked.base, list(columns)
    spread = base.X.std(0)
    far = (((base.X - np.median(base.X, 0)) / np.where(spread > 0, spread, 1.0)) ** 2).sum(1)
    row = np.where(np.abs(base.f) >= np.median(np.abs(base.f)), far, np.inf).argmin()
    return probe(restricted(looked.function, kept, base.X[row]), base.X[:, kept])


def _leaf(probe: Probe, up_to: UpTo) -> str:
    """A function of one column in words: a power of it, or a line, where it is one."""
    base, moved, name = probe.base, probe.singles[0], probe.base.names[0]
    if up_to is UpTo.NOTHING:
        powers = [one.degree for one in scalings(base) if one.holds]
        return to_power(name, powers[0]) if powers and powers[0] else f"f({name})"
    line = judge(
        moved.gradient[:, 0] - base.gradient[:, 0],
        np.hypot(moved.gradient_error[:, 0], base.gradient_error[:, 0]),
        np.hypot(moved.gradient[:, 0], base.gradient[:, 0]),
    )
    return name if line.holds and up_to is UpTo.CONSTANT else f"f({name})"


def _as_powers(probe: Probe, columns: Sequence[int]) -> Tree | None:
    """Columns that enter through one sum or product of powers, as a leaf; None where they do not, or are not two."""
    first, *others = columns or [0]
    without = [column for column in range(probe.base.columns) if column not in columns]
    found = {pair.columns: pair for pair in pairs(probe, without)} if others else {}
    ties = [found.get((first, other)) for other in others]
    powers = [tie.powers for tie in ties if tie is not None and tie.powers is not None]
    same = {(one.powers[0], one.centre[0], one.product) for one in powers}
    if not others or len(powers) < len(others) or len(same) > 1:
        return None
    names = [probe.base.names[column] for column in columns]
    texts = [one.text([names[0], name]) for one, name in zip(powers, names[1:], strict=True)]
    start = len(powers[0].first(names[0]))
    evidence = weakest([tie.powers_evidence for tie in ties if tie is not None and tie.powers_evidence is not None])
    return Tree(texts[0] + "".join(text[start:] for text in texts[1:]), (), tuple(names), evidence)
