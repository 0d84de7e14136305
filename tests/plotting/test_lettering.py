"""The room that text takes."""

from __future__ import annotations

import pytest

from edgewise.plotting.lettering import shorten, width

from .pictures import HOSTILE


@pytest.mark.parametrize("text", [*HOSTILE, "a" * 200, "größe"])
@pytest.mark.parametrize("room", [0.3, 1.0])
def test_shortened_text_fits_and_shows_both_ends(text, room):
    cut = shorten(text, 10, room)
    assert width(cut, 10) <= room
    assert cut == text or (cut[0] == text[0] and "…" in cut)


def test_width_grows_with_the_size_and_the_text():
    assert width("aa", 10) == 2 * width("a", 10) and width("a", 20) == 2 * width("a", 10)
    assert width("e\u0301", 10) == width("e", 10)  # an accent that combines takes no room
