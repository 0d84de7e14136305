"""Small work takes one thread, and numbers of threads are put back."""

import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController

from edgewise.threads import SERIAL, threads_for


def of_matrices() -> list[int]:
    """Threads of NumPy's and SciPy's routines for matrices."""
    assert np.linalg.det(np.eye(2)) == 1  # they are loaded when they are first needed
    return [library["num_threads"] for library in ThreadpoolController().info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("before", [1, 2])
@pytest.mark.parametrize("work", [0.0, 2 * SERIAL])
def test_work_has_the_threads_it_is_worth_and_others_come_back(before: int, work: float):
    kept, matrices = torch.get_num_threads(), of_matrices()
    torch.set_num_threads(before)
    try:
        with pytest.raises(KeyboardInterrupt), threads_for(work):
            assert torch.get_num_threads() == (before if work >= SERIAL else 1)
            assert set(of_matrices()) == {1}
            raise KeyboardInterrupt
        assert torch.get_num_threads() == before
        assert of_matrices() == matrices
    finally:
        torch.set_num_threads(kept)
