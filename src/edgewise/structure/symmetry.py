"""symmetry: what can be done to the columns of a function without changing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import knows_keywords
from .along import Mirror, Period, mirrors, periods
from .finding import Finding
from .pair import PairOfColumns, pairs
from .probe import Probe, probe_of
from .scale_invariance import Scaling, scalings
from .separability import listed
from .translation import Translation, translations
from .unused import Unused, unused


@dataclass(frozen=True, repr=False)
class Symmetry:
    """What leaves a function as it is. Only what holds is listed, each finding with its evidence.

    Attributes:
        inputs: the names of the columns.
        unused: the columns that do not matter, which all other findings leave out.
        scalings: a basis of the scalings of the columns that change f by a factor at most.
        translations: a basis of the directions in which f does not change.
        rotations: two columns that enter only as a sum or difference of squares around a centre.
        periods: lengths after which f repeats along a column.
        mirrors: centres that f is even or odd around in a column.
    """

    inputs: tuple[str, ...]
    unused: tuple[Unused, ...]
    scalings: tuple[Scaling, ...]
    translations: tuple[Translation, ...]
    rotations: tuple[PairOfColumns, ...]
    periods: tuple[Period, ...]
    mirrors: tuple[Mirror, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them in a row."""
        groups = (self.unused, self.scalings, self.translations, self.rotations, self.periods, self.mirrors)
        return tuple(one for group in groups for one in group)

    def __repr__(self) -> str:
        return listed(f"Symmetry of f({', '.join(self.inputs)})", self.findings)


@knows_keywords
def symmetry(f: Any, X: Any, *, noise: Any = None, inputs: Any = None, seed: int = 0) -> Symmetry:
    """What leaves a function as it is: scalings, translations, rotations, periods and mirrors.

    Scalings come from the null space of [x1 f1, ..., xd fd, f], which is dimensional analysis without units;
    translations from that of [f1, ..., fd]. Every part counts by its error. Weights are written as fractions where
    these hold as well.

    Args:
        f: a function of rows (n, d) that gives (n,) or (n, 1), in torch or numpy; a torch module; a fitted KAN, or the
            result of its fit, which knows its noise. Derivatives are those of torch, else differences.
        X (n, d): rows of f, at least 20: a tensor, an array, nested lists or a DataFrame.
        noise: the standard error of f, in its units; or a pair (of the values, of the derivatives (d,)).
        inputs: names of the columns; by default those of the frame or of the model, else x1, x2, ...
        seed: of the exchange of columns. At most 600 rows are looked at.

    Returns:
        A `Symmetry`. Its findings have the statistic, the noise, a confidence and words.

    Raises:
        ConfigError: f cannot be called on X; another argument that cannot be used.
        DataError: too few rows on which f and its gradient are finite.
        ShapeError: f gives no number for each row.

    Source: Buckingham, doi:10.1103/PhysRev.4.345, for what scalings tell; arXiv 2408.10205 (KAN 2.0), section 5.3.

    >>> import numpy as np, edgewise as ew
    >>> X = np.random.default_rng(0).uniform(1, 2, (200, 3))
    >>> ew.symmetry(lambda X: X[:, 0] / (X[:, 1] - X[:, 2] + 2) ** 2, X)
    Symmetry of f(x1, x2, x3):
      scaling to c x1 gives c f (tested to ...)
      moving to x2 + t, x3 + t keeps f (tested to ...)
    """
    return symmetries(probe_of(f, X, noise, inputs, seed))


def symmetries(probe: Probe) -> Symmetry:
    """The same for a function that has been looked at."""
    idle = tuple(one for one in unused(probe) if one.holds)
    without = [one.columns[0] for one in idle]
    square = [one for one in pairs(probe, without) if one.powers is not None and one.powers.powers == (2, 2)]
    return Symmetry(
        probe.base.names,
        idle,
        tuple(one for one in scalings(probe.base, without) if one.holds),
        tuple(one for one in translations(probe.base, without) if one.holds),
        tuple(square),
        periods(probe, without),
        mirrors(probe, without),
    )
