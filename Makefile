# From a bare clone with Python 3.11 or newer:  make sandbox   |   make test
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/.installed-run
DEV    := $(VENV)/.installed-dev
OWN    := $(VENV)/.installed-own
# Twice the cores: much of a test run is waiting, for pauses between messages and for processes.
WORKERS ?= 4

.PHONY: help sandbox run test bench lint format types docs check lock clean

help:  ## List what there is.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

sandbox: $(OWN)  ## Try everything in the browser, without a Slack account.
	$(BIN)/steadyhand sandbox $(ARGS)

run: $(OWN)  ## Serve a Slack workspace; settings come from the environment or .env.
	$(BIN)/steadyhand run $(ARGS)

test: $(DEV)  ## Run every test (those that need more than Python are skipped where it is missing).
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(DEV)  ## Style and mistakes that can be read off the code.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV)  ## Put every file into the one layout.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV)  ## Types, strictly.
	$(BIN)/mypy

bench: $(DEV)  ## Measure speed and scale on this machine (minutes; ratios count, not times).
	$(BIN)/python -m benchmarks.ack
	$(BIN)/python -m benchmarks.opening
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.scale $(ARGS)

docs: $(OWN)  ## Write the generated reference pages.
	$(BIN)/steadyhand docs

check: lint types test  ## Everything above that judges.

lock:  ## Choose versions anew (needs uv) and write them down with their hashes.
	uv pip compile pyproject.toml requirements/build.in $(LOCK) -o requirements/run.txt
	uv pip compile pyproject.toml requirements/build.in --extra dev $(LOCK) -o requirements/dev.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean:  ## Take the virtual environment and caches away; data stays.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installed once; again only when a lock changes.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements/run.txt | $(BIN)/python
	$(PIP) --require-hashes -r requirements/run.txt
	@touch $@

$(OWN): pyproject.toml $(RUN)
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt $(OWN)
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
