"""The cards of edges."""

from __future__ import annotations

import math

from edgewise.plotting.bands import fit_curve
from edgewise.plotting.marks import Rect


def test_curve_breaks_at_values_that_are_not_finite_and_rounding_is_no_shape():
    box = Rect(0, 0, 1, 1)
    assert len(fit_curve((0, 1, 2, 3, 4), (0, 1, math.nan, 3, 4), box)) == 2
    assert fit_curve((0, 1, 2), (math.inf, math.nan, math.nan), box) == ()
    level = fit_curve((0, 1, 2), (1e3, 1e3 + 1e-13, 1e3), box)
    assert {y for _, y in level[0]} == {0.5}
