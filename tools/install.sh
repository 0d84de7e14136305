#!/bin/sh
# Makes .venv with a Python of 3.11 or newer and installs edgewise in it with the extras named: sh tools/install.sh all,dev
# PYTHON=/path/to/python chooses the interpreter. Called by the Makefile; safe to call again at any time.
set -eu
cd "$(dirname "$0")/.."
extras=${1:-all}
wanted='import sys; sys.exit(sys.version_info < (3, 11))'

usable() { "$1" -c "$wanted" >/dev/null 2>&1; }  # it exists, runs (a shim of a version manager may not) and is new enough
makes_venv() {  # some systems ship venv without ensurepip, or ensurepip without its wheels: only trying tells
    rm -rf .venv
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1 && "$1" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; return 1; }
}
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

if ! { [ -x .venv/bin/python ] && usable .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    found= incomplete= old=
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if usable "$candidate"; then
            if makes_venv "$candidate"; then found=$candidate; break; fi
            incomplete=${incomplete:-$candidate}
        else
            number=$(version "$candidate") && [ -n "$number" ] && old="$old $candidate ($number)"
        fi
    done
    if [ -z "$found" ] && [ -n "$incomplete" ]; then
        number=$(version "$incomplete")
        {
            echo "edgewise: $incomplete ($number) cannot make .venv: its modules venv and ensurepip are missing or incomplete. Install them and run the command again:"
            echo "  Debian, Ubuntu:  sudo apt install python$number-venv"
            echo "  Fedora, RHEL:    sudo dnf install python3-libs python3-pip"
            echo "  elsewhere:       a complete Python of 3.11 or newer, then PYTHON=/path/to/python3 before the command"
        } >&2
        exit 1
    fi
    if [ -z "$found" ]; then
        {
            echo "edgewise: needs Python 3.11 or newer and found none${old:+; too old:$old}."
            echo "Looked for: ${PYTHON:-python3 python3.13 python3.12 python3.11 python}. Install one and run the command again:"
            echo "  Debian, Ubuntu:  sudo apt install python3 python3-venv   (or python3.11 python3.11-venv, where python3 is older)"
            echo "  Fedora, RHEL:    sudo dnf install python3.12"
            echo "  macOS:           brew install python@3.12"
            echo "or name one yourself: PYTHON=/path/to/python3.12 before the command."
        } >&2
        exit 1
    fi
    echo "edgewise: made .venv with $found ($(version "$found"))"
fi

echo "edgewise: installing edgewise[$extras] into .venv (torch is large: the first time takes a while)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]" || {
    echo "edgewise: the installation failed (see above). Mend the cause (often the network) and run the command again." >&2
    exit 1
}
