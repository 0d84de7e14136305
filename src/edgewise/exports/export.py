"""export: one network, several languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..discovery.by_level import LevelDiscovery
from ..discovery.judging.laws import Law
from ..discovery.levels.shared_law import SharedLaw
from ..discovery.one_table import Discovery
from ..errors import ConfigError, knows_keywords, shown
from ..files import write_whole
from ..model import KAN, Fitted, as_kan
from ..symbolic.formula import formula
from .c import c_source
from .latex import latex
from .law import law_expression
from .numpy_module import numpy_source
from .onnx_file import onnx_bytes
from .python import python_source
from .sql import sql_source
from .torch_module import torch_source

CODE: dict[str, Callable[..., str]] = {
    "c": c_source,
    "numpy": numpy_source,
    "python": python_source,
    "sql": sql_source,
    "torch": torch_source,
}
TARGETS = (*CODE, "latex", "onnx", "sympy")


@knows_keywords
def export(
    model: KAN | Fitted | Law | SharedLaw,
    to: str = "python",
    *,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    function: str = "predict",
    path: str | Path | None = None,
) -> Any:
    r"""The network, or the law, in another language, in the units of X and y; the text runs without this package.

    Args:
        model: a KAN, the result of a fit, or a law that `ew.discover` found; one with constants by level in "latex" and
            "sympy" only. Edges without a closed form are written as exact piecewise polynomials; in "latex" and "sympy"
            they stand by name, as in `formula`. Columns of levels, of dates and with gaps are several inputs each, such
            as `colour=red`, and rows must hold these inputs. Only "sql" reads the table itself, and makes them as
            `predict` does. Classes have a score each.
        to: the language.
            "python": a module with `predict(row)` that needs the standard library only.
            "numpy": a module with `predict(X)` that needs numpy, and scipy for special functions.
            "torch": a module with a differentiable `predict(X)` that needs torch; device and dtype are those of X.
            "c": C99 with `void predict(const double *x, double *y)`.
            "sql": one query for SQLite, PostgreSQL and DuckDB: all columns of a table, then a column for each output.
            "latex": one equation a line.
            "sympy": a list of sympy expressions, one per output.
            "onnx": a file of a model from X (rows, columns) to y (rows, outputs), for onnxruntime and others. It does
            what the network does, outside the domains of closed forms too. It needs the package onnx to be written.
        inputs (columns of X): a name for every column, pruned ones too. Default: the model's own names, else x1, ...
        outputs (outputs): a name for every output. Default: the model's own names, else y, or y1, ...
        function: the name of the function in "python", "numpy", "torch" and "c". In "sql" a name other than "predict"
            is that of the table, which is called "data" otherwise.
        path: a file to write the text to as well; not for "sympy". "onnx" is written there, and nowhere else.

    Returns:
        The text, for "sympy" the expressions, for "onnx" the path.

    Raises:
        ConfigError: for an unknown language, names that do not fit, or a `path` where none is wanted, or none; for all
            that `ew.discover` found, or the laws of all levels together.
        MissingExtra: for "onnx", where that package is missing.
        SymbolicError: for a closed form that the language does not have, or a constant that is not finite.
        StructureError: for anything but a KAN.
        FileError: where the file cannot be written.

    >>> import edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)})
    >>> print(export(model, to="latex", inputs=["t"]))
    y = \frac{t^{2}}{2}
    """
    if isinstance(model, Discovery):
        raise ConfigError("export writes one law, got all that was found; give found.best or one of found.front")
    if isinstance(model, LevelDiscovery):
        raise ConfigError(
            f"export writes one law, such as found.best or found.levels[{shown(next(iter(model.levels)))}].best"
        )
    model = model if isinstance(model, Law | SharedLaw) else as_kan(model, "export")
    if not isinstance(to, str) or to not in TARGETS:
        raise ConfigError(f"export writes {', '.join(sorted(TARGETS))}, got to={shown(to)}")
    if to == "sympy":
        if path is not None:
            raise ConfigError("export to 'sympy' gives expressions, not text; leave path out, or use 'latex'")
        return [law_expression(model, inputs)] if isinstance(model, Law | SharedLaw) else formula(model, inputs)
    if to == "latex":
        text = latex(model, inputs, outputs)
    elif isinstance(model, SharedLaw):
        level = shown(next(iter(model.by_level)))
        raise ConfigError(f"export writes the law of one level as {to}, such as found.levels[{level}].best")
    elif to == "onnx":
        if path is None:
            raise ConfigError('export to "onnx" writes a file: say where, path="model.onnx"')
        write_whole(path, onnx_bytes(model, inputs, outputs))
        return path
    else:
        text = CODE[to](model, inputs, outputs, function=function)
    if path is not None:
        write_whole(path, text)
    return text
