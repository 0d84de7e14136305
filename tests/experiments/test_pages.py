"""What pages tell of the results: the gallery names all that has some, the comparison counts who is lower."""

from __future__ import annotations

import re

import pytest

from experiment_runs import ROOT, module


def test_the_gallery_shows_every_experiment_that_has_results(tmp_path):
    gallery, names = module("gallery"), {"new": "what is new", "empty": "nothing yet"}
    (tmp_path / "new").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "new" / "result.csv").write_text("name,seconds,seeds\na,30,4\n", encoding="utf-8")
    (tmp_path / "new" / "README.md").write_text("# The new one\n", encoding="utf-8")
    page = gallery.build(tmp_path, names)
    assert "[The new one](new/README.md)" in page and "What is new." in page and "2 min of CPU time, 1 rows" in page
    assert "python -m experiments new" in page and "result.png" not in page and "Nothing yet" not in page
    (tmp_path / "new" / "result.png").write_bytes(b"")
    assert "(new/result.png)" in gallery.build(tmp_path, names)


def test_the_committed_gallery_names_all_that_has_results():
    """After a new experiment: python -m experiments gallery."""
    main, gallery = module("__main__"), module("gallery")
    page = (ROOT / "experiments" / gallery.PAGE).read_text(encoding="utf-8")
    with_results = [name for name in main.NAMES if (ROOT / "experiments" / name / "result.csv").exists()]
    missing = [name for name in with_results if not re.search(rf"`python -m experiments {name}( --seeds \d+)?`", page)]
    assert not missing, f"run `python -m experiments gallery`: {missing} have results and are not in its page"


def test_the_comparison_counts_who_is_lower_by_how_much():
    rows = [
        {"name": "a", "edgewise_best": "1e-6", "mlp_best": "1e-4"},
        {"name": "b", "edgewise_best": "4e-6", "mlp_best": "2e-6"},
        {"name": "c", "edgewise_best": "1e-6", "mlp_best": ""},
    ]
    found = module("fair_comparison.run").compare(rows, "mlp_best")
    assert (found["rows"], found["kan_wins"], found["peer_wins"]) == (2, 1, 1)
    assert found["median_factor"] == pytest.approx(50.25) and found["where_peer_wins"] == "b (2)"
    assert module("fair_comparison.run").compare(rows, "mlp_10x") is None
