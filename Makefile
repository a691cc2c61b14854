# Everything one does with Hexiao, each in one word. `make` lists them.
PYTHON ?= python3
PORT ?= 8000
export PORT

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
SOURCES := config coupons risk campaigns redemption reports tests manage.py

.DEFAULT_GOAL := help
.PHONY: help install demo run test check lint bench screenshots messages lock clean

help:  ## List what can be done
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(INSTALLED)  ## Install everything into .venv (needs Python 3.11 or newer, nothing else)

# Rebuilt when the lock file changes; an instant otherwise.
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Hexiao needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(INSTALLED)

demo: install  ## Run with a year of real shopping data, until Ctrl-C
	@exec $(BIN)/python manage.py run --demo

run: install  ## Run with an empty database (or yours), until Ctrl-C
	@exec $(BIN)/python manage.py run

# Each process has a database of its own; more than four of them only wait for the disk.
test: install  ## Run all tests, on every core
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: lint test  ## What CI runs

lint: install  ## Format, lint, types, imports, templates, migrations
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy config coupons risk campaigns redemption reports
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --check --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: install  ## Measure; prints ratios taken in one run
	$(BIN)/python -m pytest tests/benchmarks --override-ini=python_files=bench_*.py -p no:randomly -q -s

screenshots: install  ## Take the documents' screenshots again
	$(BIN)/python -m tests.browser.screenshots

messages: install  ## Bring the .po files up to date with the code
	$(BIN)/python manage.py collect_translations

lock: install  ## Resolve the dependencies of pyproject.toml into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--output-file requirements.lock

clean:  ## Remove caches and built files; data and .venv stay
	rm -rf staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete
