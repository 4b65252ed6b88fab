# Every chore is one command; `make` lists them. Needs only Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
# The tests start many processes: what one has compiled is there for the next.
unexport PYTHONDONTWRITEBYTECODE

help:  ## List the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: .venv/installed  ## Create .venv with the pinned versions

demo: .venv/installed  ## Play one integration project against the sandbox (KEEP=1 leaves it running)
	$(BIN)/stagegate demo $(if $(KEEP),--keep)

PURE := mappings/*,sync_service/lifecycle/*
# Three at a time, since some wait; a file's tests stay together, for they share what the first of them makes.
test: .venv/installed  ## Run the tests (COVERAGE=1: hold branch coverage to its thresholds, which takes longer)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(if $(COVERAGE),--cov --cov-report=) -m 'not slow'
	$(if $(COVERAGE),$(BIN)/coverage report --fail-under=95)
	$(if $(COVERAGE),$(BIN)/coverage report --fail-under=100 --include='$(PURE)')

browser-tools:  ## Fetch axe-core for the browser tests (needs npm; those judgements are skipped without)
	npm install --prefix tests/browser --no-package-lock --no-audit --no-fund --silent

faults: .venv/installed  ## Kill, cut, fill and flood real processes, and play the longest stories (a quarter of an hour; AGAIN=1: what failed last)
	$(BIN)/python -m pytest -n 2 -m slow -rP $(if $(AGAIN),--last-failed --last-failed-no-failures none) tests

bench: .venv/installed  ## Measure every claim beside its limit; keeps benchmarks/RESULTS.md (ten minutes; needs wrk; CLAIMS='intake core' for some)
	$(BIN)/python -m benchmarks $(CLAIMS)

bench-check: .venv/installed  ## Measure again, and tell which ratios are worse than the kept ones
	$(BIN)/python -m benchmarks --check $(CLAIMS)

lint: .venv/installed  ## ruff, mypy strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/installed  ## Build the documentation into site/, strictly
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

audit: .venv/installed  ## Dependencies: pins, licences, known vulnerabilities (where OSV is reached)
	$(BIN)/python -m pytest -q -rs tests/dependencies

format: .venv/installed  ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

check: lint docs  ## All that CI runs: lint, types, contracts, documentation, tests with coverage, audit
	$(MAKE) test COVERAGE=1
	$(MAKE) audit

check-plugin:  ## Check and test the Forge app (needs npm; skipped without)
	@if command -v npm >/dev/null; then cd plugin \
	&& { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; } \
	&& npm run --silent lint && npm test --silent; \
	else echo 'check-plugin is skipped: npm, of Node 20.19 or later, is not installed'; fi

dist: .venv/installed  ## Build sdist and wheel into dist/; the version is the tag's (git tag v0.2.0)
	rm -rf dist
	$(BIN)/python -m build --no-isolation

TESTS ?= tests
test-pythons:  ## Run the fast tests with each Python 3.11 to 3.13 that is here, in .venv-3.1x (TESTS=... for some)
	@for version in 3.11 3.12 3.13; do \
	  if ! python$$version -c '' 2>/dev/null; then echo "Python $$version is skipped: there is no python$$version"; continue; fi; \
	  echo "Python $$version" && python$$version -m venv .venv-$$version \
	  && .venv-$$version/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' \
	  && .venv-$$version/bin/python -m pytest -q -n 2 -m 'not slow' $(TESTS) || exit 1; \
	done

pins: .venv/installed  ## Renew constraints.txt from the newest versions that pass
	$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev]'
	(head -2 constraints.txt; $(BIN)/python -m pip freeze --exclude-editable) > constraints.new && mv constraints.new constraints.txt

clean:  ## Remove what the chores made
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* dist build artefacts site

.PHONY: help install demo test browser-tools faults bench bench-check lint docs audit format check check-plugin dist test-pythons pins clean
