"""What the fits of a study begin with: their rows, and networks of the right shape."""

from __future__ import annotations

from ..data import Table, split
from ..errors import DataError, shown
from ..limits import refuse_too_large, training_bytes
from ..metadata import Metadata
from ..model import KAN
from ..train.held_out import FEWEST, FEWEST_GROUPS
from .closed_forms import thin
from .study_settings import StudySettings
from .tuning import TUNED


def parts(rest: Table, seed: int) -> tuple[Table, Table | None]:
    """The rows to train on, and those to choose by; None where rows are few. Of very many, a part does."""
    if rest.count < FEWEST or (rest.groups is not None and len(rest.groups.unique()) < FEWEST_GROUPS):
        return rest, None
    try:
        other = (seed + 1) % 2**64  # another draw than that which set `rest` apart
        return split(thin(rest, TUNED.learnt), TUNED.choosing, other)
    except DataError:
        if rest.groups is None:
            raise
        return rest, None  # each group has the only rows of a class


def with_room(rest: Table, settings: StudySettings) -> KAN:
    """A network of sums, with room for products, which its evidence will fill or leave out."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    room = TUNED.products * outputs if settings.interactions == "auto" else int(settings.interactions)
    widths = (len(rest.inputs), (outputs, room), outputs) if room else (len(rest.inputs), outputs)
    columns = Metadata(rest.inputs, categories=rest.categories, encoding=rest.encoding)  # which inputs are one variable
    return KAN(widths, seed=settings.seed).build(metadata=columns)


def fresh(rest: Table, settings: StudySettings) -> KAN:
    """The network that the first fit starts from."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    grid_size = settings.grids[0] if isinstance(settings.grids, tuple) else 5
    widths = len(rest.inputs), *settings.hidden, outputs
    needed = training_bytes(widths, grid_size, 3, len(rest.X))
    refuse_too_large(f"hidden={shown(settings.hidden)} on {len(rest.X)} rows", needed, "take fewer nodes")
    return KAN(widths, grid_size=grid_size, seed=settings.seed)
