# Two commands matter: `make demo` and `make test`. Both set everything up first.
#   make setup    .venv with everything; does nothing when it is up to date
#   make check    formatting, lint, types, import rules, manual
#   make format   formatting and what lint can mend itself
#   make deep     every test with its long runs: many seeds, many kills
#   make mutate   mutation testing of the modules that decide numbers; lists the mutants that survive
#   make bench    the measurements of benchmarks/
#   make other    a second environment with another Python, for the comparison of ledger roots
#   make pages    the reference pages that are written from the program
#   make bundle   an installation that needs no network, in dist/
#   make clean    removes what the others made
PYTHON ?= $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

# Whatever the surroundings say, Python keeps what it has compiled: a command starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

# A second Python of another minor version, with what Equipoise needs to run and no more.
OTHER := .venv-other

.PHONY: setup other demo test deep mutate check format pages bench bundle clean

setup: $(VENV)/.ready

# What is imported is compiled then; compiling all that is installed would take as long again.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Equipoise needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e . --group dev
	@touch $@

other: $(OTHER)/.ready

$(OTHER)/.ready: pyproject.toml constraints.txt tools/other_python.py | setup
	@other="$$($(BIN)/python tools/other_python.py)" && \
	  echo "Installing into $(OTHER) with $$other …" && \
	  rm -rf $(OTHER) && "$$other" -m venv $(OTHER)
	@$(OTHER)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(OTHER)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e .
	@touch $@

# The whole trial with virtual participants, served at http://127.0.0.1:$(PORT)/
demo: setup
	$(BIN)/equipoise demo --port $(PORT)

test: setup
	$(BIN)/pytest -q -n 2 --dist loadgroup

# Long runs: many seeds, many kills, mutants of every room on which trust rests.
deep: setup
	EQUIPOISE_DEEP=1 $(BIN)/pytest -q -n 2 --dist loadgroup
	$(BIN)/python tools/mutate.py

# Fails when the tests do not pass unmutated; survivors are listed, each a line that no test holds.
mutate: setup
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pages: setup
	$(BIN)/python tools/faults_page.py
	$(BIN)/python tools/command_line_page.py
	$(BIN)/python tools/traceability.py
	$(BIN)/python tools/interface_page.py
	$(BIN)/python -m equipoise.conduct.manual > docs/reference/refusals.md
	$(BIN)/python -c "from equipoise.web.access import permissions_document as page; print(page(), end='')" > docs/reference/permissions.md

bench: setup
	$(BIN)/python -m benchmarks

bundle: setup
	$(BIN)/python tools/bundle.py

clean:
	rm -rf $(VENV) $(OTHER) demo docs/_build mutants build dist .*_cache .hypothesis
