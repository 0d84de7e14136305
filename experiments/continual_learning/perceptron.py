"""An MLP shown the parts one after the other, with elastic weight consolidation or without."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .tasks import Rows

STEPS, RATE = 2000, 3e-3  # of Adam, over all rows of a part
STRENGTHS = (1.0, 1e2, 1e4)  # of the consolidation; the best of them on the judging rows, in the MLP's favour


def network(features: int, hidden: tuple[int, ...], seed: int) -> nn.Sequential:
    """Linear layers with silu between them, in float64."""
    torch.manual_seed(seed)
    sizes, layers = (features, *hidden, 1), []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(before, after, dtype=torch.float64), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def shown(
    features: int, hidden: tuple[int, ...], parts: list[Rows], strength: float, seed: int, steps: int
) -> nn.Module:
    """The MLP after all parts. `strength`: of what holds parameters where earlier parts need them (Kirkpatrick et al.
    2017, arXiv 1612.00796); 0 for none."""
    model = network(features, hidden, seed)
    parameters = list(model.parameters())
    held: list[tuple[list[Tensor], list[Tensor]]] = []
    everything = torch.cat([y for _, y in parts])
    shift, scale = everything.mean(), everything.std()
    for x, y in parts:
        optimizer = torch.optim.Adam(parameters, RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            loss = (model(x)[:, 0] - (y - shift) / scale).square().mean()
            for centre, weight in held:
                pulls = zip(parameters, centre, weight, strict=True)
                loss = loss + strength * sum((w * (p - c).square()).sum() for p, c, w in pulls)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if strength:
            held.append(([p.detach().clone() for p in parameters], fisher(model, x)))

    class InUnits(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return model(x) * scale + shift

    return InUnits()


def fisher(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The diagonal of the Fisher information of a Gaussian of unit variance, over the rows x (n, d)."""
    named = {name: p.detach() for name, p in model.named_parameters()}

    def one(state: dict[str, Tensor], row: Tensor) -> Tensor:
        return torch.func.functional_call(model, state, (row[None],))[0, 0]

    slopes = torch.func.vmap(torch.func.grad(one), in_dims=(None, 0))(named, x)
    return [slopes[name].square().mean(0) for name in named]
