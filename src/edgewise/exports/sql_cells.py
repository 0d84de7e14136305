"""Cells of a table in SQL, read as `predict` reads them: numbers, times, truth values, levels, gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..data.cells import EXACT, FALSE, MISSING, MISSING_TEXT, TRUE, are_numbers
from ..errors import SymbolicError, shown, twice
from ..metadata import MISSING as GAP
from ..metadata import OTHER, Metadata
from .sql_steps import Sql, SqlSteps, joined, number, text_literal
from .sql_times import hours_of

SPACES = (  # all white space of str.split but the space itself
    "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
LARGEST = "1.7e308"  # of numbers that are read: near the largest float, old SQLite reads digits with errors
NOT_A_NUMBER = {"nan", "+nan", "-nan"}
NONE, NO = Sql("NULL"), Sql("0")


def plain_inputs(steps: SqlSteps, names: Sequence[str], used: Iterable[int]) -> dict[int, Sql]:
    """The inputs in use as columns of numbers of these names."""
    used = list(used)
    check_names([names[place] for place in used], "inputs")
    return {place: _number_input(steps, place, _number(steps, place, names[place]), None) for place in used}


def table_inputs(steps: SqlSteps, metadata: Metadata, used: Iterable[int]) -> dict[int, Sql]:
    """The inputs in use, made of the columns of a table as the one was that a model was fitted to.

    Raises:
        SymbolicError: columns of dates, and names that differ in capitals alone.
    """
    used, known, sources = list(used), metadata.encoding, metadata.sources()
    columns = list(dict.fromkeys(sources[place] for place in used))
    check_names(columns, "inputs")
    found: dict[int, Sql] = {}
    for index, column in enumerate(columns):
        places = [place for place in used if sources[place] == column]
        if column in known.dates:
            raise SymbolicError(
                f"the column {shown(column)} holds dates, which the databases read in ways of their own; export another"
                " language, or fit to numbers such as the year"
            )
        if column in metadata.categories:
            code = _code(steps, index, column, metadata)
            for place in places:
                level = metadata.inputs[place].removeprefix(f"{column}=")
                found[place] = steps.column(f"x_{place}", _indicator(code, level, column, metadata))
            continue
        times = known.times.get(column)
        cells = _time(steps, index, column, times) if times else _number(steps, index, column)
        for place in places:
            if metadata.inputs[place] == column:
                found[place] = _number_input(steps, place, cells, known.fills.get(column))
            else:
                found[place] = _gap_input(steps, place, cells)
    return found


def check_names(columns: Sequence[str], which: str) -> None:
    """Raise `SymbolicError` for `which` (inputs or outputs) whose names differ in capitals alone, or not at all: they
    are one to most databases."""
    alike = twice(name.casefold() for name in columns)
    if alike:
        found = [name for name in columns if name.casefold() == alike[0]]
        differ = "differ in capitals alone" if len(set(found)) > 1 else "are the same"
        raise SymbolicError(
            f"the columns {' and '.join(map(shown, found))} {differ}, and SQL takes them for one; give {which}= with"
            " other names"
        )


def _number_input(steps: SqlSteps, place: int, cells: tuple[Sql, Sql], fill: float | None) -> Sql:
    """A column of numbers: NULL for what is none, and `fill` in gaps. cells: gaps and numbers."""
    gap = NONE if fill is None else number(fill)
    return steps.column(f"x_{place}", joined("CASE WHEN {0} THEN {2} ELSE {1} END", *cells, gap))


def _gap_input(steps: SqlSteps, place: int, cells: tuple[Sql, Sql]) -> Sql:
    """1 where a column misses a number, else 0; NULL where it holds something else. cells: gaps and numbers."""
    return steps.column(f"x_{place}", joined("CASE WHEN {0} THEN 1e0 WHEN {1} IS NOT NULL THEN 0e0 END", *cells))


def _number(steps: SqlSteps, index: int, column: str) -> tuple[Sql, Sql]:
    """Whether each cell is a gap, and its number or NULL."""
    raw, plain, text = _texts(steps, index, column)
    # a number itself is not read from its text, as SQLite writes 15 digits; text is read without its white space
    exact, read = joined("CAST({} AS DOUBLE PRECISION)", raw), joined("CAST({} AS DOUBLE PRECISION)", text)
    same = joined("{} = LOWER(CAST({} AS TEXT))", text, raw)
    value = joined("CASE WHEN {} THEN {} ELSE {} END", same, exact, read)
    return _is_gap(plain, text), _if_number(steps, index, text, value)


def _time(steps: SqlSteps, index: int, column: str, down_to: str) -> tuple[Sql, Sql]:
    """Whether each cell is a gap, and its time in hours or NULL. A column without any colon holds the hours."""
    raw, plain, text = _texts(steps, index, column)
    # from the text alone: databases cast no times of their own to numbers
    hours = _if_number(steps, index, text, joined("CAST({} AS DOUBLE PRECISION)", text))
    small = steps.column(f"spaced_{index}", joined(f"LOWER(TRIM({_spaced()}))", raw))
    read = hours_of(steps, index, small, down_to)
    colons = joined("MAX(CASE WHEN {} LIKE '%:%' THEN 1 ELSE 0 END) OVER ()", small)
    timed = steps.column(f"timed_{index}", colons)
    return _is_gap(plain, text, timed), joined("CASE WHEN {} = 1 THEN {} ELSE {} END", timed, read, hours)


def _is_gap(plain: Sql, text: Sql, timed: Sql = NO) -> Sql:
    """Whether a cell says that nothing is there. A long minus alone says it not, nor among times does -nan."""
    words = f"LOWER({{0}}) IN {_listed(MISSING)} OR ({{1}} IN {_listed(NOT_A_NUMBER)} AND {{2}} = 0)"
    return joined(f"({{0}} IS NULL OR {words})", plain, text, timed)


def _texts(steps: SqlSteps, index: int, column: str) -> tuple[Sql, Sql, Sql]:
    """A column as it is, its text with single spaces, and that in small letters with a plain minus."""
    raw = steps.read(f"cell_{index}", column)
    plain = _spelt(steps, index, raw)
    return raw, plain, steps.column(f"small_{index}", joined("REPLACE(LOWER({}), '\u2212', '-')", plain))


def _if_number(steps: SqlSteps, index: int, text: Sql, value: Sql) -> Sql:
    """The value where the text is a number, 1 and 0 for words of truth, else NULL."""
    # the number without its sign and that of its exponent: then digits, one point, one e
    cut = "CASE WHEN SUBSTR({0}, 1, 1) IN ('+', '-') THEN SUBSTR({0}, 2) ELSE {0} END"
    bare = steps.column(f"bare_{index}", joined(f"REPLACE(REPLACE({cut}, 'e-', 'e'), 'e+', 'e')", text))
    wrong = " OR ".join(f"{{0}} LIKE '{like}'" for like in ("%.%.%", "%e%e%", "e%", ".e%", "%e", "%e%.%", "."))
    digits = f"TRIM({{0}}, '0123456789.e') = '' AND {{0}} <> '' AND NOT ({wrong})"
    truth = f"WHEN {{1}} IN {_listed(TRUE)} THEN 1e0 WHEN {{1}} IN {_listed(FALSE)} THEN 0e0"
    found = steps.column(f"number_{index}", joined(f"CASE {truth} WHEN {digits} THEN {{2}} END", bare, text, value))
    return steps.column(f"finite_{index}", joined(f"CASE WHEN ABS({{0}}) <= {LARGEST} THEN {{0}} END", found))


def _spelt(steps: SqlSteps, index: int, raw: Sql) -> Sql:
    """The text of every cell, with single spaces."""
    # a pair of marks for each space; where two meet, they fall away, and a pair is left of a run
    text = f"REPLACE(REPLACE(REPLACE({_spaced()}, ' ', '\u27e8\u27e9'), '\u27e9\u27e8', ''), '\u27e8\u27e9', ' ')"
    return steps.column(f"text_{index}", joined(f"TRIM({text})", raw))


def _spaced() -> str:
    """The text of a cell, with a space for each white space."""
    text = "CAST({} AS TEXT)"
    for space in SPACES:
        text = f"REPLACE({text}, '{space}', ' ')"
    return text


def _code(steps: SqlSteps, index: int, column: str, metadata: Metadata) -> Sql:
    """The place of each cell among the levels of its column; -1 for others."""
    known = metadata.categories[column]
    _, text, small = _texts(steps, index, column)
    value = _if_number(steps, index, small, joined("CAST({} AS DOUBLE PRECISION)", small))
    gap = known.index(GAP) if GAP in known else -1
    cases = [f"WHEN {{0}} IS NULL OR {{0}} IN {_listed(MISSING_TEXT)} THEN {gap}"]
    numbers = are_numbers(metadata.named_levels(column))
    for place, level in enumerate(known):
        same = [f"{{0}} = {_braced(text_literal(level))}"]
        if not numbers and level.lstrip("-").isdecimal() and are_numbers([level]):
            same.append(f"{{0}} = {text_literal(f'{level}.0')}")  # a whole number among codes
        if numbers and level not in (GAP, OTHER) and abs(float(level)) < EXACT:
            same.append(f"{{1}} = {number(float(level)).text} AND LOWER({{0}}) NOT IN {_listed(TRUE | FALSE)}")
        if words := _truth_words(level, known):
            same.append(f"LOWER({{0}}) IN {_listed(words)}")
        cases.append(f"WHEN {' OR '.join(same)} THEN {place}")
    return steps.column(f"level_{index}", joined(f"CASE {' '.join(cases)} ELSE -1 END", text, value))


def _truth_words(level: str, known: Sequence[str]) -> set[str]:
    """How a database may spell this level of a column of truth values; nothing for other columns."""
    named = {one.lower() for one in known if one not in (GAP, OTHER)}
    if not named <= TRUE | FALSE or len(named & TRUE) > 1 or len(named & FALSE) > 1:
        return set()
    words = TRUE | {"1", "1.0"} if level.lower() in TRUE else FALSE | {"0", "0.0"} if level.lower() in FALSE else set()
    return set(words)


def _indicator(code: Sql, level: str, column: str, metadata: Metadata) -> Sql:
    """1 for this level, 0 for others, and for unknown ones what stands in for them."""
    known, shares = metadata.categories[column], metadata.encoding.shares.get(column)
    place = known.index(level)
    if shares is None:
        other = NONE
    else:
        other = number(float(level == OTHER) if OTHER in known else shares[place])
    return joined(f"CASE WHEN {{0}} = {place} THEN 1e0 WHEN {{0}} >= 0 THEN 0e0 ELSE {{1}} END", code, other)


def _listed(words: Iterable[str]) -> str:
    """The words in brackets, for IN."""
    return "(" + ", ".join(_braced(text_literal(word)) for word in sorted(words)) + ")"


def _braced(text: str) -> str:
    """A text that `joined` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")
