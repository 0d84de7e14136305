"""What the caller of `fit` may choose, checked as a whole: every mistake is told in one `ConfigError`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..config import is_auto, is_count, is_number, is_seed, is_sequence
from ..devices import as_device, uncast
from ..errors import ConfigError, did_you_mean, problems, shown
from ..limits import HISTORY_ROW, MODULE, times, too_large
from ..losses import Function, Loss
from ..model import KAN
from .choose import EVIDENCE, FULL_BATCH, NAMES, RIDGE, Optimizer
from .evidence.shapes import Constraints, faults_of
from .monitor import Callback, wrong_callbacks
from .priors.memory import Memory, check_memory
from .resuming.journal import Part
from .solvers import sharding
from .solvers.optimizer_steps import Care
from .solvers.rates import SCHEDULES

OPTIMIZERS = ("auto", *NAMES, EVIDENCE, RIDGE)
PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}
MOST_GRIDS = 1000  # more stages than any fit goes through; the sizes are looked at one by one


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """The keywords of `fit`, which tells what each of them does.

    >>> FitSettings(steps=0).check(KAN((1, 1)), [[0.0]], [0.0])
    Traceback (most recent call last):
    ...
    edgewise.errors.ConfigError: steps must be None or a whole number >= 1, got 0
    """

    residual: Callable[[nn.Module], Tensor] | None = None
    validation: Any = None
    sample_weight: Any = None
    groups: Any = None
    memory: Memory | None = None
    optimizer: Optimizer = "auto"
    grids: str | Sequence[int] = "auto"
    sparsity: float = 0.0
    loss: str | Loss | Function = "auto"
    restarts: str | int = "auto"
    steps: int | None = None
    batch_size: int | None = None
    seed: int = 0
    callbacks: Sequence[Callback] = ()
    progress: bool = True
    device: torch.device | str | None = None
    resume: Part | None = None
    constraints: Constraints | None = None
    epochs: int | None = None
    lr: float | None = None
    schedule: str | Callable[[float], float] | None = None
    precision: str | None = None
    clip: float | None = None

    @property
    def by_epochs(self) -> dict[str, Any]:
        """What was asked for that only methods in mini-batches have."""
        names = ("batch_size", "epochs", "lr", "schedule", "precision", "clip")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def care(self) -> Care:
        """Number format and clipping of the steps."""
        return Care(PRECISIONS[self.precision] if self.precision else None, self.clip)

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """The grids that were asked for; None where `fit` chooses them."""
        return None if isinstance(self.grids, str) else tuple(int(size) for size in self.grids)

    @property
    def restarts_asked(self) -> int:
        """How many restarts were asked for; 0 where `fit` chooses."""
        return 0 if isinstance(self.restarts, str) else self.restarts

    def place(self, model: nn.Module) -> torch.device:
        """Where to train: the model's own device, unless another one was asked for."""
        if self.device is not None:
            return as_device(self.device) or torch.device("cpu")
        return next((p.device for p in model.parameters()), torch.device("cpu"))

    def check(self, model: Any, X: Any, y: Any) -> None:
        """Raise `ConfigError` for every value that cannot be used, or else for every one that would have no effect on
        this model."""
        problems([*self._data(model, X, y), *self._values(), *self._memory(model), *self._callbacks()])
        problems([*self._without_effect(model)])

    def _data(self, model: Any, X: Any, y: Any) -> Iterator[str]:
        if not isinstance(model, nn.Module):
            yield f"model must be an edgewise.KAN or another nn.Module, got {type(model).__name__}"
        if self.residual is not None and (X is not None or y is not None):
            yield "give X and y, or residual, not both"
        if self.residual is None and X is None:
            yield "give X and y, a DataLoader of pairs, or residual=..."
        if self.residual is not None and not callable(self.residual):
            yield f"residual must be a function of the model, got {shown(self.residual)}"

    def _values(self) -> Iterator[str]:
        yield from self._optimizer()
        yield from self._pace()
        yield from self._grids()
        sparsity = self.sparsity
        if not is_number(sparsity) or sparsity < 0:
            yield f"sparsity must be a number >= 0, got {shown(sparsity)}"
        if not is_auto(self.restarts) and not is_count(self.restarts, 0):
            yield f"restarts must be 'auto' or a whole number >= 0, got {shown(self.restarts)}"
        if self.steps is not None and not is_count(self.steps, 1):
            yield f"steps must be None or a whole number >= 1, got {shown(self.steps)}"
        if self.batch_size is not None and not is_count(self.batch_size, 1):
            yield f"batch_size must be None or a whole number >= 1, got {shown(self.batch_size)}"
        if not is_seed(self.seed):
            yield f"seed must be a whole number >= 0 and below 2^64, got {shown(self.seed)}"
        yield from faults_of(self.constraints)
        try:
            as_device(self.device)
        except ConfigError as error:
            yield str(error)
        yield from self._size()

    def _pace(self) -> Iterator[str]:
        """What only methods in mini-batches have."""
        if self.epochs is not None and not is_count(self.epochs, 1):
            yield f"epochs must be None or a whole number >= 1, got {shown(self.epochs)}"
        for name in ("lr", "clip"):
            value = getattr(self, name)
            if value is not None and (not is_number(value) or value <= 0):
                yield f"{name} must be None or a number > 0, got {shown(value)}"
        schedule, precision = self.schedule, self.precision
        if (
            schedule is not None
            and not callable(schedule)
            and not (isinstance(schedule, str) and schedule in SCHEDULES)
        ):
            names = ", ".join(map(repr, SCHEDULES))
            yield f"schedule must be one of {names} or a function of the part that is done, got {shown(self.schedule)}"
        if precision is not None and not (isinstance(precision, str) and precision in PRECISIONS):
            yield f"precision must be None or one of {', '.join(map(repr, PRECISIONS))}, got {shown(self.precision)}"

    def _size(self) -> Iterator[str]:
        """Numbers that this machine could not hold the results of."""
        for name, each in (("steps", HISTORY_ROW), ("epochs", HISTORY_ROW), ("restarts", MODULE)):
            value = getattr(self, name)
            if is_count(value, 1) and (found := too_large(f"{name}={shown(value)}", times(each, value), "take fewer")):
                yield found

    def _optimizer(self) -> Iterator[str]:
        optimizer: Any = self.optimizer
        if isinstance(optimizer, str) and optimizer not in OPTIMIZERS:
            yield f"unknown optimizer {shown(optimizer)}; {did_you_mean(optimizer, OPTIMIZERS)}"
        elif not isinstance(optimizer, str) and not callable(optimizer):
            yield (
                f"optimizer must be one of {', '.join(OPTIMIZERS)} or a factory such as torch.optim.AdamW, got"
                f" {shown(optimizer)}"
            )

    def _grids(self) -> Iterator[str]:
        grids: Any = self.grids
        if isinstance(grids, str):
            if grids != "auto":
                yield f"grids must be 'auto' or sizes such as (3, 6, 12), got {shown(grids)}"
        elif is_sequence(grids) and len(grids) > MOST_GRIDS:
            yield f"grids must be at most {MOST_GRIDS} sizes, each a stage of training, got {len(grids)}"
        elif not (
            is_sequence(grids) and grids and all(is_count(g, 1) for g in grids) and list(grids) == sorted(set(grids))
        ):
            yield f"grids must be 'auto' or growing sizes such as (3, 6, 12), got {shown(grids)}"

    def _memory(self, model: Any) -> Iterator[str]:
        yield from check_memory(self.memory, model, self.residual, self.optimizer, self.sparsity)

    def _callbacks(self) -> Iterator[str]:
        yield from wrong_callbacks(self.callbacks)

    def _without_effect(self, model: nn.Module) -> Iterator[str]:
        """Settings that would do nothing, or could not be followed."""
        network = network_of(model)
        if self.place(model).type == "meta":
            yield "the model would be on the device 'meta', which holds no values to train; take 'cpu'"
        elif self.precision is not None and (why := uncast(self.place(model), PRECISIONS[self.precision])):
            yield f"precision={self.precision!r} cannot be had on {self.place(model)}: {why}; leave it out"
        yield from self._on_sharded(model)
        if self.residual is not None:
            yield from self._beside_residual()
        elif network is not None:
            yield from self._on_network(network)
        elif self.sparsity > 0 or self.grids != "auto" or self.restarts_asked:
            kind = type(model).__name__
            yield f"sparsity, grids and restarts are for edgewise.KAN, the model is a {kind}; leave them out"
        if self.optimizer in (EVIDENCE, RIDGE):
            yield from self._beside_a_prior(network)
        if self.optimizer != EVIDENCE and self.constraints:
            yield f"constraints are kept by optimizer='evidence', got optimizer={shown(self.optimizer)}"
        if self.by_epochs and self.optimizer in FULL_BATCH:
            named = ", ".join(self.by_epochs)
            yield f"optimizer={shown(self.optimizer)} takes all rows at once; leave {named} out, or use 'adam'"
        if self.epochs is not None and self.steps is not None:
            yield "steps and epochs say the same of a method in mini-batches; leave steps out"

    def check_stream(self, y: Any) -> None:
        """Raise `ConfigError` for what a stream of batches cannot be given."""
        given = {"y": y, "sample_weight": self.sample_weight, "batch_size": self.batch_size}
        named = ", ".join(name for name, value in given.items() if value is not None)
        if named:
            raise ConfigError(f"the DataLoader's batches (x, y) or (x, y, weight) hold {named} already; leave it out")
        if self.groups is not None:
            raise ConfigError("groups are for rows that are held out, of which a stream has none; leave them out")

    def _beside_a_prior(self, network: KAN | None) -> Iterator[str]:
        """What fits have no use for that choose their smoothness, or the strength of their penalty, themselves."""
        evidence = self.optimizer == EVIDENCE
        if network is None or self.residual is not None:
            which = " without hidden layers" if evidence else ""
            yield f"optimizer={self.optimizer!r} is for an edgewise.KAN{which}, fitted to X and y; use optimizer='auto'"
        given = {"grids": self.sizes, "sparsity": self.sparsity, "restarts": self.restarts_asked}
        given |= {"steps": self.steps if evidence else None}
        given |= {"memory": self.memory, "resume": self.resume} | self.by_epochs
        if named := ", ".join(name for name, value in given.items() if value):
            what = "smoothness" if evidence else "penalty"
            yield f"optimizer={self.optimizer!r} chooses its {what} itself and has no use for {named}; leave them out"

    def _beside_residual(self) -> Iterator[str]:
        given = {
            "validation": self.validation is not None,
            "sample_weight": self.sample_weight is not None,
            "groups": self.groups is not None,
            **dict.fromkeys(self.by_epochs, True),
            "sparsity": bool(self.sparsity),
            "grids": not is_auto(self.grids),
            "loss": not is_auto(self.loss),
            "restarts": self.restarts_asked > 0,
        }
        return (f"{name} does not go with residual; leave it out" for name, there in given.items() if there)

    def _on_sharded(self, model: nn.Module) -> Iterator[str]:
        """What cannot be had of a module whose parameters are spread over processes."""
        yield from sharding.faults_of(model)
        if not sharding.is_sharded(model):
            return
        if isinstance(model, KAN):
            yield "fit takes no sharded KAN, only modules that hold one; every process can hold it without fully_shard"
        names = {"residual": self.residual, "resume": self.resume, "device": self.device}
        if given := ", ".join(name for name, value in names.items() if value is not None):
            yield f"{given} does not go with a sharded module; leave it out"
        if self.optimizer in FULL_BATCH:
            yield f"optimizer={shown(self.optimizer)} needs whole parameters, the model is sharded; use 'adam'"

    def _on_network(self, network: KAN) -> Iterator[str]:
        restarts = self.restarts_asked
        frozen = [name for name, p in network.named_parameters() if not p.requires_grad]
        if network.dtype.itemsize < 4:
            yield (
                f"the KAN's number format is {network.dtype}, which cannot tell neighbouring knots apart; fit a float32"
                f" or float64 model, and see what is lost by result.model.to({network.dtype})"
            )
        elif frozen:
            yield (
                f"{len(frozen)} parameter{'s' if len(frozen) > 1 else ''} of the KAN (first {frozen[0]}) with"
                " requires_grad=False, but fit trains all of a KAN; call model.requires_grad_() first, or minimise"
                " residual=lambda model: model(X) - y, which leaves frozen parameters alone"
            )
        elif restarts and network.edits:
            yield (
                f"restarts={restarts} would throw away what was done to the model ({network.edits[-1].action} last);"
                " leave it out, or fit a new KAN"
            )
        elif restarts and self.optimizer not in ("auto", "lm"):
            yield (
                f"restarts are for Levenberg-Marquardt, got optimizer={shown(self.optimizer)}; leave them out, or use"
                " 'lm'"
            )


def network_of(model: nn.Module) -> KAN | None:
    """The model where it is a KAN; a subclass with a forward pass of its own is trained as any module is."""
    return model if isinstance(model, KAN) and type(model).forward is KAN.forward else None
