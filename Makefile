# Everything here works on a machine with Python 3.11 or newer, its venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the service and the demo need is there, what a state in PostgreSQL needs too, what checks them.
RUNS := $(VENV)/.runs
SHARES := $(VENV)/.shares
READY := $(VENV)/.ready
SITE = $(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --fresh-env -c docs . build/site
PIP := $(BIN)/python -m pip install --disable-pip-version-check
# Test processes; more than there are cores, because many tests wait for sockets.
WORKERS ?= 4
# On a fresh machine the tests are compiled once, by two, not by every test process at the same time.
COMPILE := $(BIN)/python -m pytest --collect-only -qq
# Tests start hundreds of processes; kept bytecode spares each of them the compiler.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-ha test check bench rivals simulate mutants dashboards docs dist clean

demo: $(RUNS)
	$(BIN)/wosync demo

# Needs a PostgreSQL of the system beside it, and says how to get one.
demo-ha: $(SHARES)
	$(BIN)/wosync demo --ha

test: $(READY)
	@test -d tests/__pycache__ || { $(COMPILE) tests/unit tests/property >/dev/null & \
		$(COMPILE) --ignore tests/unit --ignore tests/property >/dev/null; wait; }
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(SITE)

# The site, offline, into build/site; a link that leads nowhere fails it.
docs: $(READY)
	$(SITE)
	@echo "open build/site/docs/index.html"

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

# Beside what else could create the same records; their libraries, some 300 MB, stay apart from ours.
rivals: $(READY) .rivals/.ready
	$(BIN)/python -m tests.benchmarks rivals

.rivals/.ready: tests/benchmarks/rivals/requirements.lock
	$(PYTHON) -m venv .rivals
	.rivals/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r $<
	@touch $@

# Histories of the whole engine on virtual time: make simulate SEEDS=1000
SEEDS ?= 1000
simulate: $(READY)
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

# After a change of the metrics, of the reasons, or of grafana/generator.
dashboards: $(READY)
	$(BIN)/python -m grafana.generator

mutants: $(READY)
	$(BIN)/python -m tests.mutants

# The same commit gives the same bytes: what differs between two machines is left out or fixed.
dist: $(READY)
	rm -rf dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/hatchling build --target wheel
	cd dist && sha256sum *.whl

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Rebuilt when a pin or the package metadata changes, and only then. What runs, what shares a state and
# what checks are stamps of their own, so that looking at a demo waits for nothing that it does not need.
$(RUNS): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11")'
	@echo "1/3 a Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 the libraries of requirements.lock"
	@$(PIP) --require-hashes -r requirements.lock
	@echo "3/3 wosync itself"
	@$(PIP) --quiet --no-deps --editable .
	@touch $@

$(SHARES): $(RUNS) requirements-postgres.lock
	@echo "the driver of requirements-postgres.lock"
	@$(PIP) --quiet --require-hashes -r requirements-postgres.lock
	@touch $@

$(READY): $(RUNS) requirements-postgres.lock requirements-dev.lock
	@echo "the tools of requirements-dev.lock, some 150 MB"
	@$(PIP) --quiet --require-hashes -r requirements-dev.lock
	@touch $@
