"""What a fit achieved, in words and in one small table."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from ..errors import few, shown
from ..model import KAN
from ..size import summary
from .scores import Scores, headline
from .tuning import TUNED

# score that is compared -> what of the targets is explained, and the name of the score
OF = {"deviance": ("deviance", "deviance"), "quantile_loss": ("loss", "quantile loss"), "mae": ("spread", "MAE")}
EQUAL = 0.005  # difference of two accuracies below which they count as equal
UNLIKE = 0.9  # part of the error of the mean, below which a network that explains nothing beats it: rows are unlike


def number(value: float) -> str:
    """Four digits, without an exponent where that is readable."""
    return "-" if not math.isfinite(value) else f"{value:.4g}"


def table(network: Scores, others: dict[str, Scores | str]) -> str:
    """Scores of the network and the baselines, one line each."""
    keys = tuple(network)
    rows: dict[str, Scores | str] = {"this network": network, **others}
    width = max(map(len, rows)) + 2
    lines = ["".ljust(width) + "".join(key.replace("_", " ").rjust(15) for key in keys)]
    for name, row in rows.items():
        lines.append(
            name.ljust(width)
            + (f"  {row}" if isinstance(row, str) else "".join(number(row[key]).rjust(15) for key in keys))
        )
    return "\n".join(lines)


def verdict(task: str, outputs: str, network: Scores, baselines: dict[str, Scores | str], mistakes: str = "") -> str:
    """A few sentences: how well rows that were not seen are predicted, and how that compares.

    `baselines`: the trivial one first; none after an interruption. `mistakes`: what is said of those of the rows that
    look like mistakes.
    """
    key = headline(network)
    known = {name: row[key] for name, row in baselines.items() if not isinstance(row, str)}
    sign = 1.0 if task == "regression" else -1.0  # errors fall, accuracies rise
    trivial = next(iter(baselines), "")
    strong = {name: value for name, value in known.items() if name != trivial}
    best = min(strong, key=lambda name: sign * strong[name], default="")
    other = f"{best} ({number(strong[best])})" if best else ""
    if task == "regression":
        r2 = _explained(network)
        what, figure = OF.get(key, ("variance", "RMSE"))
        constant = "the best constant" if key in OF else "the mean"
        if not math.isfinite(r2):
            return (
                f"The held-out rows have one and the same value of {outputs}, which says little ({figure}"
                f" {number(network[key])}); give more rows."
            )
        if r2 < TUNED.nothing_found:
            other = other if _explained(baselines.get(best)) >= TUNED.nothing_found else ""
            but = f".{mistakes}" if mistakes else _but(other)
            if network[key] < UNLIKE * known.get(trivial, -math.inf):  # or the table beside it would say otherwise
                fitted = f"{constant} of the rows fitted to ({number(known[trivial])})"
                return (
                    f"The network predicts {outputs} on unseen rows better than {fitted}, but no better than {constant}"
                    f" of the unseen rows themselves.{mistakes}"
                )
            return f"The network predicts {outputs} on unseen rows no better than {constant}{but}"
        rest = 1 - r2
        exact = "all, to round-off," if rest <= TUNED.exact else f"all but {rest:.1g}"
        share = f"{100 * r2:.4g} %" if rest > 1e-4 else exact
        first = (
            f"The network explains {share} of the {what} of {outputs} on rows it has not seen ({figure}"
            f" {number(network[key])}).{mistakes}"
        )
        if rest <= TUNED.exact:
            return first
    else:
        first = (
            f"The network names the right class of {outputs} for {100 * network[key]:.4g} % of the rows it has not"
            " seen."
        )
        frequencies = baselines.get(trivial)
        if isinstance(frequencies, dict) and network[key] <= frequencies[key]:
            other = other if strong.get(best, 0.0) > frequencies[key] + EQUAL else ""
            said = _chances(network, frequencies, other, baselines.get(best))
            return f"{first} Always naming the most frequent class does as well{said}"
    if not best:
        return first
    gap = sign * (network[key] - strong[best])
    scale = max(abs(strong[best]), abs(network[key]), 1e-300) if task == "regression" else 1.0
    if abs(gap) <= (TUNED.equal_errors if task == "regression" else EQUAL) * scale:
        return f"{first} That equals the best baseline, {other}."
    return f"{first} That is {'better' if gap < 0 else 'worse'} than the best baseline, {other}."


def _explained(found: Scores | str | None) -> float:
    """The part of the targets that is explained; nan where no score says so."""
    return found.get("r2", found.get("d2", math.nan)) if isinstance(found, dict) else math.nan


def _but(other: str) -> str:
    """The end of a sentence on a network that tells nothing: what a baseline that tells more makes of it."""
    return f"; {other} does better." if other else ": these inputs do not tell it, or not from so few rows."


def _chances(network: Scores, frequencies: Scores, other: str, strong: Scores | str | None) -> str:
    """The end of a sentence on classes of which most rows have one: whether inputs tell how likely the others are.
    strong: the scores of the baseline that names most, told in `other`."""
    now, then = network["cross_entropy"], frequencies["cross_entropy"]
    if 1 - now / then < TUNED.nothing_found:
        sure = strong.get("cross_entropy", math.inf) if isinstance(strong, dict) else math.inf
        if other and not 1 - sure / then >= TUNED.nothing_found:
            return f"; {other} names more right, but says no better than frequencies how likely each class is."
        return _but(other)
    return (
        f", but these inputs tell how likely each class is (cross-entropy {number(now)}, by frequencies alone"
        f" {number(then)})."
    )


def copies(count: int, rows: int) -> str:
    """A sentence on rows that stand in a table more than once."""
    return f"{count} of {rows} rows are copies of others: all copies of a row are one observation."


def are_names(columns: Sequence[str], texts: Collection[str], met_before: bool) -> str:
    """Sentences on columns with a level for each name: `texts` are those that held text, the others held numbers.
    met_before: whether the rows that judge are of names that were fitted, since no groups are held out."""
    found = []
    for what, names in (
        (
            "numbers that name things. Read as levels, they predict as well or better",
            [name for name in columns if name not in texts],
        ),
        ("names. A level for each, also for rare ones, predicts better", [name for name in columns if name in texts]),
    ):
        if names:
            hold = f"Columns {few([*map(shown, names)])} hold" if len(names) > 1 else f"Column {shown(names[0])} holds"
            found.append(f"{hold} {what}.")
    met = ["Scores are those of names that were met; for new ones, hold out whole groups."] * met_before
    return " ".join([*found, *met])


def gaps_tell(columns: Sequence[str], output: str) -> str:
    """Sentences on columns whose missing cells tell the target nearly alone."""
    named = few([*map(shown, columns)])
    what = f"is missing in {named}" if len(columns) == 1 else f"is missing in columns {named}"
    late = f"If it is filled in only once {output} is known, leave it out (drop=, --drop)."
    return f"Whether a cell {what} tells {output} nearly alone. {late}"


def may_be_groups(columns: Sequence[str], count: int) -> str:
    """Sentences on rows that seem to come in groups, which these columns tell."""
    return (
        f"Rows may come in {count} groups, such as patients: columns {few([*map(shown, columns)])} belong to the group."
        " Scores are then those of groups that were met; for new ones, hold out whole ones (groups=, --groups)."
    )


def of_groups(count: int) -> str:
    """A sentence on the rows that judge, where whole groups do."""
    return f" The rows that judge are all rows of {count} group{'s' if count > 1 else ''}, of which no stage saw one."


def of_log(outputs: str, ratio: float | None) -> str:
    """A sentence on why the network ends in an exponential; nothing where it does not."""
    if ratio is None:
        return ""
    return (
        f" Errors grow with {outputs}, so the network is the exponential of one for the logarithm of its mean. On rows"
        f" that it had not seen, that had {number(ratio)} times the squared error of a network of {outputs} itself."
    )


def far_values(columns: Sequence[str]) -> str:
    """A sentence on inputs of whose values a few are as mistakes are; nothing where there are none."""
    if not columns:
        return ""
    far = f" A few values of {few([*columns])} lie far from all others"
    return f"{far}. The network takes them for mistakes, and makes nothing of them."


def gross_errors(
    count: int, output: str, value: float, others: float, late: bool = False, lines: Sequence[int] = (), unit: str = ""
) -> str:
    """A sentence on rows that were left out as mistakes, and the farthest of them. late: the last fit alone left them
    out; lines, unit: where they stand, as a table counts them."""
    where = f" ({unit}{'s' * (len(lines) > 1)} {few(lines)})" if lines else ""
    here = f"{output} = {number(value)} where all others say {number(others)}"
    them, some = ("it", "it") if count == 1 else ("them", "some of them")
    use = f". The last fit leaves {them} out; the network that is judged saw {some}." if late else None
    use = use or f", so no fit used {them}."
    if count == 1:
        return f"A row{where} has {here}: it looks like a mistake{use}"
    return f"{count} rows{where} are far from what all others say and look like mistakes{use} One has {here}."


def heavy_tails(outputs: str) -> str:
    """Sentences on errors whose tails squares do not bear."""
    return (
        f"A few rows of {outputs} are far off, above and below, and squared errors follow them. Compare"
        " loss='student_t', which counts them less and mostly predicts the others better."
    )


def judging_mistakes(count: int, near: Scores) -> str:
    """A sentence on rows that judge and look like mistakes, with the scores on the others."""
    what = "1 of them looks like a mistake; without it" if count == 1 else f"{count} look like mistakes; without them"
    r2 = f" and R2 is {number(near['r2'])}" if math.isfinite(near["r2"]) else ""
    return f" {what}, the RMSE is {number(near['rmse'])}{r2}."


def all_rows_say_nothing(outputs: str) -> str:
    """A sentence on a network that is a constant once it is fitted to all rows."""
    return (
        "Fitted to all rows, the network would be no better than a constant. So the final model predicts the same"
        f" {outputs} for every row. The scores are those of the network before that."
    )


def shows_judged(judged: str, last: str) -> str:
    """Sentences on which of the networks in two files a page shows."""
    return (
        f"This page shows the network in {judged}, which the scores are of. A last fit to all rows made {last} of it,"
        " which the Python code below loads."
    )


def extrapolated(task: str, outside: int, within: Scores | None) -> str:
    """A sentence on held-out rows beyond the range of the training rows, with the score of the others; nothing where
    there are none."""
    if not outside:
        return ""
    text = (
        f" {outside} of the held-out rows {'lies' if outside == 1 else 'lie'} outside the range of the rows fitted to,"
        " where any network guesses"
    )
    if within is None:
        return f"{text}."
    key = headline(within)
    score = (
        f"{OF.get(key, ('', 'RMSE'))[1]} {number(within[key])}"
        if task == "regression"
        else f"{100 * within[key]:.4g} % right"
    )
    return f"{text}; without {'it' if outside == 1 else 'them'}: {score}."


def closed(message: str, task: str, found: Mapping[str, Scores | str]) -> str:
    """The sentence on closed forms, with what the rows that judge say of them."""
    now, then = found.get("this network"), found.get("network before closed forms")
    if not isinstance(now, dict) or not isinstance(then, dict):
        return message
    key = headline(now) if task == "regression" else "cross_entropy"
    what = OF.get(key, ("", "RMSE"))[1] if task == "regression" else "cross-entropy"
    if now[key] <= TUNED.about_the_same * then[key] or now.get("r2", 0.0) >= 1 - TUNED.exact:
        verdict = "The network is about as good with them"
    else:
        verdict = "On the rows that judge, the network is worse with them"
    return f"{message} {verdict} ({what} {number(now[key])}, before {number(then[key])})."


def structures(judged: KAN, last: KAN, inputs: tuple[str, ...]) -> list[str]:
    """The structure of the network that the scores are of, and of the one after the last fit where that is another."""
    found, then = structure(judged, inputs), structure(last, inputs)
    return [found] if found == then else [found, f"After the last fit, to all rows: {then}"]


def structure(model: KAN, inputs: tuple[str, ...]) -> str:
    """Size of the network, and the inputs that it does not use."""
    used = {edge[1] for edge in model.active_edges() if edge[0] == 0}
    idle = [name for index, name in enumerate(inputs) if index not in used]
    text = f"{summary(model)}."
    if idle:
        text += f" It does not use {', '.join(idle[:8])}{f' and {len(idle) - 8} more' if len(idle) > 8 else ''}."
    return text
