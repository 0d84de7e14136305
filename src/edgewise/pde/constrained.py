"""constrained: a network in the form of a solution, without solving anything."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from ..config import is_sequence
from ..errors import ConfigError, knows_keywords, shown
from ..model import KAN
from .ansatz import Ansatz
from .conditions import Condition, Initial
from .domain import Domain
from .hard import form_of
from .module_jets import ModuleJets
from .time_slabs import TimeSlabs


@knows_keywords
def constrained(
    network: nn.Module,
    *,
    domain: object,
    conditions: Sequence[Condition],
    features: Sequence[Callable[[Tensor], Tensor]] = (),
) -> Ansatz:
    """Put a network into the form that hard conditions, interfaces and features ask for, as `solve` does.

    So a solution whose form has Python functions comes back from a file: save its network, load it, and put it into the
    same form.

    Args:
        network: a KAN, `TimeSlabs` or another module.
        domain: as `solve` takes it.
        conditions: those of the problem; soft ones change nothing.
        features: as `solve` takes them.

    Returns:
        An `Ansatz` around the network itself, not a copy.

    Raises:
        ConfigError: hard conditions or features that cannot be used, or a network with other inputs or outputs.

    >>> import torch
    >>> from edgewise.pde import Dirichlet
    >>> model = constrained(KAN((1, 1)), domain=((0, 1),), conditions=[Dirichlet(torch.cos, hard=True)])
    >>> float(model(torch.zeros(1, 1, dtype=torch.float64)).detach())
    1.0
    """
    if not isinstance(network, nn.Module):
        raise ConfigError(f"network must be an edgewise.KAN or another nn.Module, got {type(network).__name__}")
    if not is_sequence(conditions):
        raise ConfigError(f"conditions must be a list such as [edgewise.pde.Dirichlet(0.0)], got {shown(conditions)}")
    place = Domain.create(domain)
    one = network.networks[0] if isinstance(network, TimeSlabs) else network
    if isinstance(one, KAN) and one.features != place.dims:
        raise ConfigError(f"the network takes {one.features} inputs, but points of the domain have {place.dims}")
    timed = any(isinstance(condition, Initial) for condition in conditions)
    return Ansatz(network, form_of(conditions, features, place, outputs_of_network(one, place), timed))


def outputs_of_network(network: nn.Module, domain: Domain) -> int:
    """How many outputs a network has for points of a domain."""
    if isinstance(network, KAN):
        return network.outputs
    return ModuleJets(copy.deepcopy(network).double(), domain.dims).outputs
