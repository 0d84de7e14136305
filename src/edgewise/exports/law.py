"""A law that was discovered, as an expression over names of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..discovery.levels.shared_law import SharedLaw
from ..errors import ConfigError, as_words, require, shown, twice


def law_symbols(law: Law | SharedLaw, inputs: Sequence[Any] | None) -> list[Any]:
    """A symbol for every column: of these names, or of the law's own. Raises `ConfigError` for names that do not fit.

    >>> import edgewise as ew
    >>> law = ew.discover([[float(n)] for n in range(1, 31)], list(range(2, 62, 2)), progress=False).best
    >>> law_symbols(law, None), law_symbols(law, ["t"])
    ([x1], [t])
    """
    sympy = require("sympy")
    words = law.names if inputs is None else as_words([str(name) for name in inputs])
    if words is None or len(words) != len(law.names) or twice(words):
        raise ConfigError(f"inputs needs {len(law.names)} different names, one for every column, got {shown(inputs)}")
    return [sympy.Symbol(word) for word in words]


def law_expression(law: Law | SharedLaw, inputs: Sequence[Any] | None) -> Any:
    """The law over these symbols."""
    own = law_symbols(law, None)
    return law.expression.xreplace(dict(zip(own, law_symbols(law, inputs), strict=True)))


def law_outputs(outputs: Sequence[Any] | None) -> list[str]:
    """The one name of what the law gives. Raises `ConfigError` for more or fewer."""
    words = ["y"] if outputs is None else [str(name) for name in outputs]
    if len(words) != 1:
        raise ConfigError(f"outputs needs one name, since a law gives one number, got {shown(outputs)}")
    return words
