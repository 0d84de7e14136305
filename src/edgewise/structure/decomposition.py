"""tree: a function taken apart, again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from ..errors import knows_keywords
from ..symbolic.column_names import in_formula
from .amounts import multiple, shortest, straight
from .finding import Evidence, judge, weakest
from .function import restricted
from .pair import pairs, to_power
from .probe import Probe, probe, probe_of
from .ratio import Group, groups, through
from .scale_invariance import scalings
from .separable_blocks import ProductOfBlocks, SumOfBlocks, blocks
from .unused import unused

# n rows, k columns of a part


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
        factor: what it is multiplied by, before the constant is added.
    """

    label: str
    branches: tuple[Tree, ...]
    inputs: tuple[str, ...]
    evidence: Evidence | None = None
    constant: float = 0.0
    factor: float = 1.0

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        told = f"  ({self.evidence.words()})" if self.evidence else ""
        lines = [self._times("(*)" if self.label == "*" and self.factor != 1 else self.label) + self._constant() + told]
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
        if self.label in ("+", "g(+)"):
            first, *others = parts
            joined = first + "".join(f" - {one[1:]}" if one.startswith("-") else f" + {one}" for one in others)
        else:
            joined = (" * " if self.label == "*" else ", ").join(parts)
        whole = self.label if not parts else joined if self.label in "+*" else f"g({joined})"
        return self._times(whole) + self._constant()

    def _times(self, text: str) -> str:
        if abs(self.factor) == 1:
            return f"-{text}" if self.factor < 0 else text
        return f"{self.factor:.6g} * {text}"


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


def grown(probe: Probe) -> Tree:
    """The tree of a function that has been looked at."""
    part = _grown(probe, UpTo.NOTHING, 0.0)
    if part.takes_factor or part.tree.label == "+":  # the summands of a sum have theirs
        return part.tree
    constant = part.tree.constant
    factor, error = multiple(probe.base.f - constant, part.values(probe.base.X) - constant, probe.base.f_error)
    return replace(part.tree, factor=shortest(factor, error))


@dataclass(frozen=True)
class _Part:
    """A part of a function.

    Attributes:
        tree: what it is made of; the factor of a leaf or a product is left to whoever asked for the part.
        values: rows of its columns (n, k) -> what the tree says there (n,); of what is unknown, the part itself.
        takes_factor: whether an unknown function in it takes up any factor.
        takes_constant: whether one takes up any constant that is added.
        error: of the constant in it, where that is no part of an unknown function.
    """

    tree: Tree
    values: Callable[[np.ndarray], np.ndarray]
    takes_factor: bool = False
    takes_constant: bool = False
    error: float = 0.0


def _unknown(tree: Tree, probe: Probe, constant: float | None) -> _Part:
    """A part that ends in an unknown function: the function itself, without the constant that others have told."""
    return _Part(tree, lambda X: probe.function.values(X)[0] - (constant or 0.0), True, True)


def _grown(probe: Probe, up_to: UpTo, constant: float | None, unit: bool = False) -> _Part:
    """A part of a function, taken apart.

    Args:
        probe: the part.
        up_to: what is not known of it.
        constant: what is known to be added to it; None where nothing is known.
        unit: whether the first summand with a factor gets the factor 1, as in a product, which has one for all.
    """
    idle = [one.columns[0] for one in unused(probe) if one.holds]
    columns = [column for column in range(probe.base.columns) if column not in idle]
    if not columns:
        return _unknown(Tree("constant", (), ()), probe, constant)
    if idle:
        part = _grown(_part(probe, columns), up_to, constant, unit)
        return replace(part, values=lambda X: part.values(X[:, columns]))
    names = probe.base.names
    if len(columns) == 1:
        return _leaf(probe, up_to, constant)
    for found in blocks(probe) if up_to is not UpTo.FUNCTION else ():
        if isinstance(found, ProductOfBlocks):
            return _product(probe, found, constant, unit)
        return _sum(probe, found, constant, unit)
    apart = through(probe)
    if apart is None:
        return _unknown(_of_groups(probe), probe, constant)
    branches = _summands(probe, apart.blocks)
    if len(branches) == 1:  # one expression of all columns
        tree = branches[0] if up_to is UpTo.FUNCTION else Tree("g", branches, names, apart.evidence)
    else:
        tree = Tree("+" if up_to is UpTo.FUNCTION else "g(+)", branches, names, apart.evidence)
    return _unknown(tree, probe, constant)


def _product(probe: Probe, found: ProductOfBlocks, constant: float | None, unit: bool) -> _Part:
    """A product of parts, each up to a factor, and the constant beside it, where that can be told."""
    base, below = probe.base, UpTo.CONSTANT if found.constant else UpTo.NOTHING
    parts = [_grown(_part(probe, block), below, found.constant, unit=True) for block in found.blocks]
    takes_factor = any(part.takes_factor for part in parts)

    def product(X: np.ndarray) -> np.ndarray:
        if takes_factor:
            return probe.function.values(X)[0] - found.constant
        return np.prod([part.values(X[:, list(block)]) for part, block in zip(parts, found.blocks, strict=True)], 0)

    # a wrong constant violates the product by as much as the evidence can tell
    error = found.noise * float(np.median(np.abs(base.f - found.constant))) if found.constant else 0.0
    added = 0.0
    if constant is not None:
        whole = multiple(base.f - found.constant, product(base.X), base.f_error)[0] if unit else 1.0
        added = shortest((found.constant - constant) / whole, error / abs(whole))
    tree = Tree("*", tuple(part.tree for part in parts), base.names, found.evidence, added)
    return _Part(tree, lambda X: product(X) + added, takes_factor and not (unit and added), error=error)


