"""A run that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.cli.main import main
from runs import law


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "data.csv").write_text(law(120))
    arguments = [
        "fit",
        str(folder / "data.csv"),
        "--target",
        "y",
        "--categorical",
        "colour",
        "--out",
        str(folder / "run"),
        "--quiet",
    ]
    assert main([*arguments, "--hidden", "0", "--grids", "3"]) == 0
    return folder / "run"
