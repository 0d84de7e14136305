"""law.txt where columns of levels split the table: the laws of all levels, and how they were found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..discovery.by_level import LevelDiscovery
from ..discovery.search.steps import ProofStep
from ..exports.export import export
from ..plotting.wording import clean


def levels_text(found: LevelDiscovery) -> str:
    """The law of all levels, where there is one, with its constants, then the law of each level as LaTeX and Python.

    The Python code has a function for each level, and `LAWS`, which holds them by level.
    """
    target, lines = found.target, []
    if found.shared is not None:
        shared = found.shared
        lines += [f"{target} = {shared.text}", "", *_constants(found)]
        lines += [f"rmse {shared.rmse:.3g}, r2 {shared.r2:.6f}, on rows that neither fitted nor chose it", ""]
    lines += [found.message, ""]
    for level, one in found.levels.items():
        law, said = one.best, one.message
        lines += [f"{clean(found.column)} = {clean(level)} ({found.rows[level]} rows): {target} = {law.text}"]
        lines += [f"  rmse {law.rmse:.3g}, r2 {law.r2:.6f}; {said}"]
        lines += [f"  {constant.value:.10g} +- {constant.error:.2g}" for constant in law.constants]
    lines += way_of(found.steps)
    lines += ["", "LaTeX:"]
    lines += [
        f"{export(one.best, to='latex', outputs=[target])} % {clean(level)}" for level, one in found.levels.items()
    ]
    return "\n".join([*lines, "", "Python:", _python(found)])


def way_of(steps: Sequence[ProofStep]) -> list[str]:
    """How a law was found, as lines; none where there was no step."""
    if not steps:
        return []
    head = "What was found out on the way; (no) marks what was tried in vain:"
    return ["", head, *(f"  {step}" for step in steps)]


def _constants(found: LevelDiscovery) -> list[str]:
    """The constants by level, then the others, each with its standard error."""
    shared, lines = found.shared, []
    if shared is None:
        return lines
    for n, symbol in enumerate(shared.symbols):
        own = {level: constants[n] for level, constants in shared.by_level.items()}
        lines += [
            f"{symbol}:",
            *(f"  {clean(level)}: {one.value:.10g} +- {one.error:.2g}" for level, one in own.items()),
        ]
    if shared.constants:
        lines += ["Constants of all levels that are no simple numbers, with standard errors:"]
        lines += [f"  {one.value:.10g} +- {one.error:.2g}" for one in shared.constants]
    return [*lines, ""] if lines else lines


def _python(found: LevelDiscovery) -> str:
    """A module with a function for each level."""
    functions: dict[str, str] = {}
    for level in found.levels:
        name = "predict_" + re.sub(r"\W", "_", level, flags=re.ASCII)
        free = (name if n == 0 else f"{name}_{n}" for n in range(len(found.levels)))
        functions[level] = next(word for word in free if word not in functions.values())
    code = [
        export(found.levels[level].best, to="python", outputs=[found.target], function=name)
        for level, name in functions.items()
    ]
    laws = ", ".join(f"{level!r}: {name}" for level, name in functions.items())
    return "\n".join([*code, f"LAWS = {{{laws}}}", ""])
