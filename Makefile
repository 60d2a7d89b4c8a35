# Two commands for people and machines alike: `make demo` shows the product, `make test` proves it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test lint clean

demo: $(VENV)/.demo-ready
	$(BIN)/python examples/demo.py
	$(BIN)/python examples/service.py

test: $(VENV)/.test-ready lint
	$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2}

lint: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.pip-ready:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	touch $@

$(VENV)/.demo-ready: $(VENV)/.pip-ready pyproject.toml
	$(PIP) install --quiet --editable ".[web]" matplotlib playwright scikit-image
	touch $@

$(VENV)/.test-ready: $(VENV)/.pip-ready pyproject.toml
	$(PIP) install --quiet --editable ".[train,reports,web,mqtt]" --group dev
	touch $@

clean:
	rm -rf $(VENV) demo-output dist
