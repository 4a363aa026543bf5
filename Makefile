# One command each: `make run`, `make test`, `make check`. Needs Python 3.11 or newer and make.

VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
PYTEST_ARGS ?=
TEST_WORKERS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
STAMPS := $(VENV)/.tradebreaks
RUN_READY := $(STAMPS)/run
TEST_READY := $(STAMPS)/test
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-strip-extras --group build --custom-compile-command "make lock" --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check lock setup setup-test wheel

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_READY) ## print the headline table and serve the pages until interrupted
	@$(BIN)/tradebreaks serve --host $(HOST) --port $(PORT)

test: $(TEST_READY) ## every test, the notebooks included
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

check: $(TEST_READY) ## ruff, mypy strict, import-linter, locks without addresses
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo
	@if grep -n '://' requirements.lock requirements-test.lock; then \
		echo 'A lock names an address: run make lock.' >&2; exit 1; fi

setup: $(RUN_READY) ## install what `make run` needs, and nothing else

setup-test: $(TEST_READY) ## install what `make test` needs, and nothing else

lock: $(TEST_READY) ## resolve both locks anew (UPGRADE=1 takes newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) --extra service --output-file requirements.lock > /dev/null
	$(LOCK) $(if $(UPGRADE),--upgrade) --all-extras --constraint requirements.lock \
		--output-file requirements-test.lock > /dev/null

wheel: $(TEST_READY) ## build the wheel into dist/
	$(PIP) wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist .

# The first interpreter on the path that is new enough, unless PYTHON names one.
$(BIN)/python:
	@set -e; python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
		for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
			if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
				python=$$candidate; break; fi; \
		done; \
	fi; \
	if [ -z "$$python" ]; then \
		echo 'tradebreaks needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3.' >&2; \
		exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2> /dev/null; then \
		version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python $$version has no ensurepip here: install the package python$$version-venv (Debian and Ubuntu: apt-get install python$$version-venv) and run make again." >&2; \
		exit 1; fi; \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv $(VENV)

# An installed superset serves both: the smaller lock is not installed over the larger one.
$(RUN_READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing the pinned packages (once; a minute or two)'
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index -e .
	@mkdir -p $(STAMPS) && touch $@

$(TEST_READY): requirements-test.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing the pinned packages and the test tools (once; a few minutes)'
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-test.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index -e .
	@mkdir -p $(STAMPS) && touch $(RUN_READY) $@

# Rooms add their own targets (calibration, bench, fuzz, docs) in a file of their own.
include $(wildcard benchmarks/*.mk benchmarks/*/*.mk docs/*.mk tests/*.mk)
