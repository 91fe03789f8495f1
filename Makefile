# Every target works in a fresh clone: it makes its own environment first, and again when the pins change.
# `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?=
BENCH ?= --help
AUDIT ?=
PACKAGES := stream_hmoe monitor dashboards benchmarks deploy tests

.DEFAULT_GOAL := help
.PHONY: help demo test check audit fix bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.ready ## watch a model learn from a drifting stream, with a dashboard (DEMO="--records 5000" for options)
	$(BIN)/hmoe demo $(DEMO)

test: $(VENV)/.ready-dev ## run the tests
	$(BIN)/python -m pytest

check: $(VENV)/.ready-dev ## everything a change must pass: format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard $(PACKAGES))
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

audit: $(VENV)/.ready-dev ## look the pinned dependencies up among known vulnerabilities (needs the network)
	$(BIN)/python .ci/audit.py $(AUDIT)

fix: $(VENV)/.ready-dev ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev ## compare with other libraries on the same rows (BENCH="--data DIR --json OUT" for options)
	$(BIN)/python -m benchmarks.streams $(BENCH)

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# torch comes first and alone: when a CPU build is at hand, the exact pin takes it and nothing asks for CUDA later.
$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
