"""The numbers that steer a study: each with its meaning, unit and reason.

"Not measured" says that a value was chosen by judgement.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StudyTuning:
    """All of them, about in the order in which a study comes across them. Change one with `dataclasses.replace`."""

    # ---------------------------------------- rows that judge, and those that choose (study.py, beginnings.py)

    fewest: int = 10
    """Rows from which a fit and a part that judges can be made."""
    choosing: float = 0.125
    """Part of the rows that do not judge which choose: a tenth of all, where a fifth of them judges."""
    fewest_choosing: int = 30
    """Rows that choose, at least: of ten, one decides."""
    learnt: int = 100_000
    """Rows that say what the network is made of, at most. In the end all rows fit it."""
    products: int = 80
    """Products of the functions of two inputs, for each output, at most: 14 inputs two by two."""

    # ---------------------------------------- baselines (baselines.py, loss_baselines.py)

    boosted_alone: int = 500_000
    """Cells of a table that one thread boosts quickly."""
    tree_levels: int = 255
    """Levels of a column that trees tell apart. More are numbers to them."""
    logistic_penalty: float = 1e-4
    """Penalty per row of the logistic weights: separable classes keep finite ones."""
    linear_penalty: float = 1e-4
    """Penalty of the weights on standardised inputs: separable counts keep finite ones."""
    linear_rounds: int = 1000
    """Rounds of a solver, at most."""
    quantile_rows: int = 5000
    """Rows for linear quantiles, at most: their program grows faster than its rows."""

    # ---------------------------------------- scores (scores.py)

    least_probability: float = 1e-15
    """Smallest probability in a cross-entropy: one confident error does not make it infinite."""

    # ---------------------------------------- which of two networks stays (choosing.py)

    simpler_worth: float = 1.1
    """Times the loss of the network before it that a simpler one may have."""
    same_errors: float = 1.0
    """Standard errors of a mean difference that are no difference (Breiman et al. 1984, section 3.4.3)."""
    clearly_worse: float = 1.5
    """Times the other's loss beyond which a difference counts, whatever its standard error."""
    compared: int = 4
    """Rows below which nothing is clear."""
    forms_far: float = 3.0
    """Ranges of the predictions by which closed forms may leave splines between rows: in corners splines guess."""
    made_rows: int = 2000
    """Made rows on which that is looked at."""
    exact_loss: float = 1e-20
    """Part of the squares of y that is round-off."""
    idle_nats: float = 0.1
    """Nats, of all rows together, that say nothing: classes are less likely by a tenth. Not measured."""

    # ---------------------------------------- gross errors of targets (gross_errors.py)

    gross: float = 10.0
    """Standard deviations of most errors beyond which one may be gross: it was in one of 105 fits to real tables."""
    gross_least: float = 0.1
    """Part of the spread of a target that an error must have: splines are off by less. Not measured."""
    gross_alone: float = 3.0
    """The same of rows at the end of a column, where splines guess: of an exact logarithm, one was off by 0.3."""
    gross_part: float = 0.005
    """Part of the rows that may be gross errors; one may in any case. More of them are a part of the law."""
    gross_gap: float = 2.0
    """Times the largest of the other errors that the smallest gross one must have. Not measured."""
    slipped_part: float = 0.02
    slipped_gap: float = 5.0
    """The same part and times of targets that are like all others but for the place of their decimal point. In a table
    of 177 rows, two such took the error from 1.0 to 24. Claims in one row of fifty are no mistakes, however far."""
    foreseen: float = 0.5
    """Part of its distance from the median within which a target is foreseen. Not measured."""
    gross_tail: float = 2.0
    """Least gross errors that one may be off which stays: beyond it, there is a tail, as claims have. Not measured."""
    gross_clear: float = 3.5
    """Times the largest of the other errors, from which gross ones are no tail of them: in a table of meals it was 3.8
    to 11."""
    gap_values: int = 9
    """Values over the range of a column that may stand in a missing cell. Not measured."""
    far_told: float = 0.8
    """Part of the errors of far rows that a fit which has seen half of them leaves of the other half, where they are a
    part of the law. Not measured."""
    scale_values: int = 10
    """Different targets, at most, that are a scale. Not measured."""
    rows_of_lines: int = 5
    """Rows for each column, from which lines say what is far off. Not measured."""
    line_rounds: int = 20
    """Rounds of lines under Student's t, where it has one degree of freedom and errors count from two deviations on."""
    line_digits: float = 1e-9
    """Part of a column's size below which its spread is round-off."""
    line_ridge: float = 1e-6
    """Part of a mean diagonal that keeps columns apart which are the same."""
    gross_rounds: int = 3
    """Rounds of leaving some out and looking for others, at most."""

    # ---------------------------------------- names or numbers (number_names.py, text_names.py, readings.py)

    fewest_numbers: int = 10
    """Numbers of a column, below which a curve can meet each of them. Not measured."""
    curve_functions: int = 12
    """Functions of a curve, at most: as many as the prior of an edge likes."""
    numbers_a_function: int = 3
    """Numbers of a column for each of these functions, at least."""
    names_clear: float = 5.0
    """Standard deviations of the test of lack of fit: chance does that once in three million times."""
    names_clear_in_groups: float = 3.0
    """The same where rows come in groups, whose means are few: other groups say whether names are better. Of numbers of
    20 to 40 groups, fifteen farms are found half the time; at five hardly ever."""
    names_order: float = 0.5
    """Part of what the means explain, which a curve may explain at most. Not measured."""
    names_gain: float = 0.1
    """Part of what a curve leaves, which the means must explain at least: on nine tables names have 0.16 and more."""
    whole_looked_at: int = 1000
    """Rows that say at once that a column holds no whole numbers, or too many of them."""
    text_clear: float = 3.0
    """Standard deviations, from which names in text are worth a try: rows that were not fitted say whether they are
    better."""
    readings_in_turn: int = 5000
    """Rows up to which all of them say which reading is better, in turn, and not only those that choose."""
    levels_worth: float = 1.05
    """Factor by which levels must divide the loss: they are hundreds of inputs. Not measured."""
    levels_followed: int = 50
    """Levels of numbers up to which a curve is no simpler, for it has nearly as many functions. It follows each number
    as well as levels do, but goes anywhere beyond them."""
    levels_as_good: float = 0.99
    """Factor by which so few levels must divide the loss: on 53 tables of 10 to 40 codes it was 0.994 or more."""
    levels_rows: int = 100_000
    """Rows beyond which numbers stay numbers: levels of more would take over 400 MB."""

    # ---------------------------------------- groups that nobody named (likely_groups.py)

    group_values: int = 6
    """Values of a column: of fewer, two columns of a design may go together by chance."""
    group_rows: int = 2
    """Rows of each value, in the mean, at least."""
    groups_looked_at: int = 100_000
    """Rows that say so, the first ones."""
    group_columns: int = 50
    """Columns that are compared in pairs, at most."""

    # ---------------------------------------- missing cells that tell the target (telling_gaps.py)

    gap_left: float = 0.1
    """Part of the squares around the mean that is left beside nothing but a missing cell. Not measured."""

    # ---------------------------------------- logarithms of the target (by_log.py)

    log_fewest: int = 30
    """Rows below which a spread cannot be told from chance."""
    log_searched: int = 10_000
    """Rows up to which variables and pairs are searched for anew: for these it takes a minute."""
    log_most: int = 100_000
    """Rows beyond which no logarithm is tried: a fit by such a loss passes over all of them many times."""
    spread_grows: float = 1.645
    """Standard errors of a correlation that chance exceeds one time in twenty."""
    no_spread: float = 1e-12
    """Part of the variance that is no spread."""
    log_rows: int = 1000
    """Rows that decide, at most."""
    log_folds: int = 5
    """Folds of these rows."""
    log_inputs: int = 30
    """Inputs beyond which the search for pairs would take longer than all else."""

    # ---------------------------------------- a function of the sum (outer_function.py)

    outer_cells: int = 100_000
    """Rows times inputs, at most: on 12,000 rows of four columns, all fits took 18 seconds."""
    outer_operations: float = 2e8
    """Operations that one of its fits begins with, at most. On 700 rows of 64 columns of pixels, of 4e8, all took a
    minute, twice as long as all else; on 10,000 rows of ten columns they are 1.7e8."""
    outer_clear: float = 10.0
    """Nats that the outer function must gain: one through noise gains three or so. Not measured."""
    outer_first: int = 5
    """Rounds without pairs, at most."""

    # ---------------------------------------- tails of the errors (heavy_tails.py)

    tails_least: float = 0.3
    """Nats a row by which Student's t must be the likelier distribution of errors. Under Laplace's they are 0.06, and
    functions were about as good by either loss. Of 108 made and 54 real tables it tells of 18. By Student's, errors
    were 0.08 to 0.79 times as large on 17 of them, and 1.03 times on one, whose four outliers are all above."""
    tails_sided: float = 1.28
    """Standard errors from which one side of the errors reaches farther: chance does that one time in five. Up to 1.65,
    three of four more tables had 1.3 to 1.8 times the error."""
    tails_fewest: int = 30
    """Rows below which tails cannot be told from chance."""
    tails_most: int = 10_000
    """Rows beyond which a few bend no function."""

    # ---------------------------------------- is anything left? (leftover.py)

    wave_lengths: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Lengths of the waves, in standard deviations of all inputs together."""
    waves: int = 300
    """Waves of each length."""
    leftover_rows: int = 5000
    """Rows, at most: what takes more of them to be seen is little."""
    wave_strengths: tuple[float, float, int] = (-6.0, 2.0, 17)
    """Decimal logarithms of the ends, in variances of the targets, and their number."""
    leftover_bar: float = 3.0
    """Nats beside the logarithm of the sets: one table of noise in forty."""
    nearly_exact: float = 1e-3
    """Part of the variance that is left, below which a law may be behind the rows, and exact."""

    # ---------------------------------------- hidden layers (layered.py)

    layered_cells: int = 200_000
    """Rows times inputs that they are fitted to, at most: a step takes more than these."""
    layered_rows: int = 2000
    """Rows of them, whatever the inputs."""
    layered_parameters: int = 3000
    """Parameters of such a network, unless its shape was given: with 4800 a step took four seconds."""

    # ---------------------------------------- a broad layer (broad.py)

    broad_nodes: int = 20
    """Nodes of the hidden layer: with 50, errors were within 4 % of these on four tables."""
    broad_grids: tuple[int, int] = (1, 5)
    """Intervals: edges of inputs are cubics. On digits, log losses with three intervals were a fifth higher."""
    broad_sure: float = 2.5
    """Standard errors that the share must be from nothing. With 1.6, one law in nine took a mixture by chance."""
    broad_hope: float = 1.0
    """The same after some of the steps, or no more are taken."""
    broad_most: float = 0.9
    """What a broad layer counts in a mixture, at most. Beyond, it stands alone where it is clearly better. Not
    measured."""
    broad_worth: float = 1.05
    """Factor by which a mixture must divide the loss on the rows that choose: it has no simple formula. Not
    measured."""
    broad_cells: int = 100_000
    """Rows times inputs, at most: a look then takes two seconds, and all fits a minute."""

    # ---------------------------------------- closed forms (closed_forms.py, law_behind.py, kept_shapes.py)

    form_edges: int = 40
    """Edges up to which closed forms are looked for."""
    form_rows: int = 4000
    """Rows on which forms are looked for, at most."""
    form_clear: float = 0.5
    """Part of the variance that a network explains. Below, most of it is noise, which shows no law."""
    form_exact: float = 0.99
    """Part of the variance that closed forms explain which may have poles between the rows. Under more noise, a pole
    beside one row takes its error away: forms without poles are looked for instead. Above, these are taken where they
    are as good: beside a law that explains 99.7 %, a pole of no meaning was found, too."""
    form_beyond: float = 0.5
    """Ranges at both ends that forms may not run far off in, where there is so much noise."""
    season_turns: float = 0.5
    """Turns over all rows by which a wave along years may differ from the season, or a whole part of it, and still be
    one that rows can hardly tell from it."""
    form_slight: float = 0.1
    """Part of the noise, squared. Closed forms that move predictions by less are refused only where rows speak clearly
    against them. On 17 small tables and 8 made laws under noise, laws that were found moved them by 0.01 to 0.3. Three
    in thirty were refused because a few rows liked the splines better."""
    form_moved: float = 0.5
    """The same beyond which they must explain more of the rows than their constants are worth: there, five in five
    were wrong, by 1.4 to 29 times the error."""
    form_tolerance: float = 0.05
    """What the error may rise by on the rows that the forms are fitted to."""
    law_inputs: int = 6
    """Inputs of a network up to which a law is looked for on the rows: a search among more takes minutes."""
    law_left: float = 1e-6
    """Part of the variance that the network leaves, at most. Under noise of more than a thousandth, a search may take a
    minute, and closed forms of edges are found as well."""
    law_events: int = 30
    """Formulas and steps of that search, at most. Nine of ten laws of two or three columns were found within 15, and
    one took 52. Where there was no law, 30 took 2 to 20 seconds, and all of them up to 140."""
    law_powers: int = 3
    """Powers of ten up to which targets are searched as they are, above or below one."""
    law_rows: int = 1000
    """Rows of that search, at most: a law that is nearly exact shows on few."""
    shape_points: int = 2001
    """Points along an input at which a shape that was asked for is checked."""
    shape_beside: int = 5
    """Rows whose other inputs stand beside it."""
    shape_beyond: float = 1.0
    """Ranges of the rows by which it goes on at both ends."""
    shape_round_off: float = 1e-9
    """Part of the function's size by which its values may be off."""

    # ---------------------------------------- what is told (words.py, formula_text.py, papers.py)

    nothing_found: float = 0.02
    """Part of the variance below which nothing was found."""
    exact: float = 1e-14
    """Part of the variance at which differences are round-off."""
    about_the_same: float = 1.1
    """Part of the error before closed forms, up to which that with them is about the same."""
    equal_errors: float = 0.02
    """Relative difference of two errors below which they count as equal."""
    formula_edges: int = 60
    """Edges up to which a network is written down."""
    name_letters: int = 24
    """Letters of a made-up name, at most."""
    short_digits: int = 4
    """Digits of constants in the short version."""
    screen_splines: int = 8
    """Splines in a formula, up to which it is shown on a screen."""
    screen_letters: int = 1200
    """Its letters, up to which it is."""
    few_values: int = 8
    """Different values of an input, below which an edge is not held against its spline."""
    typeset: int = 300
    """Operations up to which the report typesets a formula."""


TUNED = StudyTuning()
