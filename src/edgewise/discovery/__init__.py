"""From a table to a law: the search behind `ew.discover`. The room has another name than its verb, since a module
`edgewise.discover` would hide the function.

Its own rooms, lowest first. Each imports from itself and earlier ones, as `tests/test_imports.py` holds:

    formulas/        what a formula is, what it costs in bits, equal ways to write it
    linear_algebra/  columns of numbers: polynomials of them, best sums of few, null vectors in fractions
    tables/          what is given: rows that fit, choose and judge; units
    proposals/       formulas that rows propose
    polishing/       from a proposal to a formula: constants by least squares, simple numbers, fewer terms
    judging/         whether a formula is a law; its figures, the front
    reductions/      states of the search, their surrogates, and the steps to fewer columns
    parts/           a function as a sum, a product or a function of a sum
    search/          what is tried in which order, what is told on the way, when it may end
    levels/          one law for several groups of rows
    discover.py      the verb; `one_table.py` and `by_level.py` are its two cases
    conservation/    `ew.conserved`
    surfaces/        `ew.boundary`

Each room has its numbers in its `tuning.py`.
"""
