# Two commands for people and machines alike: `make demo` shows the product, `make test` proves it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: audit clean demo fuzz lint lock test tests

demo: $(VENV)/.demo-ready
	$(BIN)/python examples/demo.py
	$(BIN)/python examples/service.py

test: lint tests

# The tests of a module, which may share what takes long to make, stay with one worker, and none is idle in the end. Each
# worker computes on one core: more threads than cores spend their time waiting for one another.
tests: $(VENV)/.test-ready
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} --dist worksteal

lint: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive attendance enroll gallery refusal
	$(BIN)/bandit --quiet --configfile pyproject.toml --skip B101,B311,B403,B404,B603 --recursive train

# Each target for so many seconds, two at a time; what one fails on is printed and lies in fuzz/failed/.
FUZZ := api_bodies archive ics photo roster
SECONDS ?= 60
fuzz: $(VENV)/.fuzz-ready
	printf '%s\n' $(FUZZ) | xargs -P 2 -I NAME $(BIN)/python fuzz/NAME.py --seconds $(SECONDS)

# What a release is checked for: known weaknesses of what is locked, and the list of what is inside, in dist/.
audit: $(VENV)/.audit-ready
	$(BIN)/python .ci/audit.py

lock: $(VENV)/.audit-ready
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade \
	    --extra web --extra reports --extra mqtt --extra postgres --no-annotate --output-file requirements.lock pyproject.toml

$(VENV)/.pip-ready:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	touch $@

$(VENV)/.demo-ready: $(VENV)/.pip-ready pyproject.toml
	$(PIP) install --quiet --editable ".[web]" matplotlib playwright scikit-image
	touch $@

$(VENV)/.test-ready: $(VENV)/.pip-ready pyproject.toml
	$(PIP) install --quiet --editable ".[train,reports,web,mqtt,postgres]" --group dev
	touch $@

# Where the tests are ready, the product is there with all that it needs.
$(VENV)/.fuzz-ready: $(VENV)/.pip-ready $(wildcard $(VENV)/.test-ready) pyproject.toml
	$(PIP) install --quiet $(if $(wildcard $(VENV)/.test-ready),,--editable ".[reports,web,mqtt,postgres]") --group fuzz
	touch $@

$(VENV)/.audit-ready: $(VENV)/.pip-ready pyproject.toml
	$(PIP) install --quiet --group audit
	touch $@

clean:
	rm -rf $(VENV) demo-output dist fuzz/failed fuzz/found
