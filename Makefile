# kith. Two commands matter:
#
#   make run     sets everything up and captures: your accounts if you have a configuration, else a sample household
#   make test    sets everything up and checks everything
#
# All that they make stands in .venv, .duckdb15, .home and .run, here; `make clean` removes it. Your data is not here.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test torture bench bench-match lint lock clean servers

# Without a home (in a container, in CI) everything that wants one gets a folder of ours.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.home
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
BIN := $(VENV)/bin
DUCKDB15 := .duckdb15
KITH_CONFIG_FILE = $(or $(KITH_CONFIG),$(or $(XDG_CONFIG_HOME),$(HOME)/.config)/kith/config.toml)

help:
	@sed -n 's/^#   //p' Makefile

# The lock is whole, so pip has nothing to resolve (--no-deps): pip 23 takes "coverage[toml]", asked for by another package,
# for a release newer than the locked one as soon as there is one, and refuses that because it has no hash.
$(VENV)/.done: requirements.lock pyproject.toml .ci/venv
	@.ci/venv $(VENV)
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# The other line of DuckDB stands beside the first, and goes before it on the path of those tests alone.
$(DUCKDB15)/.done: requirements-duckdb15.lock $(VENV)/.done
	@rm -rf $(DUCKDB15)
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --target $(DUCKDB15) -r requirements-duckdb15.lock
	@touch $@

run: $(VENV)/.done
	@if [ -e "$(KITH_CONFIG_FILE)" ]; then \
	    $(BIN)/kith sync; code=$$?; $(BIN)/kith status; exit $$code; \
	else \
	    KITH_DATA="$${KITH_DATA:-$(CURDIR)/.run}" $(BIN)/python -m cli.sample && \
	    printf '\nThis was a sample household. For your own mail, write %s\n' "$(KITH_CONFIG_FILE)" && \
	    printf '(README.md has it in seven lines, config.example.toml has every setting), then: make run\n'; \
	fi

servers:
	@.ci/servers

lint: $(VENV)/.done
	$(BIN)/ruff check .
	$(BIN)/mypy

# In one process more than there are processors (tests/conftest.py), because many tests wait.
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal

test: servers lint $(DUCKDB15)/.done
	$(PYTEST) --cov --cov-report=term
	PYTHONPATH=$(CURDIR)/$(DUCKDB15) $(BIN)/python -c 'import duckdb; v = duckdb.__version__; assert v.startswith("1.5."), v'
	PYTHONPATH=$(CURDIR)/$(DUCKDB15) $(PYTEST) -p no:cacheprovider tests/store

# The faults in full size. What is not done within the hour has failed.
torture: servers $(VENV)/.done
	KITH_KILLS=500 KITH_FULL=25 KITH_FLIPS=200 KITH_STARTS=40 KITH_ENDS=40 KITH_CUTS=31 KITH_FAILS=1 KITH_NEWS=40 KITH_RECALLS=2000 \
	KITH_WRITES=150 KITH_ACTIONS=2000 timeout --kill-after=30 2640 \
	$(BIN)/python -m pytest -q -s --durations=0 tests/faults tests/store/test_damage.py tests/store/test_backup.py
	$(BIN)/python -m tests.faults.soak 900

bench: $(VENV)/.done servers
	@for name in sync recall replay beside dav; do $(BIN)/python -m tests.bench.$$name || exit 1; done

# CORPORA and GOLD name what is to be matched, and SPLINK, if it is said, a Python that has Splink: tests/bench/match.py tells.
bench-match: $(VENV)/.done
	@$(BIN)/python -m tests.bench.match $(CORPORA:%=--corpus %) $(GOLD:%=--gold %) $(SPLINK:%=--splink %)

# Writes the lock files anew, after a change of the dependencies in pyproject.toml. Needs uv.
UV_LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --strip-extras \
	--no-header --no-emit-index-url --no-emit-find-links
lock:
	$(UV_LOCK) --extra dev --output-file requirements.lock pyproject.toml
	printf 'duckdb==1.5.5\nduckdb-extension-httpfs==1.5.5\n' | $(UV_LOCK) --no-annotate --output-file requirements-duckdb15.lock -

clean:
	rm -rf $(VENV) $(DUCKDB15) .home .run .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
