"""Sums of parts under an output function."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from edgewise.discovery.parts.splits import SplitRows, split


def rows(law, d: int, n: int = 600) -> tuple[SplitRows, SplitRows]:
    Z = 0.2 + 2 * torch.rand(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    g = law(*Z.T)
    parts = [SplitRows(Z[at], g[at], torch.ones_like(g[at])) for at in (slice(0, 400), slice(400, n))]
    return parts[0], parts[1]


@pytest.mark.parametrize(
    "law, output",
    [
        (lambda x, y: torch.exp(torch.sin(9 * x) + y**2), "log y"),
        (lambda x, y: torch.sqrt(x**2 + y**3), "y^2"),
        (lambda x, y: torch.tanh((torch.cos(x) + y) / 3), "arctanh y"),
        (lambda x, y: torch.cos(5 * x) + torch.exp(y), "y"),
    ],
)
def test_the_output_function_is_told_and_the_parts_are_known(law, output):
    fitting, held = rows(law, 2)
    best, *others = split(((0,), (1,)), fitting, held)
    assert best.output.name == output and best.error < 1e-6 * float(held.g.std())
    assert all(other.error > 100 * best.error for other in others)
    image: Any = best.constant + sum(part.values(held.Z) for part in best.parts)
    assert torch.allclose(image, best.output.value(held.g), atol=1e-5)


def test_blocks_that_interact_are_no_sum():
    fitting, held = rows(lambda x, y, z: torch.sin(x * y) + z, 3)
    assert split(((0,), (1,), (2,)), fitting, held)[0].error > 0.02
    assert split(((0, 1), (2,)), fitting, held)[0].error < 1e-3
