"""The numbers that steer the fit of additive networks by their evidence: each with its meaning, unit and reason. "Not
measured" says that a value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EvidenceTuning:
    """All of them. Change one with `dataclasses.replace`."""

    intervals: int = 20
    """Of the grid of every edge. The prior says how smooth an edge is, so the grid only has to be fine enough."""
    even: float = 0.5
    """Weight of equidistant knots beside knots at quantiles: both, so that neither gaps nor crowds are missed. Not
    measured."""
    curves: int = 12
    """Curves beside the line of one edge, at most, the smoothest first. Not measured."""
    rough: int = 40
    """Rough functions of an edge, at most. With 24, a table of 5000 prices that fall in steps has 2 % more error."""
    rough_intervals: int = 80
    """Of the grid where there are rough functions. Measured on sixteen tables: 40 leave 2 to 3 % more error on three of
    them, of 800 to 5000 rows."""
    rough_parameters: int = 600
    """Rough functions of one output, about. Not measured."""
    most_rough: int = 160
    values_of_rough: int = 4
    """Rough functions of an edge, at most, and different values for each of them, at least, where twice as many as
    `rough` and more are tried. Of a peak that is a sixtieth as wide as its column, 400 rows leave 0.4 times as much
    error. Codes of few rows each are no values along a curve: with more functions, each would have a peak."""
    finer_worth: float = 0.01
    """Nats a row that they must gain: a fiftieth of the variance that is left. Less took `friedman3` from 8 to 40 s for
    a thousandth of its error."""
    intervals_by_rough: int = 2
    """Intervals of the grid for each rough function, at least."""
    empty: float = 0.5
    """Part of the rows, beside them all, that are counted as spread evenly over the intervals: where no row is, a rough
    function is no cliff. Not measured."""
    fewest_rough: int = 4
    """Rough functions of an edge, below which there are none: fewer show no jump."""
    rougher: float = 5.0
    """Nats by which other functions must be more likely, rough ones or those of logarithms: as many as a term has to be
    worth."""
    rougher_asked: float = 1.0
    """The same of rough ones, where rows left out in turn are predicted better, too. On eight made tables with jumps,
    three draws each, that lowered five errors to 0.79 to 0.98 times; one rose to 1.002 times."""
    exact: float = 1e-4
    """Part of the variance that smooth functions leave, below which rough ones are not tried: a law is smooth."""
    parameters: int = 2000
    """Parameters of one output, about, from which edges of wide tables get fewer curves: a Cholesky factorisation of
    this size takes a tenth of a second."""
    fewest_curves: int = 3
    """Curves of an edge in the widest tables."""
    straight: float = 1e-9
    """Roughness, as a part of that of the smoothest curves, below which a direction counts as a line: round-off."""
    met: float = 0.5
    """Variance on the rows that a curve must have; it is 1 but for those that met next to no row."""
    tail: float = 0.05
    """Part of the rows on either side that is not the bulk."""
    steep_part: float = 0.01
    """Part of the standard deviation of an input within which a very steep tangent crosses the range of its curve.
    Not measured: curves of made laws are less steep, and those through few values are thousands of times as steep."""
    steep_interval: float = 0.5
    """Part of its range that it crosses within the last interval of the grid, from which it turns flat at the last row.
    With 0.1, 1 / x over a column of many decades had 1.3 times the error on one of twelve tables."""
    steep_turn: float = 0.1
    """Part of its range by which it goes on, about, until it is flat. Not measured."""
    goes_on: float = 1.0
    """Ranges of the rows beyond them up to which curves go on along tangents. Not measured."""
    as_a_line: float = 0.5
    """Part of the range of a curve by which a tangent may depart from its line over the rows, and go on like a line
    for ever. Not measured: a parabola from its vertex on departs by 1."""
    lone_steep: float = 0.5
    """Ranges of a curve that a steep tangent crosses within a standard deviation of the input: a line has 0.3."""
    lone_leverage: float = 0.5
    """Part of what a curve says at a row that must be due to this row alone. Not measured."""
    lone_part: float = 0.5
    lone_noise: float = 20.0
    """Part of the range of a curve, and standard deviations of the noise, by which it must be elsewhere at its last row
    by a fit to all others, to say that this row alone decides how it goes on. Where one vote in counties did, it was 24
    to 65 deviations; in 38 such fits to Hitters, which followed noise, up to 13."""
    lone_range: float = 5.0
    """Standard deviations of the noise that the range of such a curve has, at least: without its last row it goes
    elsewhere by no more than a few ranges. No fit to all others is spent on smaller ones."""
    steep_rows: int = 200
    """Rows on which a curve says how far it reaches, so that wide tables need little memory. Not measured."""
    reach: float = 0.25
    """Widths of the bulk by which the line of a pooled product goes on beyond it. Measured on Boston housing and
    Hitters: lines without an end make outliers of new rows, and half of a width is no better."""
    few: float = 1e-3
    """Part of the rows on either side, one row at least, that may lie farther out than tails reach. Not measured."""
    further_rows: int = 10
    """Times as many rows that say how long the tail is before them. Not measured."""
    tail_lengths: float = 3.0
    """Lengths of this tail, at least, that such a value lies beyond it. Of an exponential tail, a thousandth of these
    few rows do."""
    far: float = 0.5
    """Ranges of the others, at least, that it lies beyond them. Not measured."""
    heavy: float = 2.0
    """Excess kurtosis from which a column of numbers has heavy tails, so that logarithms are looked at. One that is
    evenly spread over three powers of ten has 2 and more."""
    few_values: int = 8
    """Different values up to which it has none: what they say of a curve is the same along logarithms. Ages of concrete
    have fourteen, from a day to a year. Not measured."""
    each: int = 4
    """Such columns, at most, of which each may turn out to go along its values. It takes a look at each of them."""
    beyond: int = 3
    """Intervals beyond the rows of such a column, on either side, in which functions go on along its logarithm. Two
    and four do as well on two made tables."""
    units: tuple[float, float, int] = (-6.0, 1.0, 29)
    """Units of such a scale that are tried: decimal logarithms of the ends, in median distances of the values from
    their median, and their number, four to a power of ten. Not measured."""
    roundings: float = 1e4
    """Round-off errors of its center that the unit of such a scale takes up, at least, so that knots stay apart."""
    scaled: int = 1000
    """Distinct values that its scale is fitted to, at most."""
    rounds: int = 200
    """Updates of the strengths of the prior, at most."""
    settled: float = 1e-3
    """Relative change of the strengths at which they are at rest."""
    settled_classes: float = 1e-2
    """The same where the loss is no square, and updates cost passes over the rows."""
    least: float = 1e-4
    """Precision of the prior where the loss is no square, at least: functions of a deviation of one may take a hundred
    times that. Where columns tell classes apart without errors, logits would grow until no curvature is left."""
    updates: int = 20
    """Updates of the strengths by one pass over the rows, at most, for classes and steady losses. The first passes, far
    from the mode, have 1, 2, 4 and so on: with 20 in each, the search on 20,000 rows ended 7 nats lower."""
    updates_near: int = 8
    """The same by the first pass that begins at the strengths and the coefficients of a model with a few terms more. Of
    a fit to 42,000 rows it saves a seventh of the time; gains differ by less than a tenth of a nat."""
    astray: float = 1.0
    astray_part: float = 0.1
    """Nats, and part of the losses, by which these may lie above what a parabola foretells after several updates of the
    strengths; where they do, there is one update. On rules without errors they lay thousands of nats above."""
    moved: float = 0.1
    """Change of the logarithms of dispersion and scale above which a pass has one update. Not measured."""
    gained: float = 1e-2
    """Nats that an update gains, below which strengths are at rest as well: some go on to infinity for ever."""
    together: int = 2000
    """Functions of all inputs times classes, up to which classes have one curvature together. On 1437 rows an update of
    7000 takes 15 seconds; class by class it takes half a second."""
    step_error: float = 1e-2
    """Part of a Newton step that conjugate gradients leave, in the norm of what prepares for them: later steps mend it.
    In that of the curvature itself it is up to 7 %, where many classes compete two by two."""
    step_products: int = 100
    """Products of such a step, at most."""
    absent: float = 1e-6
    """Rows of a class that has none, for the constants that a gain is measured from. Where they were half a row, moving
    on from there counted as a gain: noise passed for a law where two of ten classes had no rows."""
    patience: int = 10
    """Updates before a part of an edge may be dropped: at first, strengths are far from where they will be."""
    idle: float = 0.02
    """Effective parameters of a part of an edge below which it is dropped: the data say nothing for it."""
    chance: float = 2.0
    """Standard deviations by which the gain of a network must exceed that of noise. Measured on noise of 40 to 500 rows
    and 3 to 100 columns, three seeds a size and more: means and standard deviations are as the theory says."""
    largest_change: float = 1000.0
    """Factor by which a strength changes in one update, at most."""
    inverted_at_once: int = 64
    """Columns of a factor up to which it is inverted by one call. Of 100 to 800, half and nearly twice as many take up
    to a sixth longer; one call for all takes 1.2 to 2 times as long."""
    wide: float = 1.3
    """Functions to a row above which equations have a size of the rows. With as many functions as rows, equations of
    the size of the functions take half of the time; both take as long at 1.1 to 1.4 functions to a row."""
    noise: float = 1e-8
    """Least variance of the noise, as a part of that of the targets: below, round-off would decide."""
    unpenalised: float = 1e-6
    """Precision of the prior of a class's constant: none, but for the direction that changes no probability."""
    shortest: float = 1e-4
    """Part of a Newton step below which no shorter one is tried."""
    rows_at_once: int = 1024
    """Rows that products of functions are summed over in one call. Of 26,000 rows and 900 functions, sums take three
    quarters of the time of one product of all. 2048 rows take as long."""
    weighted_at_once: int = 1 << 17
    """Numbers in functions times their weights, up to which these go into one product. Of 200 rows, three classes and
    15 to 65 functions, sums take a quarter to four fifths of the time of a product for each weight."""
    block: int = 1 << 22
    """Numbers in one block of rows of the design: 32 MB."""
    kept: int = 1 << 25
    """Numbers of a design up to which its blocks are kept, where a fit passes over them many times: 256 MB."""
    products: int = 25
    """Products of the smooth functions of two inputs, at most, the smoothest first, and of their rough ones. Measured
    on eleven tables: 40 smooth ones change no error by more than a percent. Without rough ones, three tables of sixteen
    have 5 % more error."""
    finer: int = 500
    """Products of all pairs together that get more of them than others: of smooth functions, and as many of rough ones.
    On a made map of 4000 and 16,000 rows, 1000 leave the same error."""
    further: int = 100
    """Products beyond those of a pair that say whether it gets more. Not measured."""
    rows_of_finer: int = 4
    """Rows for each of these products, at least. Not measured."""
    functions_of_levels: int = 5
    """Functions of a number for each level of a column, in pairs that get more of them: as many as five levels have
    among `products`. Measured on two tables: four leave an error that is up to 4 % higher."""
    finer_levels: int = 800
    """Products of levels and functions of a number, of all pairs together that get more of them, and at most one for
    each row: the prior shrinks what few rows say. Not measured."""
    many_for_rows: float = 0.5
    """Effective parameters for each row, from which unseen rows must say that these products are nearer. On 130 rows of
    27 states, curves of each with 0.7 and more made the error half as large again. Not measured further."""
    cells: int = 100
    """Products of the levels of two columns up to which a pair is looked at as others are: four times `products`. With
    200, the error of a fold of house prices is 3 % higher."""
    rows_of_cells: int = 4
    """Rows for each of these products, at least, from which larger pairs are looked at as well. Unseen rows confirm
    them. Not measured."""
    most_cells: int = 400
    """Products of the levels of two columns above which no pair is looked at. Not measured."""
    slopes: int = 200
    """Products of levels and a line above which a pair is not looked at: as many as a column has levels. Of life
    expectancy in 142 countries, 100 leave half as much error again."""
    pairs: int = 40
    """Pairs of inputs in one output, at most: 1000 parameters."""
    searches: int = 3
    """Times that pairs are looked for in what is left. Strong pairs hide weak ones."""
    pairs_worth: float = 3.0
    """Nats by which a model with more pairs must be more likely: odds of twenty to one. Measured on seven tables: pairs
    that help bring twelve and more, and one of 0.8 nats raises the error of 370 wages by 6 %."""
    bar: float = 0.0
    """What a pair must gain in log marginal likelihood, beside the logarithm of the number of pairs, to be tried beside
    everything else: noise gives half a pair a table. Measured on seven tables: 3 misses pairs (Boston housing 3.6
    instead of 3.4)."""
    looked_at: int = 500
    """Pairs that are looked at with all their products; a glance at the smoothest ones chooses them."""
    closer: int = 5000
    """Products of all pairs together that a closer look takes, after a look that found none: 50 of a hundred pairs.
    Not measured."""
    at_once: int = 64
    """Pairs whose matrices are decomposed in one call."""
    first_look: int = 3
    """Functions of an input, the smoothest, that the glance takes."""
    strengths: tuple[float, float, int] = (-5.0, 2.0, 15)
    """Variances that a pair is tried with: decimal logarithms of the ends, in units of the targets, and their
    number."""
    rows_searched: int = 20_000
    """Rows on which terms are chosen, at most, before all rows fit them: what takes more rows to be seen explains a
    tenth of a percent. Inputs that a part of the rows left out come back for all rows to judge."""
    rows_judged: int = 100_000
    """Rows up to which all of them say which functions an edge has, and whether an input that a part of the rows left
    out comes back. Of more rows a part does: with 50 inputs, those left out would take most of the
    time. Not measured."""
    rows_looked_at: int = 10_000
    """Rows on which pairs are looked for, at most: a pair that takes more to be seen explains less than a percent."""
    lost: float = 0.01
    """Part of the variance of the predictions that the smallest products of a pair may take with them."""
    strength_cost: float = 1.0
    """What a strength must gain, in nats, because it was chosen by the rows it explains. Measured on ten tables: half
    of it keeps inputs of noise."""
    weak: float = 5.0
    """Worth in nats below which dropping a term is tried: chance gives more one time in a hundred or so."""
    unlikely: float = 0.5
    """Nats that a model should lose without some terms, above which no fit says so. Of 940 such fits to 17 tables, 67
    were more likely, by a nat in most cases. That is the price: they take a third of the time of dropping."""
    passes_of_hope: int = 3
    """Passes over the rows after which a fit without some terms ends if it lies far below what it must reach."""
    hope: float = 20.0
    """Nats that it may still gain then. Of 86 such fits to penguins, 35 end so, none of which would have got there;
    with 10 nats one would."""

    pooled: int = 1000
    """Pairs of inputs whose lines all have products, at most: 45 inputs. A fit of so many takes a tenth of a second."""
    functions: int = 2500
    """Functions of a network with all these products, at most."""
    passes: float = 2.5
    """Numbers of functions that classes count for, each: an update takes a pass over the rows."""
    tails: float = 1.0
    """Excess kurtosis from which targets have heavy tails. 50 normal ones reach it one time in twenty."""
    likely: float = 30.0
    likely_by_row: float = 0.25
    """Nats of score, and nats for each row, above which a model of targets with heavy tails is taken for more than
    noise. Of log-normal noise in 8 to 11 columns, 44 rows gave up to 24, 350 rows up to 60."""
    farthest: float = 0.05
    """Part of the targets that a model may follow and say nothing of the others. Not measured."""
    left_over: float = 0.25
    """Part of the rows that effective parameters must leave over, or unseen rows are asked as well. Six pairs that
    followed noise of 50 rows left nothing over. On 430 tables of noise, 0.1 let one more pass."""
    by_rank: float = 0.1
    """Probability below which unseen rows confirm a likely model by their ranks, though they lose by it in the mean.
    Searches that followed noise of 50 rows gave 0.31 and more, laws without noise 0.06 and less."""
    crowded: float = 2.0
    """Functions of single inputs, in numbers of rows, above which lines of all inputs are a way to fit though others be
    more likely. Of 16 tables of 16 to 209 rows, errors fall by a fifth to a half on five, to those of ridge
    regression."""
    narrower: tuple[float, float, int] = (0.0, 8.0, 25)
    """Factors of the most likely strength of these lines that are tried: decimal logarithms of the ends, and their
    number. Large ones are for rows that it follows without noise. Elsewhere 2 to 50 came out on made spectra."""
    none_left: float = 1e-6
    """Rows that parameters leave over, below which round-off decides what rows lose that are left out."""
    simpler: float = 1.645
    """Standard errors by which all pairs must predict better than few: chance does that one time in twenty."""
    kept_at_once: float = 0.7
    """Part of these pairs that stays when those of least worth go. Not measured."""

    margin: float = 1e-9
    """Part of a held function's size by which its slope stays away from zero. Round-off of float64 is far below."""
    margin_roundings: float = 16.0
    """The same in units of round-off of the model's number format, where that is more."""
    pushes: int = 100
    """Exchanges for each inequality, at most, of the search for the nearest point that all of them allow."""
    nearer: int = 3
    """Searches for the nearest point where predictions may not be negative. The lowest values of functions are drawn to
    those of the search before, with `unpenalised` of the weight of the rows."""
    at_rest: float = 1e-5
    """Nats that a step towards the mode under inequalities gains, below which it has arrived."""
    flat: float = 1e-6
    """Part of a free function's size below which its held one is a constant."""

    waves: int = 12
    """Waves in one period of a periodic function, at most: the shortest takes two hours of a day. Not measured."""
    points_a_wave: int = 16
    """Points in the shortest wave at which a periodic function that may not be negative is held: between two of them it
    falls by less than two percent of its size, which its constant then makes up for."""
    still: float = 1e-14
    """Part of the largest wave below which a wave is round-off."""

    folds: int = 5
    """Of the cross-validation that says whether few inputs or all of them predict better."""
    shuffles: int = 3
    """Times that the rows are parted for a mean of fits. More were not tried."""
    left_out: int = 3
    """Parts of a shuffle, of which each fit leaves one out. Measured on eight tables of classes: fits to 0.8 of the
    rows gain half as much as those to 0.63 of them."""
    lone: float = 0.05
    """Part of the rows, at most, that are in every part for their far values. One in a hundred on breast cancer, whose
    log loss falls by a tenth with it. One in ten on made tables of heavy-tailed columns, where it rises."""
    fewest_averaged: int = 30
    """Rows below which there are no parts. Not measured."""
    most_averaged: int = 2000
    """Rows beyond which there are no parts: fits to them agree. Not measured."""
    offered: int = 600
    """Functions, of all logits together, up to which every fit to a part of the rows is offered all variables, and not
    only those that all rows together take up. Not measured."""
    shares: int = 20
    """Steps from one kind of fit to the other, among which their mixture is chosen. Not measured."""
    size_spread: float = 0.5
    """Standard deviation, beforehand, of the logarithm of what unseen rows multiply logits by. Measured on eight tables
    of classes: 0.25 and 1 change the log loss by one percent at most, but for two tables that are told apart nearly
    without errors."""
    sizes: int = 61
    """Factors that are tried, up to three of these deviations either way. Not measured."""
    doubt: float = 0.1
    """Loss of a row, of which a fit did not see, above which classes do not follow from the columns without a doubt: a
    tenth of its chance. Not measured."""
    surest: float = 3.0
    """What logits are multiplied by at most where there is no doubt. Not measured."""
    halvings: int = 20
    """Of the range of such a factor: to a millionth of it."""
    scalings: int = 200
    """Steps, at most, to the constants that fit best beside a mean of fits. Not measured."""
    rows_validated: int = 2000
    """Rows of that cross-validation, at most: with more of them, both ways come to the same."""


TUNED = EvidenceTuning()
