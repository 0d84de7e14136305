"""The numbers that steer the search for closed forms: each with its meaning, its unit, and the reason for its value.

"Not measured" says that a value was chosen by judgement. These numbers were halved and doubled one at a time (but for
the tuples, `snap_steps` and `refit_steps`) on nine trained networks: six exact laws, a noisy one, classes, and an edge
without a closed form. Forms stayed the same and errors within 10 %, but for `rows_per_parameter` = 2. So these cases
do not choose between such values. Costs and scores are in units of one step of complexity of a form
(`primitives/library.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SymbolicTuning:
    """All of them, in the order in which a search comes across them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ the budget (work.py)
    # A unit is about a millisecond of one core.

    budget: float = 45_000.0
    """Units a search may spend. Five searches that spend it, of 24 to 167 edges and 1000 to 20,000 rows, took 33 to 47
    seconds of one core. Laws on pruned networks take below 1,000 units."""
    search_share: float = 0.6
    """Share of the budget after which no combination is tried any more, so that single edges can be. Not measured."""
    edges_share: float = 0.9
    """Share after which no edge is replaced any more, so that what was found can be cleaned. Not measured."""

    # Prices: fitted to the CPU times of 4000 pieces of work in 19 searches (2 to 10 inputs, 1 to 4 outputs, 150 to 4000
    # rows, one thread). The sum over a search is within a factor of 2 of its CPU time in all of them.

    formula_stage: float = 0.25
    """Units of one evaluation of a formula, per layer."""
    formula_term: float = 0.023
    """The same, per closed form."""
    formula_entry: float = 6.7e-6
    """The same, per row, constant, and output or value."""
    network_layer: float = 0.25
    """Units of one evaluation of a network with splines, per layer."""
    network_form: float = 0.28
    """The same, per edge with a closed form."""
    network_entry: float = 4e-5
    """The same, per row, edge and output."""
    network_solve: float = 1e-8
    """The same, per triple of parameters: the damped system."""
    network_matrix: float = 7e-6
    """The same, per pair of columns of the Jacobian: the curvature. Of six networks with 500 to 36,000 columns it is
    6e-6 to 1.1e-5."""
    rank_call: float = 16.0
    """Units of one ranking, however small."""
    rank_form: float = 1.0
    """The same, per edge and form."""
    rank_sample: float = 2e-4
    """The same, per edge, form and sample used."""

    # ------------------------------------------------------------------ what counts as what (task.py)

    own_outputs: float = 1e-3
    """Relative error to which a network's own outputs must be reproduced when there are no data. Not measured."""
    exact_loss: float = 1e-20
    """Squared relative error at which a network counts as exact: 1e-10, some hundred thousand roundings of float64."""
    roundings: float = 4.0
    """Units of round-off of the result's number format that count as exact: inputs and targets are rounded, and so is
    each layer. Measured on float32: 0.6 on `exp(sin(pi x) + y^2)`."""
    cancelled: tuple[float, float] = (100.0, 1e5)
    """How many times its spread the mean of a term may be: at least, so that a law may have an offset, and at most:
    such a form is the limit of a simpler one, and five digits go. In between, round-off decides. Not measured."""
    rows_per_parameter: int = 5
    """Rows for each parameter that a network can be said to have used. Not measured."""

    # ------------------------------------------------------------------ starts of one form (initial_guesses.py)
    # u is the edge's input moved to [-1, 1]; starts are (a, b) of f(a u + b).
    # A range (low, high, ratio) is geometric. None of these was measured alone: together they find the constants of
    # all 37 cases of tests/symbolic/test_rank.py.

    bins: int = 160
    """Bins of the dictionary: narrow near the ends, where poles and branch points show."""
    block: int = 4
    """Neighbouring starts, of which one is enough."""
    fastest: float = 120.0
    """Highest angular frequency: 38 periods, four bins each."""
    slow_waves: tuple[float, float, float] = (0.05, 1.2, 1.4)
    """Frequencies below which a sine is told from its neighbours by ratio."""
    wave_step: float = 0.45
    """Difference of frequencies above that: neighbours differ by 0.45 radians at the ends."""
    phases: int = 8
    """Phases of a period."""
    root_places: int = 96
    """Places of a root inside the data."""
    root_gaps: tuple[float, float, float] = (1e-6, 100.0, 2.0)
    """Distances of a root outside the data."""
    window_gaps: tuple[float, float, float] = (1e-6, 0.4, 2.5)
    """Shares of a finite domain that are left out at an end."""
    window_wide_gaps: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)
    """The same, coarser, for windows near the other end."""
    window_most: float = 0.98
    """The largest share left out at both ends together."""
    end_gaps: tuple[float, float, float] = (1e-5, 30.0, 3.0)
    """Distances of the data from the end of a half-line."""
    end_widths: tuple[float, float, float] = (0.1, 300.0, 1.8)
    """Widths of the data there."""
    exp_scales: tuple[float, float, float] = (0.01, 300.0, 1.4)
    """Scales of an exponential."""
    step_scales: tuple[float, float, float] = (0.03, 200.0, 1.5)
    """Steepness of a step."""
    fewest_centres: int = 3
    """Centres of the widest step."""
    step_reach: float = 5.0
    """How far its centre may lie outside the data, in its own widths."""
    step_gap: float = 1.0
    """Distance of neighbouring centres, in its own widths."""
    steep_scales: tuple[float, float, float] = (0.03, 30.0, 1.5)
    """The same for forms that grow like an exponential: steepness,"""
    steep_reach: float = 2.5
    """reach,"""
    steep_gap: float = 0.8
    """and distance of centres."""
    ripple_scales: tuple[float, float, float] = (0.3, 2.0, 1.4)
    """Scales of a wave that is not periodic, such as a Bessel function."""
    ripple_fastest: int = 60
    """Its highest whole scale."""
    ripple_stretch: float = 1.3
    """How far its centre may lie outside the data, in lengths of the data,"""
    ripple_reach: float = 3.0
    """and in its own widths."""
    ripple_gap: float = 1.2
    """Distance of its centres, in its own widths."""

    # ------------------------------------------------------------------ fits of one form (projection.py)

    first_damping: float = 1e-3
    """Of Levenberg-Marquardt for (a, b), in units of the diagonal. As in Press et al., Numerical Recipes, 15.5."""
    damping_eased: float = 0.1
    """Factor after a step that lowers the error. From there, too."""
    damping_raised: float = 10.0
    """Factor after one that does not. From there, too."""
    damping_range: tuple[float, float] = (1e-15, 1e12)
    """Between round-off and a step of no length."""
    flat_share: float = 1e-26
    """Squared deviation beside the squared mean below which a curve is constant: round-off of float64, squared."""

    # ------------------------------------------------------------------ ranking of one edge (rank.py)

    starts: int = 3
    """Starts of a form that are followed. Not measured."""
    screen_points: int = 128
    """Samples on which they are followed first. Not measured."""
    screen_steps: int = 8
    """Steps there. Not measured."""
    polish_points: int = 1024
    """Samples on which the good ones are followed further. Not measured."""
    polish_steps: int = 12
    """Steps there. Not measured."""
    polish_within: float = 1e4
    """Squared error beside the best one up to which a form is followed further: 100 times the error. Not measured."""
    polish_exact: float = 1e-8
    """Squared error up to which it is in any case, since it may yet become exact. Not measured."""
    exact_fit: float = 1e-9
    """Relative error at which a fit of one edge counts as exact. Not measured."""
    evidence_per_sample: float = 0.25
    """Score of an e-fold error per sample. The log-likelihood of independent noise gives 1. Not measured."""
    evidence_most: float = 50.0
    """The most that makes of it, so that complexity counts at any number of samples. Not measured."""
    evidence_known: float = 6.0
    """Score of an e-fold error where the error of the samples is known. Not measured."""
    outside_cost: float = 4.0
    """What samples outside the domain cost a form. Not measured."""
    argument_cost: float = 0.5
    """What a free scale or shift of the argument costs. Not measured."""
    constant_digits: float = 64.0
    """Units of round-off within which samples are constant."""
    thin_weight: float = 1e-12
    """Share of the largest weight that each sample keeps when they are thinned, so that no sum is zero."""

    # ------------------------------------------------------------------ candidates of all edges (candidates.py)

    considered: int = 20
    """Candidates of an edge that are looked at. Not measured."""
    repeated_cost: float = 2.0
    """What it costs to repeat a better candidate's curve. Not measured."""
    same_curve: float = 0.3
    """Distance of two curves, in errors of the worse, below which they are one. Not measured."""
    curve_points: int = 24
    """Points at which they are compared. Not measured."""
    edge_blur: float = 10.0
    """An edge is known to so many times the output's error, since others make up for its faults. Not measured."""
    edge_known: float = 1e-4
    """An edge's shape is never known better than to this relative error. Not measured."""
    edge_blur_clear: float = 0.1
    """The most of that for an edge that moves the output by clearly more than its error. Not measured."""
    edge_blur_weak: float = 10.0
    """The most for any other. Not measured."""
    clear_share: float = 0.3
    """The output's error beside an edge's influence, below which the edge is clear. Not measured."""
    least_influence: float = 1e-12
    """Influence below which edges are alike: round-off."""
    edge_evidence: float = 2.5
    """Score of an e-fold error of one edge: little, since only the whole network is sure. Not measured."""

    # ------------------------------------------------------------------ combinations (search.py, simpler.py)

    tries: int = 30
    """Combinations fitted, at each fineness of the splines, before single candidates are exchanged. Not measured."""
    search_rows: int = 256
    """Rows on which a combination is fitted first. Not measured."""
    search_steps: int = 25
    """Steps of its fit. Not measured."""
    promising: float = 2.0
    """Loss beside the best up to which it is fitted on all rows, too. Not measured."""
    promising_first: float = 100.0
    """The same beside the network's own loss, while there is no best. Not measured."""
    better_by: float = 1e-9
    """Gain of the criterion that is no round-off."""
    keep: int = 8
    """Candidates of an edge that are tried. Not measured."""
    enough: int = 8
    """Combinations as good as the model, after which noise decides. Not measured."""
    exchanges: int = 80
    """Single exchanges that are tried. Not measured."""
    exchange_gap: float = 8.0
    """Score that a candidate may be behind the one in place to be tried for it. Not measured."""
    last_keep: int = 4
    """Forms of a last edge that are tried when it is looked at again. Not measured."""
    rounds: int = 3
    """How often exchanges and last edges take turns. Not measured."""
    worth_a_round: float = 2.0
    """Gain in the criterion that is worth another turn. Not measured."""
    simple_cost: float = 2.5
    """Cost of the forms that others may turn out to be: x, x^2, exp, log, sqrt, 1/x. Not measured."""
    simpler_error: float = 1e-3
    """Relative error of such a form at which it is worth a trial. Not measured."""

    # ------------------------------------------------------------------ single edges (stepwise.py)

    most_parameters: int = 1000
    """Parameters up to which a network is fitted again: its system is solved once a step."""
    finer_gain: float = 0.25
    """Share of the loss that a grid of twice the intervals must leave at most. Not measured; a smooth edge leaves
    1/256."""
    network_steps: int = 12
    """Steps of a fit of the whole network after a change. Not measured."""
    attempts: int = 3
    """Candidates of an edge that are tried in its place. Not measured."""

    # ------------------------------------------------------------------ fits of all constants (program.py)

    refit_steps: int = 60
    """Steps where nothing else is said. Not measured."""
    refit_tolerance: float = 1e-6
    """Relative decrease that counts as none: what is compared differs by more. Not measured."""
    refit_patience: int = 2
    """Steps of such a decrease after which a fit ends. Not measured."""
    refit_exact: float = 1e-28
    """Share of the squares of y at which a fit ends: round-off, squared."""
    domain_slack: float = 1e-9
    """How far an argument may lie outside its domain: round-off of an argument of some size."""

    # ------------------------------------------------------------------ needless terms, simple constants

    flat_direction: float = 1e-10
    """Eigenvalue of the scaled curvature that counts as zero: round-off of float64, summed over rows."""
    weak_term: float = 1e-6
    """Share of the spread of y that a term must move the output by to be needed. Not measured."""
    drop_rows: int = 256
    """Rows on which a network without a term is fitted first. Not measured."""
    drop_steps: int = 40
    """Steps of its fit. Not measured."""
    drop_promising: float = 4.0
    """Loss beside the one before, up to which it is fitted on all rows,"""
    drop_promising_exact: float = 100.0
    """and the same in exact losses. Not measured."""
    drop_rise: float = 8.0
    """Rise of the loss, in shares 1 / rows, up to which a term is dropped. A term has three constants. Each of them
    lowers the loss of pure noise by one such share, give or take 1.4. Not measured."""
    forms_tried: int = 64
    """Normal forms that are compared: all choices of six constants."""
    largest_shift: float = 30.0
    """Shifts of exponentials and logarithms beyond e**30 stay where they are: a constant more would be lost."""
    singular: float = 1e-9
    """Determinant below which scales do not determine each other: the exponents are whole or simple fractions."""
    snap_steps: int = 40
    """Steps of the fit after constants are set. Not measured."""
    snap_rounds: int = 4
    """How often those left are looked at again. Not measured."""
    snap_reach: float = 4.0
    """Standard errors within which a constant may be a simple number. Not measured."""
    snap_exact: float = 1e-9
    """Share of the spread of y by which an exact fit may move when a constant is set: below what is shown."""
    snap_digits: float = 1e-12
    """Relative distance from a simple number that is round-off of a fit."""
    snap_offset: float = 4.0
    """k true values raise the loss by k + sqrt(2 k) N(0, 1) shares; they may raise it by k + 4"""
    snap_deviations: float = 3.0
    """+ 3 sqrt(2 k): three standard deviations, and some for few."""
    snap_worse: float = 2.0
    """Loss beside that before, up to which a normal form holds in float64."""
    flat_curvature: float = 1e-13
    """Share of the largest eigenvalue below which a curvature has no inverse: round-off of float64."""

    # ------------------------------------------------------------------ simple numbers (simple_numbers.py)

    denominators: tuple[int, ...] = (
        *(1, 2, 3, 4, 5, 6, 8, 7, 9, 10, 12, 16, 15, 20, 24, 25, 32, 40, 50, 64, 100, 1000, 10000),
    )
    """Of fractions, simplest first. Not measured."""
    denominator_cost: float = 0.8
    """Cost of a doubled denominator. Not measured."""
    numerator_cost: float = 0.4
    """Cost of a doubled numerator. Not measured."""
    angle_bonus: float = 1.5
    """What pi costs less in the argument of a periodic form. Not measured."""
    chance: float = 0.1
    """Simple numbers expected within reach by chance, up to which one is believed. At this value fewer than a quarter
    of random numbers are, at three reaches (tests/symbolic/test_simple_numbers.py)."""
    chance_single: float = 1e-4
    """The same for constants of a float32 network, whose reach is wider. Not measured."""
    power_of_ten: float = 1e6
    """Whole numbers from here on are written with a power of ten."""
    power_digits: int = 4
    """Significant digits of such a number, at most. Not measured."""
    power_cost: float = 3.0
    """Cost of the power. Not measured."""
    least_reach: float = 2e-16
    """Relative distance within which two numbers are one: a unit of round-off."""
    exact_reach: float = 4e-16
    """The same for a number that was computed: two units."""
    unknown_cost: float = 14.0
    """Cost of a number that is none of these. Not measured."""
    smallest: float = 1e-300
    """Keeps a division finite,"""
    smallest_single: float = 1e-30
    """and one in float32."""
    least_variance: float = 1e-6
    """Variance of a start's curve below which float32 cannot tell it from a constant."""

    # ------------------------------------------------------------------ what is shown

    edge_accuracy: float = 1e-4
    """Relative error to which `suggest` takes the shape of a trained edge at its word. Not measured."""
    shorten_up_to: int = 60
    """Operations up to which `formula` looks for a shorter way to write. Not measured."""


TUNED = SymbolicTuning()
