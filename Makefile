# Each target works as the first command after a clone: it makes .venv and installs what it needs, once.
# Another interpreter: make test PYTHON=/path/to/python3.12      Serial tests: make test PYTEST_FLAGS=

PYTEST_FLAGS ?= -n auto --maxprocesses 8
bin := .venv/bin

.PHONY: help demo test cover slow experiments lint kernels release clean
.NOTPARALLEL:

help:
	@echo 'make demo   a noisy law and the knot table through the command line'
	@echo 'make test   the tests'
	@echo 'make cover  the same, which names the lines that no test runs'
	@echo 'make slow   the long tests'
	@echo 'make experiments  every experiment in small'
	@echo 'make lint   ruff and pyright'
	@echo 'make release  build dist/ and try it in fresh environments; all but the upload'
	@echo 'make kernels  the bitcode of the CPU kernels, after a change of their source'
	@echo 'make clean  remove .venv and every cache'

demo: .venv/installed
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(bin)/python examples/demo.py  # small tables: more threads only wait for one another

test: .venv/installed-dev
	$(bin)/python -m pytest $(PYTEST_FLAGS)

cover: .venv/installed-dev
	$(bin)/python -m pytest $(PYTEST_FLAGS) --cov --cov-report=term --cov-fail-under=95

slow: .venv/installed-dev
	$(if $(wildcard tests/slow/test_*.py),$(bin)/python -m pytest -m slow $(PYTEST_FLAGS),@echo 'there are no long tests yet')

experiments: .venv/installed-dev
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(bin)/python -m experiments all --smoke

lint: .venv/installed-dev
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/pyright --pythonpath $(bin)/python

release:
	@PYTHON='$(PYTHON)' sh tools/release.sh

.venv/installed: pyproject.toml tools/install.sh
	@PYTHON='$(PYTHON)' sh tools/install.sh all
	@touch $@

# what the tests need includes what the demo needs
.venv/installed-dev: pyproject.toml tools/install.sh
	@PYTHON='$(PYTHON)' sh tools/install.sh all,dev,gpu-test
	@touch .venv/installed $@

# bitcode by the oldest LLVM that pyproject.toml allows, which newer ones can read
kernels: .venv/installed
	$(bin)/python -m venv .venv/oldest-numba
	.venv/oldest-numba/bin/python -m pip install --quiet --disable-pip-version-check numba==0.62.1 llvmlite==0.45.1
	PYTHONHASHSEED=0 PYTHONPATH=src/edgewise/ops/cpu .venv/oldest-numba/bin/python -m kernels.emit src/edgewise/ops/cpu/bitcode

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
