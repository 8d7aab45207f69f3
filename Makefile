SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Which lock file a virtual environment was made from is kept in it, so that nothing is installed twice.
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --python-version 3.11

# Each of the two has servers of its own; a file stays with one of them, because its tests share demo shops. In the order
# given, not by how many tests a file has: those that kill servers take long and are few, and short ones end together.
TWO_AT_A_TIME := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help run up down status crawl check test unit integration chaos e2e load load-live load-backoffice load-events lint types catalogues format lock audit clean

help: ## Show what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(RUN_READY) ## Start everything, crawl four demo shops, show a live price; Ctrl-C stops it
	@$(BIN)/listino demo

up: $(RUN_READY) ## Start everything in the background
	@$(BIN)/listino up --detach

down: $(RUN_READY) ## Stop what was started in the background
	@$(BIN)/listino down

status: $(RUN_READY) ## Show how each part is
	@$(BIN)/listino status

crawl: $(RUN_READY) ## Crawl all four markets now
	@$(BIN)/listino crawl all

check: $(RUN_READY) ## Find what keeps Listino from running here
	@$(BIN)/listino check

test: $(TEST_READY) chromium ## Run all tests
	$(BIN)/python -m pytest tests/chaos tests/integration tests/unit -m "not long" $(TWO_AT_A_TIME)
	$(BIN)/python -m pytest tests/e2e $(TWO_AT_A_TIME)

unit: $(TEST_READY) ## Run the unit tests alone
	$(BIN)/python -m pytest tests/unit $(TWO_AT_A_TIME)

integration: $(TEST_READY) ## Run the tests with real servers alone
	$(BIN)/python -m pytest tests/integration $(TWO_AT_A_TIME)

chaos: $(TEST_READY) ## Kill servers under load, the long way (a few minutes)
	$(BIN)/python -m pytest tests/chaos --capture=no

e2e: $(TEST_READY) chromium ## Run the tests with a real browser alone
	$(BIN)/python -m pytest tests/e2e $(TWO_AT_A_TIME)

load: $(TEST_READY) wrk ## Measure the storefront with 100,000 products; writes docs/performance.md (half an hour)
	$(BIN)/python tests/load/run.py

load-live: $(TEST_READY) ## Measure live prices on a simulated day; writes docs/performance.md (a quarter of an hour)
	$(BIN)/python tests/load/live.py

load-backoffice: $(TEST_READY) ## Measure the back office over a year of ten million events; writes docs/performance.md (an hour)
	$(BIN)/python tests/load/backoffice.py

load-events: $(TEST_READY) ## Measure how a thousand events a second are taken in; writes docs/performance.md (three minutes)
	$(BIN)/python tests/load/events.py

lint: $(TEST_READY) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TEST_READY) ## Check types
	$(BIN)/mypy

catalogues: $(TEST_READY) ## Bring the translations in line with the texts of the back office
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keyword lazy_gettext --keyword lazy_pgettext:1c,2 --no-location --omit-header --output-file backoffice/translations/texts.pot backoffice
	for language in de es fr it; do $(BIN)/pybabel --quiet update --input-file backoffice/translations/texts.pot --output-file backoffice/translations/$$language.po --locale $$language --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap; done
	rm backoffice/translations/texts.pot

format: $(TEST_READY) ## Put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(TEST_READY) ## Write the lock files anew from pyproject.toml
	$(LOCK) --all-extras --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/base.txt
	$(LOCK) --extra local --constraint requirements/dev.txt --output-file requirements/local.txt

# The tool is fetched for the occasion: it has no part in what is installed or tested.
audit: $(TEST_READY) ## Look for known vulnerabilities in what production installs (asks the network)
	$(BIN)/uv tool run pip-audit@2.10.0 --requirement requirements/base.txt --require-hashes --disable-pip --strict

clean: ## Remove the virtual environment; the platform's data in .listino stays
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Listino needs Python 3.11 or later: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python has no venv here: apt-get install python3-venv" >&2; exit 1; }

$(RUN_READY): requirements/local.txt | $(VENV)/bin/python
	@echo "Installing Listino with its local engines (once, about a minute) ..." >&2
	@$(PIP) --require-hashes --requirement requirements/local.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_READY): requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests need (once, about a minute) ..." >&2
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUN_READY)

# A program, the Debian packages that bring it, and what is said where they cannot be installed.
define debian
	@command -v $(1) >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $(1) ..." >&2; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	  else \
	    echo "$(3): sudo apt-get install $(1)" >&2; \
	  fi; }
endef

.PHONY: chromium wrk
chromium:
	$(call debian,chromium,chromium fonts-dejavu-core,The browser tests need chromium and are skipped without it)

wrk:
	$(call debian,wrk,wrk,The load tests need wrk)
