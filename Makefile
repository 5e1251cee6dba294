# Everything here works on a machine with Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Test processes; more than there are cores, because many tests wait for sockets.
WORKERS ?= 4
# Tests start hundreds of processes; kept bytecode spares each of them the compiler.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench simulate mutants dashboards clean

demo: $(READY)
	$(BIN)/wosync demo

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

# Histories of the whole engine on virtual time: make simulate SEEDS=1000
SEEDS ?= 1000
simulate: $(READY)
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

# After a change of the metrics, of the reasons, or of grafana/generator.
dashboards: $(READY)
	$(BIN)/python -m grafana.generator

mutants: $(READY)
	$(BIN)/python -m tests.mutants

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Rebuilt when a pin or the package metadata changes, and only then.
$(READY): requirements.lock requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@
