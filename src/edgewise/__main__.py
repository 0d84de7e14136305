"""`python -m edgewise` is the command `edgewise`."""

from __future__ import annotations

from .cli.main import console

if __name__ == "__main__":
    console()
