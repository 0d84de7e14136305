"""The numbers that steer the minimisers: each with its meaning, its unit, and the reason for its value.

"Not measured" says that a value was chosen by judgement, or taken from the source named, and never compared with
others here. Tolerances that a caller may want to set are arguments of the minimisers, not fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SolverTuning:
    """All of them, method by method. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ Levenberg-Marquardt

    floor: float = 1e-2
    """Smallest scale of a parameter in units of the largest, times the damping where that is below 1. Far from a
    minimum, parameters that hardly act would else run away into traps; close to it, they alone remain to be found.
    Measured on 30 single starts of [2,2,1] for sin(pi x) sin(pi y^2), grids 5 and 10: median and upper quartile of the
    test error are 10^-2.7 and 10^-2.4, with `lowest` at every damping 10^-2.4 and 10^-2.0. With `floor` at every
    damping, the last digits of x*y on 80 intervals take four times as many steps."""
    lowest: float = 1e-9
    """Smallest scale at any damping; see `floor`."""
    worth: float = 1e-4
    """Part of the decrease that the model promises that a step must bring."""
    least_damping: float = 1e-14
    """Smallest relative damping."""
    least_orthogonal: float = 1e-28
    """The same for orthogonal factors, whose round-off is the root of that of a normal matrix."""
    squared: float = 1e-4
    """Relative damping from which the normal matrix serves in their place: the smallest scale is then `floor` times
    that, and their product lies far above its round-off."""
    windows: int = 4
    """Times the widest row that the columns are at least where rows are reduced window by window. Each window is two
    such rows wide, so from three on there is less to do. Not measured."""
    together: int = 4
    """Rows that are reduced together, in multiples of the columns. Each time the triangle so far is reduced once more.
    Not measured."""
    panel: int = 96
    """Columns of a triangle that are reduced together with damping. Of 1200 columns: 0.38 s with 24, 0.15 s with 48,
    0.14 s with 96, 0.11 s with 160, and 0.31 s with all rows at once."""
    merged: int = 64
    """Rows of a triangle that are reduced together with a few wide rows. Not measured."""
    most_damping: float = 1e8
    """Damping beyond which no step is tried any more."""
    bent: float = 0.75
    """A step is bent along the problem's curvature where that moves it by at most this part of its length (Transtrum &
    Sethna 2012)."""
    eased: float = 0.2
    """Smallest factor on the damping after a good step. Nielsen 1999 has 1/3. Not measured."""
    quadratic: float = 0.5
    """Gain ratio from which the damping may also fall in proportion to the objective (Fan & Yuan 2005)."""
    quadratic_least: float = 1e-4
    """Smallest factor of that fall in one step. Not measured."""
    last_digits: float = 1e-15
    """Relative decrease that round-off of the objective hides."""

    # ------------------------------------------------------------------ line search (L-BFGS, quasi-Newton)

    decrease: float = 1e-4
    """Part of the decrease that the slope promises that a step must bring (Nocedal & Wright, eq. 3.7a)."""
    curvature: float = 0.9
    """Part of the slope that may be left (eq. 3.7b), as there for quasi-Newton methods."""
    trials: int = 25
    """Evaluations in one line search. Not measured."""
    nothing: float = 1e-24
    """Part of the objective at the start that is not worth a step: there, the parameters' own round-off decides."""
    alike: float = 1e-14
    """Relative difference of two values that says nothing."""
    back: float = 0.2
    """Part of the way that is left where a step led to values that are not finite. Not measured."""
    longer: tuple[float, float] = (1.1, 9.0)
    """A longer step goes on from the last one by at least and at most so many times its progress. Not measured."""
    inner: float = 0.1
    """Part of a bracket, at either end, that a trial keeps away from. Not measured."""
    parallel: float = 1e-16
    """Cosine of step and change of the gradient below which they tell nothing of the curvature: round-off."""

    # ------------------------------------------------------------------ Levenberg-Marquardt without a matrix

    probes: int = 16
    """Random sign vectors from which the diagonal of the curvature is estimated. Not measured."""
    products: int = 250
    """Products in one solution. Not measured."""
    exactness: float = 0.1
    """Part of the right-hand side that the first solutions leave; later ones leave less, as the square root of the
    gradient (Dembo & Steihaug 1983)."""

    # ------------------------------------------------------------------ Levenberg-Marquardt among residuals

    refinements: int = 2
    """Of a solution by its own residual: the identity subtracts numbers that are nearly equal where the damping is
    small."""
    refined: float = 1e-10
    """Part of the right-hand side, the residual that needs no refinement."""

    # ------------------------------------------------------------------ quasi-Newton

    dense: int = 20_000
    """Parameters that a dense inverse Hessian serves: 3.2 GB."""

    # ------------------------------------------------------------------ first-order methods

    rate: float = 1e-2
    """Adam's rate, for losses and parameters of ordinary size. Not measured."""
    loss_scale: float = 2.0**16
    """Factor on a loss in float16 at first, as in torch.amp.GradScaler."""
    loss_scale_steps: int = 2000
    """Gradients in a row without overflow after which it is doubled, as there."""
    rejections: int = 12
    """Returns to the best state, each with half the rate, before a run gives up."""
    risen: float = 2.0
    """Times the loss of the start, what tells a run that diverges from one that began at its goal. Not measured."""
    whole: int = 1024
    """Rows up to which a batch is all of them. Not measured."""
    batch: int = 256
    """Rows of a batch where there are more. Not measured."""

    # ------------------------------------------------------------------ by name (by_name.py)

    steps: dict[str, int] = field(
        default_factory=lambda: {"lm": 200, "lm-cg": 100, "lbfgs": 500, "ssbroyden": 500, "ssbfgs": 500}
    )
    """Steps at most where nobody says: one of the first two costs as much as many of the others. Not measured."""
    converged: float = 1e-9
    """Relative decrease per step at which Levenberg-Marquardt on a module or a residual counts as converged."""


TUNED = SolverTuning()
