"""Numbers as tables show them."""

from __future__ import annotations

import math

from edgewise.report.digits import amount, score, share


def test_shares_never_round_up_to_one():
    assert share(0.9999999) == "0.9999999" and share(1.0) == "1" and share(0.99996) != "1"
    assert share(float(1 - 2**-53)) != "1"


def test_what_is_no_number_is_a_dash():
    assert amount(None) == amount(math.nan) == amount(math.inf) == share(None) == "–"


def test_only_scores_bounded_by_one_keep_their_nines():
    assert score("accuracy", 0.99997) == "0.99997" and score("mae", 0.99997) == "1"
