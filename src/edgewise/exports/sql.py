"""A network as one SQL query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..errors import SymbolicError, shown
from ..model import KAN
from ..symbolic.written import input_symbols, output_names
from .law import law_outputs, law_symbols
from .sql_cells import check_names, plain_inputs, table_inputs
from .sql_printer import SqlPrinter
from .sql_steps import SqlSteps, quoted
from .statements import one_line, statements

TABLE, ROW = "data", "edgewise_row"


def sql_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """One query for SQLite, PostgreSQL and DuckDB: all columns of the table, then a column for each output. Arguments
    as for `export`; `function` is the name of the table, which is "data" where it is "predict".

    A network that was fitted to a table reads a table as that was: levels, truth values, times, gaps and the words for
    them. With `inputs` it reads numbers from columns of these names, and so does a law. A row on which the formula is
    undefined gives NULL, and so does a cell that cannot be used. Edges without closed form become polynomials, piece by
    piece. In PostgreSQL, cast columns of truth values, dates or money to integers or text first.

    SQLite prepares a query in a time that grows with the square of the network: below a second for some 100 edges,
    seconds for 400. Prune larger ones, or export another language.

    Raises:
        SymbolicError: for what SQL does not have, such as erf, columns of dates, names that differ in capitals alone.

    >>> import edgewise as ew
    >>> text = sql_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}), inputs=["a"])
    >>> print(text.splitlines()[0])
    -- Made by edgewise: y from a.
    >>> [line for line in text.splitlines() if "POWER" in line]
    ['    (0.5e0 * POWER(x_0, 2.0e0)) AS out_0']
    """
    if not isinstance(function, str) or not function.strip() or "\0" in function:
        raise SymbolicError(f"the table needs a name, got {shown(function)}")
    if isinstance(model, Law):
        names, labels = [str(symbol) for symbol in law_symbols(model, inputs)], law_outputs(outputs)
    else:
        names, labels = [str(symbol) for symbol in input_symbols(model, inputs)], _labels(model, outputs)
    check_names(labels, "outputs")
    parts = statements(model, [f"x_{place}" for place in range(len(names))], outputs, set())
    steps = SqlSteps(quoted(TABLE if function == "predict" else function), _row_name(names))
    used = [place for _, _, place in parts.columns]
    if isinstance(model, KAN) and inputs is None and len(model.metadata.inputs) == len(names):
        table_inputs(steps, model.metadata, used)
    else:
        plain_inputs(steps, names, used)
    printer = SqlPrinter(steps, parts.edges)
    for name, expression in parts.steps:
        steps.column(name, printer.write(expression))
    title = one_line(f"{', '.join(labels)} from {', '.join(names)}")
    head = [
        f"-- Made by edgewise: {title}.",
        "-- For SQLite from 3.35 with its mathematical functions, PostgreSQL from 12, DuckDB.",
    ]
    return "\n".join([*head, steps.query(list(zip(parts.results, labels, strict=True)))])


def _labels(model: KAN, outputs: Sequence[Any] | None) -> list[str]:
    """The names of the outputs; those of classes are scores, one for each label."""
    metadata = model.metadata
    if outputs is None and len(metadata.outputs) == 1 < len(metadata.classes) == model.outputs:
        return [f"{metadata.outputs[0]}={label}" for label in metadata.classes]
    return output_names(model, outputs)


def _row_name(names: Sequence[str]) -> str:
    """The column that numbers the rows: unlike any of the table's that are known."""
    row = ROW
    while row in {name.casefold() for name in names}:
        row += "_"
    return row
