#!/bin/sh
# All of a release but the upload: builds dist/, checks it, and tries the wheel and the sdist in fresh environments.
# PYTHON=/path/to/python chooses the interpreter. Called by `make release`; safe to call again at any time.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM

fresh() {  # a fresh environment with these packages, in which what was installed must work
    rm -rf "$place/venv"
    "$python" -m venv "$place/venv"
    echo "edgewise: trying $1"
    "$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$1"
    "$place/venv/bin/python" -I tools/smoke.py
}

"$python" -m venv "$place/tools"
"$place/tools/bin/python" -m pip install --quiet --disable-pip-version-check build twine
rm -rf dist
"$place/tools/bin/python" -m build --outdir dist .
"$place/tools/bin/python" -m twine check --strict dist/*
fresh "$(echo dist/*.whl)"         # without optional packages
fresh "$(echo dist/*.whl)[all]"
fresh "$(echo dist/*.tar.gz)[all]"
echo "edgewise: dist/ is ready; upload it with: python -m twine upload dist/*"
