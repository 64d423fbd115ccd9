# make demo: set everything up and hold real calls on the embedded switch.   make test: set up and run the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench models clean help
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11-3.13 is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11-3.13 is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is needed: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

models: $(STAMP) ## pull the default models into the cache folder
	$(BIN)/allobot models pull

demo: models ## hold four real calls on the embedded switch with real models
	$(BIN)/allobot demo

test: models ## run the tests, real models included
	$(BIN)/python -m pytest

lint: $(STAMP) ## formatting, lints, strict types
	$(BIN)/ruff format --check robot services tests
	$(BIN)/ruff check robot services tests
	$(BIN)/mypy

bench: models ## print this machine's figures
	$(BIN)/allobot bench call

clean: ## remove the virtual environment and the caches in the checkout
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
