"""Rows whose target is far from what all others say of it: mostly mistakes, such as a digit too many.

Under squares one of them bends every function, or gets a product of its own. They are left out of all fits where they
bend functions so much that rows which nobody fitted are predicted clearly worse. Rows that judge are judged as they
are.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..data import Table, folds
from ..errors import ConfigError, DataError, TrainingError
from ..losses import SquaredError
from ..model import KAN
from ..train.refit import refit
from ..train.resuming.journal import Part
from ..train.solvers.status import Status
from . import words
from .beginnings import parts, with_room
from .choosing import clearly_lower
from .scores import predict
from .stages import ADDITIVE, chosen_network, in_closed_form, kind_of
from .study_settings import StudySettings
from .telling_gaps import gaps
from .trained import Trained, of_targets
from .tuning import TUNED

NORMAL = 1.4826  # standard deviation of a normal distribution, in those of the median absolute deviation


def without_gross_errors(
    trained: Trained, rest: Table, settings: StudySettings, progress: bool, journal: Part | None
) -> tuple[Trained, Table] | None:
    """All stages on the rows that are no gross errors, and these rows; None where there are none, or where the network
    is not clearly better without them. `trained`: the stages on all rows, `rest`.

    Raises:
        KeyboardInterrupt: by Ctrl-C.
    """
    rows = replace(rest, lines=tuple(range(len(rest))))
    choosing = parts(rows, settings.seed)[1]
    if not isinstance(settings.loss_of(rest), SquaredError) or choosing is None:
        return None
    far, unseen = _apart(_off_lines(rest), rest), torch.tensor(choosing.lines)
    if not bool(far.any()):
        far = _apart(excess(_sums(trained, rest, settings), rest, rest), rest)
    if not bool(far.any()) and bool((rest.y > 0).all()):  # causes multiply, so that lines are those of logarithms
        far = _apart(_off_lines(replace(rest, y=rest.y.log())), rest)
    foreseen = far[unseen] & _foreseen(trained.model, choosing)
    if not bool(far.any()) or bool(foreseen.any()) or _are_law(trained, rest, far):
        return None
    followed = bool((excess(trained.model, rest, rest)[far] <= 1).any())  # by products of its own
    asked = trained.of_log is None and trained.chosen.ending is not None and not followed
    if asked and not _bend(trained, rest, far, settings):
        return None
    found, before = trained, far
    for number in range(TUNED.gross_rounds):  # the largest errors hide others
        without = rest.take((~far).nonzero()[:, 0])
        try:
            if found.of_log is not None and not _stay_far(found, rest, without, settings):
                return None
            if not bool((far & before).any()) and found.chosen.ending and not _bend(found, rest, far, settings):
                return None  # none is one of those that did, nor does any bend anything
            found = chosen_network(without, settings, progress, journal and journal.part(f"round {number}"))
        except (TrainingError, ConfigError, DataError):
            return None
        if found.interrupted:
            raise KeyboardInterrupt
        by_log = found.of_log is not None
        judge = found.splines if by_log else _sums(found, without, settings)
        error = (excess_by_log if by_log else excess)(judge, rest, without)
        before, far = far, _apart(error, rest)
        if not bool(far.any()) or _is_tail(error, far):
            return None
        if torch.equal(far, before):
            break
    judging = parts(without, settings.seed)[1]
    if judging is None or _are_law(trained, rest, far):  # they may be more than at first
        return None
    least = _least(found.splines, rest, far)
    now, then = (_errors(model, judging, least) for model in (found.model, trained.model))
    better = clearly_lower(now, then, judging) or _bend(found, rest, far, settings)
    return (with_limits(found, without), without) if better else None


def _foreseen(model: KAN, rows: Table) -> Tensor:
    """Which rows (n,) a network is near to: a mistake that bends it to a far constant makes no other one foreseen."""
    far = (rows.y - rows.y.median(0).values).abs()
    near = (predict(model, rows) - rows.y).abs() <= TUNED.foreseen * far
    return (excess(model, rows, rows) <= 1) & near.any(1)


def _stay_far(trained: Trained, rest: Table, without: Table, settings: StudySettings) -> bool:
    """Whether some rows of `rest` are far from the logarithm's network that was `trained`, once it is fitted to those
    `without` them. That is one fit, where all stages are many. Raises what fits raise."""
    if trained.chosen.ending is None:
        return True
    model = _fitted(trained, parts(without, settings.seed)[0])
    error = excess_by_log(of_targets(model, trained.of_log, without), rest, without)
    far = _apart(error, rest)
    return bool(far.any()) and not _is_tail(error, far)


def _sums(trained: Trained, rest: Table, settings: StudySettings) -> KAN:
    """The network of sums alone, which is fitted here where no stage needed it: products may follow one row."""
    if kind_of(trained.sums) == ADDITIVE:
        return trained.sums
    training, choosing = parts(rest, settings.seed)
    validation = None if choosing is None else (choosing.X, choosing.y, choosing.weight)
    how = {"seed": settings.seed, "progress": False, "validation": validation, **training.row_settings}
    found = in_closed_form(with_room(rest, replace(settings, interactions=0)), training, settings, how)
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found.model


def with_errors_of(trained: Trained, table: Table, settings: StudySettings) -> Trained:
    """The same with limits where rows are gross errors of which no stage saw one. `table`: all rows."""
    squares = isinstance(settings.loss_of(table), SquaredError)
    if not squares or trained.interrupted or trained.limits is not None:
        return trained
    error = (excess if trained.of_log is None else excess_by_log)(trained.splines, table, table)
    far = _apart(error, table)
    try:
        if not bool(far.any()) or _is_tail(error, far) or _are_law(trained, table, far):
            return trained
        if not _bend(trained, table, far, settings):
            return trained
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        return replace(trained, interrupted=True)
    return with_limits(trained, table.take((~far).nonzero()[:, 0]))


def _are_law(trained: Trained, rows: Table, far: Tensor) -> bool:
    """Whether rows that are far (n,) are a part of the law, as the few failures of a machine are: all others say the
    same number, or targets are steps of a scale, such as 0 and 1, or a fit that has seen half of the far ones is nearer
    to the other half than one that has seen none."""
    near, places = rows.take((~far).nonzero()[:, 0]), far.nonzero()[:, 0]
    least = TUNED.line_digits * rows.y.abs().amax(0)
    if bool(((near.y.std(0) <= least) & (rows.y.std(0) > least)).any()) or any(map(_is_scale, rows.y.T)):
        return True
    if len(places) < 2 or trained.chosen.ending is None:
        return False
    places = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(0))]
    scale, having = rows.y.std(0), 0.0
    try:
        without = float(_off(_fitted(trained, near), rows.take(places), scale).sum())
        for unseen, seen in ((places[::2], places[1::2]), (places[1::2], places[::2])):
            model = _fitted(trained, rows.take(torch.cat([(~far).nonzero()[:, 0], seen])))
            having += float(_off(model, rows.take(unseen), scale).sum())
    except (TrainingError, ConfigError, DataError):
        return False
    return having < TUNED.far_told * without


def _fitted(trained: Trained, rows: Table) -> KAN:
    """The structure that was chosen, fitted to these rows."""
    return refit(trained.chosen, rows.X, rows.y, **rows.row_settings, progress=False).model


def _is_scale(y: Tensor) -> bool:
    """Whether targets (n,) are a few numbers with one step between them, as 0 and 1, or grades, are.

    >>> _is_scale(torch.tensor([1.0, 3.0, 2.0, 1.0])), _is_scale(torch.tensor([1.0, 2.0, 50.0]))
    (True, False)
    """
    steps = y.unique().diff()
    return 0 < len(steps) < TUNED.scale_values and float(steps.max()) < 1.5 * float(steps.min())


def _is_tail(error: Tensor, far: Tensor) -> bool:
    """Whether others of the errors (n,) are so large, too, or so many, that those which are far are a tail of these."""
    others = error[~far]
    if float(error[far].min()) >= TUNED.gross_clear * float(others.max()):
        return False
    return float(others.max()) > TUNED.gross_tail or int((others > 1).sum()) > _most(len(error))


def _off_lines(rows: Table) -> Tensor:
    """How far rows (n,) are off lines in all columns that most rows bear out, in errors that are gross: beyond 1.

    A curve that follows a mistake hides it, and lines under Student's t do not follow one (Lange, Little & Taylor 1989,
    doi:10.2307/2290063). None is far in large tables, whose curves no row bends, nor where lines may meet all rows.
    """
    if len(rows) > TUNED.readings_in_turn or len(rows) < TUNED.rows_of_lines * rows.X.shape[1]:
        return rows.X.new_zeros(len(rows))
    X, wide = rows.X - rows.X.mean(0), rows.X.std(0)
    X = torch.where(wide > TUNED.line_digits * rows.X.abs().amax(0), X / wide, 0.0)
    X, worst = torch.cat([X, X.new_ones(len(X), 1)], 1), X.new_zeros(len(X))
    for y, spread in zip(rows.y.T, rows.y.std(0), strict=True):
        if not float(spread) > TUNED.line_digits * float(y.abs().max()):
            continue
        given = torch.ones_like(y) if rows.weight is None else rows.weight
        weight = given
        for _ in range(TUNED.line_rounds):
            heavy = X * weight[:, None]
            A = X.T @ heavy
            A += TUNED.line_ridge * A.diagonal().mean() * torch.eye(len(A)).to(A)
            slopes = torch.cholesky_solve((heavy.T @ y)[:, None], torch.linalg.cholesky(A))[:, 0]
            left = y - X @ slopes
            scale = (NORMAL * left.abs().median()).clamp(min=TUNED.line_digits * float(spread))
            weight = given / (1 + (left / (2 * scale)).square())
        least = scale.mul(TUNED.gross).clamp(min=TUNED.gross_least * float(spread))
        off = left.abs()
        for place, missing in _unknown(rows):
            nearer = [left.sign() * slopes[place] * (end - X[:, place]) for end in X[:, place].aminmax()]
            off = torch.where(missing, off - torch.stack(nearer).amax(0), off)
        worst = worst.maximum(off.clamp(min=0) / least)
    return worst


def _unknown(rows: Table) -> list[tuple[int, Tensor]]:
    """The inputs of each column with missing cells, and the rows (n,) in which these miss."""
    return [
        (place, missing)
        for column, missing in gaps(rows)
        for place, name in enumerate(rows.inputs)
        if name == column or name.startswith(f"{column}=")
    ]


def _nearest(model: KAN, rows: Table) -> Tensor:
    """The predictions (n, k) that are nearest to the targets, whatever missing cells hold within the range of their
    column: a median stands there, and the target of such a row may be off by as much as the column makes of it."""
    made, ranges = predict(model, rows), model.metadata.ranges or rows.ranges
    sign, off = (rows.y - made).sign(), (rows.y - made).abs()
    for place, missing in _unknown(rows):
        at, X, nearer = missing.nonzero()[:, 0], rows.X[missing], torch.zeros_like(made[missing])
        for value in torch.linspace(*ranges[place], TUNED.gap_values):
            X[:, place] = value
            nearer = nearer.maximum(sign[at] * (predict(model, replace(rows.take(at), X=X)) - made[at]))
        off[at] = (off[at] - nearer).clamp(min=0)
    return rows.y - sign * off


def _most(rows: int) -> int:
    """How many of so many rows may be gross errors, but for decimal points that slipped."""
    return max(1, int(TUNED.gross_part * rows))


def _apart(error: Tensor, rows: Table) -> Tensor:
    """The few gross errors (n,) that are far from all others. More of them may be decimal points that slipped."""
    many = _farthest(error, max(_most(len(error)), int(TUNED.slipped_part * len(error))), TUNED.slipped_gap)
    few = _farthest(error, _most(len(error)), TUNED.gross_gap)
    return many if int(many.sum()) > int(few.sum()) and _have_slipped(rows, many) else few


def _farthest(error: Tensor, most: int, gap: float) -> Tensor:
    """The gross errors (n,), at most so many, of which the smallest is so many times the largest other error."""
    largest = error.sort(descending=True).values
    apart = (largest[:most] > 1) & (largest[:most] >= gap * largest[1 : most + 1])
    count = int(apart.nonzero().max()) + 1 if bool(apart.any()) else 0
    return error > largest[count]


def _have_slipped(rows: Table, far: Tensor) -> bool:
    """Whether targets that are far (n,) are like the others once their decimal point is moved. That says something
    where others have one sign, and their largest is less than ten times their smallest."""
    slipped = torch.zeros_like(far)
    for y in rows.y.T:
        low, high = y[~far].aminmax()
        if float(low) < 0:
            y, low, high = -y, -high, -low
        if 0 < float(low) and float(high) < 10 * float(low):
            mantissa = torch.where(y > 0, y / low, torch.nan).log10() % 1  # one power of ten is as good as another
            like = mantissa <= torch.log10(high / low)
            slipped |= like & ((y < low) | (y > high))
    return bool(slipped[far].all())


def _bend(trained: Trained, table: Table, far: Tensor, settings: StudySettings) -> bool:
    """Whether a network that is fitted to the other rows alone predicts these clearly better, in turn where they are
    not too many: what one row bends may be a small part of the others."""
    if trained.chosen.ending is None:
        return False
    rows = replace(table, lines=tuple(range(len(table))))
    near, judged, errors = rows.take((~far).nonzero()[:, 0]), [], []
    least = _least(trained.splines, rows, far)
    try:
        in_turn = len(near) <= TUNED.readings_in_turn
        pieces = folds(near, TUNED.log_folds, settings.seed) if in_turn else [parts(near, settings.seed)]
        for training, judging in pieces:
            if judging is None:
                return False
            both = rows.take(torch.cat([torch.tensor(training.lines), far.nonzero()[:, 0]]))
            models = (_fitted(trained, part) for part in (training, both))
            errors.append(torch.stack([_errors(model, judging, least) for model in models]))
            judged += judging.lines
    except (TrainingError, ConfigError, DataError):
        return False
    free, bent = torch.cat(errors, 1)
    return clearly_lower(free, bent, rows.take(torch.tensor(judged)))


def with_limits(trained: Trained, rows: Table) -> Trained:
    """The same with the errors beyond which a row is one, by what its network makes of these, none of which is one."""
    largest = (predict(trained.splines, rows) - rows.y).abs().amax(0)
    return replace(trained, limits=tuple(limits(trained.splines, rows).maximum(TUNED.gross_gap * largest).tolist()))


def limits(model: KAN, rows: Table) -> Tensor:
    """Errors of each output (k,) beyond which they are gross, by how far half of these rows are off."""
    usual = TUNED.gross * NORMAL * (predict(model, rows) - rows.y).abs().median(0).values
    return usual.maximum(TUNED.gross_least * rows.y.std(0))


def excess(model: KAN, rows: Table, others: Table) -> Tensor:
    """How far rows (n,) are off, in errors that others bear out: beyond 1, they are gross."""
    return _over(model, rows, limits(model, others))


def excess_by_log(model: KAN, rows: Table, others: Table) -> Tensor:
    """The same (n,) of errors that grow with the mean of a single output: those of logarithms, or of roots where it may
    be zero, whose errors are of one size for counts (Bartlett 1936, doi:10.2307/2983678). None is gross where a target
    has neither."""
    least = float(rows.y.min())
    if least < 0:
        return torch.zeros_like(rows.y[:, 0])
    of = torch.log if least > 0 and float(others.y.min()) > 0 else torch.sqrt
    off, usual = ((of(predict(model, part)) - of(part.y)).abs()[:, 0] for part in (rows, others))
    least_gross = (TUNED.gross * NORMAL * usual.median()).clamp(min=TUNED.gross_least * float(of(others.y).std()))
    found = off / least_gross
    far = (found > 1).nonzero()[:, 0]
    if len(far):
        few = rows.take(far)
        found[far] = (of(_nearest(model, few)) - of(few.y)).abs()[:, 0] / least_gross
    return found


def _over(model: KAN, rows: Table, least: Tensor) -> Tensor:
    """How far rows (n,) are off, in the least errors (k,) that are gross. At the end of a column a row has no others
    around it, so what a network says there is a guess."""
    ordered = rows.X.sort(0).values
    alone = ((rows.X < ordered[1]) | (rows.X > ordered[-2])).any(1, keepdim=True)
    least = torch.where(alone, least.maximum(TUNED.gross_alone * rows.y.std(0)), least)
    found = _off(model, rows, least)
    far = (found > 1).nonzero()[:, 0]
    if len(far):
        few = rows.take(far)
        found[far] = ((_nearest(model, few) - few.y).abs() / least[far].clamp(min=1e-300)).amax(1)
    return found


def _least(model: KAN, rows: Table, far: Tensor) -> Tensor:
    """The least errors (k,) that are gross; infinite for outputs in which no row that is far (n,) is off by as much.
    They would hide what these rows bend."""
    least = limits(model, rows.take((~far).nonzero()[:, 0]))
    missed = ((predict(model, rows) - rows.y)[far].abs() > least).any(0)
    return torch.where(missed, least, torch.inf) if bool(missed.any()) else least


def _errors(model: KAN, rows: Table, least: Tensor) -> Tensor:
    """How far rows (n,) are off, in the least errors (k,) that are gross, and by no more than one. So a row that nobody
    foresees decides nothing."""
    return _off(model, rows, least).clamp(max=1)


def _off(model: KAN, rows: Table, least: Tensor) -> Tensor:
    """How far rows (n,) are off in the worst of their outputs, in units of these (k,), or of each row (n, k)."""
    return ((predict(model, rows) - rows.y).abs() / least.clamp(min=1e-300)).amax(1)


def gross(trained: Trained, rows: Table) -> Tensor:
    """Which rows (n,) are gross errors, where a network leaves these out; else none."""
    if trained.limits is None:
        return torch.zeros(len(rows), dtype=torch.bool)
    return _over(trained.splines, rows, rows.y.new_tensor(trained.limits)) > 1


def believed(trained: Trained, rows: Table) -> Table:
    """The rows that are none."""
    far = gross(trained, rows)
    return rows.take((~far).nonzero()[:, 0]) if bool(far.any()) else rows


def told(trained: Trained, rows: Table, seen: Table | None = None) -> tuple[str, ...]:
    """A sentence on the rows that no fit used, nothing where there are none. seen: rows that were fitted before it was
    known which are gross errors; the last fit alone leaves these out."""
    far = rows.take(gross(trained, rows).nonzero()[:, 0])
    if not len(far):
        return ()
    made = predict(trained.splines, far)
    row, output = divmod(int((made - far.y).abs().argmax()), far.y.shape[1])
    late = seen is not None and bool(gross(trained, seen).any())
    said, foreseen = float(far.y[row, output]), float(made[row, output])
    return (words.gross_errors(len(far), far.outputs[output], said, foreseen, late, far.lines, far.unit),)
