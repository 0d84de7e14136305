"""Products of two parts, and what is added."""

from __future__ import annotations

import torch

from edgewise.discovery.parts.factors import factors
from edgewise.discovery.parts.splits import SplitRows


def rows(law) -> tuple[SplitRows, SplitRows]:
    Z = -1 + 2 * torch.rand(600, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    g = law(*Z.T)
    first, last = (SplitRows(Z[at], g[at], torch.ones_like(g[at])) for at in (slice(0, 400), slice(400, 600)))
    return first, last


def test_a_product_that_changes_sign_is_found_with_its_constant():
    fitting, held = rows(lambda x, y: 1.5 + torch.sin(3 * x) * (y - 0.2))
    found = factors(((0,), (1,)), fitting, held)
    assert found is not None and found.error < 1e-6 and abs(found.constant - 1.5) < 1e-6
    assert torch.allclose(found.values(held.Z), held.g, atol=1e-5)


def test_a_function_of_one_block_may_be_added():
    fitting, held = rows(lambda x, y: torch.sin(3 * x) * torch.exp(y) + torch.cos(2 * x))
    plain, beside = (factors(((0,), (1,)), fitting, held, beside=more) for more in (False, True))
    assert plain is not None and plain.error > 0.01
    assert beside is not None and beside.error < 1e-6 and len(beside.parts) == 3


def test_a_sum_of_two_products_is_none():
    fitting, held = rows(lambda x, y: torch.sin(3 * x) * y + torch.cos(2 * x) * y**2 + x * y**3)
    found = factors(((0,), (1,)), fitting, held, beside=True)
    assert found is None or found.error > 0.01