def _sum(probe: Probe, found: SumOfBlocks, constant: float | None, unit: bool) -> _Part:
    """A sum of parts with their factors, and the constant that is added, where no unknown function takes it up."""
    base = probe.base
    parts, told, factors, errors = [], [], [], []
    for block in found.blocks:
        looked = _part(probe, block)
        part = _grown(looked, UpTo.CONSTANT, None)
        own = looked.base
        factor, error = (1.0, 0.0) if part.takes_factor else straight(own.f, part.values(own.X), own.f_error)[:2]
        parts.append(part)
        told.append(part.values(base.X[:, list(block)]))
        factors.append(factor)
        errors.append(error)
    whole = next((one for one, part in zip(factors, parts, strict=True) if not part.takes_factor), 1.0) if unit else 1.0
    relative = next((e / abs(f) for e, f in zip(errors, factors, strict=True) if e and f), 0.0) if unit else 0.0
    shown = [
        1.0 if part.takes_factor else shortest(one / whole, float(np.hypot(error / whole, relative * one / whole)))
        for part, one, error in zip(parts, factors, errors, strict=True)
    ]
    free = any(part.takes_constant for part in parts)
    added = 0.0
    if not free:
        left = base.f - (constant or 0.0) - sum(one * values for one, values in zip(factors, told, strict=True))
        unsure = [np.sqrt(np.mean(base.f_error**2)), *(part.error for part in parts)]
        unsure += [error * np.abs(values).max() for error, values in zip(errors, told, strict=True)]
        added = shortest(float(np.median(left)) / whole, float(np.linalg.norm(unsure)) / abs(whole))
    branches = tuple(replace(part.tree, factor=one) for part, one in zip(parts, shown, strict=True))
    return _Part(
        Tree("+", branches, base.names, found.evidence, added),
        lambda X: (probe.function.values(X)[0] - (constant or 0.0)) / whole,
        all(part.takes_factor for part in parts) and not added,
        free,
    )


def _summands(probe: Probe, blocks: Sequence[Sequence[int]]) -> tuple[Tree, ...]:
    """What adds up inside a function, one branch for each block; the columns that enter as powers are one together."""
    alone = [block[0] for block in blocks if len(block) == 1]
    powers = _as_powers(probe, alone)
    parts = [block for block in blocks if powers is None or len(block) > 1]
    branches = tuple(_wrapped(_grown(_part(probe, block), UpTo.FUNCTION, None).tree) for block in parts)
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
        _grown(_part(probe, part), UpTo.FUNCTION, None).tree if len(part) > 1 else Tree(in_formula(names[0]), (), names)
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


def _leaf(probe: Probe, up_to: UpTo, constant: float | None) -> _Part:
    """A function of one column: a power of it, or a line, where it is one up to a factor."""
    base, moved, names = probe.base, probe.singles[0], probe.base.names
    name, column = in_formula(names[0]), base.X[:, 0]
    unknown = _unknown(Tree(f"f({name})", (), names), probe, constant)
    if up_to is UpTo.NOTHING:
        powers = [one.degree for one in scalings(base) if one.holds and one.degree]
        if not powers:
            return unknown
        power = powers[0]
        factor, _ = multiple(base.f, _to(column, power), base.f_error)
        if not judge(base.f - factor * _to(column, power), base.f_error, np.abs(base.f)).holds:  # as |x| is no x
            return unknown
        return _Part(Tree(to_power(name, power), (), names), lambda X: _to(X[:, 0], power))
    line = judge(
        moved.gradient[:, 0] - base.gradient[:, 0],
        np.hypot(moved.gradient_error[:, 0], base.gradient_error[:, 0]),
        np.hypot(moved.gradient[:, 0], base.gradient[:, 0]),
    )
    if not line.holds or up_to is not UpTo.CONSTANT:
        return unknown
    slope, error, start = straight(base.f, column, base.f_error)
    size = np.abs(slope * (column - column.mean()))
    if not judge(base.f - start - slope * column, base.f_error, size).holds:  # one with a jump is no line
        return unknown
    added = 0.0
    if constant is not None:  # then the line starts at a place that is known
        added = shortest((start - constant) / slope, error * float(np.abs(column).max()) / abs(slope))
    return _Part(Tree(name, (), names, constant=added), lambda X: X[:, 0] + added)


def _to(x: np.ndarray, power: Any) -> np.ndarray:
    """A column to a power, NaN where there is none."""
    with np.errstate(all="ignore"):
        return x ** float(power)


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
    names = [in_formula(probe.base.names[column]) for column in columns]
    texts = [one.text([names[0], name]) for one, name in zip(powers, names[1:], strict=True)]
    start = len(powers[0].first(names[0]))
    evidence = weakest([tie.powers_evidence for tie in ties if tie is not None and tie.powers_evidence is not None])
    inputs = tuple(probe.base.names[column] for column in columns)
    return Tree(texts[0] + "".join(text[start:] for text in texts[1:]), (), inputs, evidence)
