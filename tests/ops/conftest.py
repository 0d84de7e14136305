"""Fixtures for the tests of kernels."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def threads():
    """Most tests of kernels are about values; those about threads set their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch.set_num_threads
    torch.set_num_threads(before)
