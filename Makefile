# make demo         sets everything up and shows a market of a dozen processes
# make test         sets everything up and runs the checks and the tests
# make bench        measures against the floor
# make reliability  kills a recorded run 200 times and sees whether anything is lost
# make fidelity     measures against the reference module, and writes the figures into docs/fidelity.md

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint bench reliability fidelity clean

demo: $(READY)
	$(BIN)/aosim demo

test: lint
	$(BIN)/python -m pytest -q -rs -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=90

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/aosim bench

reliability: $(READY)
	$(BIN)/python tests/replay/killing.py

fidelity: $(READY)
	$(BIN)/aosim fidelity

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aosim needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV) || { \
	  test "$$(id -u)" = 0 && apt-get update -q && apt-get install -qy python3-venv && $(PYTHON) -m venv $(VENV); \
	} || { echo "Python's venv module is missing. On Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
