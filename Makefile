# The verbs of this project; `make` alone lists them. Nothing but Python 3.11+, make and git is needed.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
SERVERS := $(BIN)/python -m tests.servers

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check fix lint types contracts bench migrations migrations-check docs pictures lock

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/dev ## make .venv with everything that tests and checks need

demo: $(VENV)/ready ## run the demo: local mail world, sample workspace, a campaign that goes out (PORT=8000)
	@exec $(BIN)/outreach up --demo --port $(PORT)

run: $(VENV)/ready ## run an empty instance; its first visitor becomes the owner (PORT=8000)
	@exec $(BIN)/outreach up --port $(PORT)

# Three workers for two cores: a third of its time a test waits, for servers, timers and locks. A file stays with one
# of them, so that what its tests share is made once; in the order of tests/conftest.py, which has the longest first.
test: $(VENV)/dev ## run all tests (ARGS="-k words"; REQUIRE_ALL=1: a skip is a failure)
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint types contracts migrations-check test ## run exactly what the build machine runs

fix: $(VENV)/dev ## format the code and repair what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lint: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djlint --lint --quiet templates

types: $(VENV)/dev ## check the types
	@$(BIN)/mypy .

contracts: $(VENV)/dev
	@$(BIN)/lint-imports

migrations-check: $(VENV)/dev
	@$(SERVERS) $(BIN)/python manage.py makemigrations --check --dry-run

bench: $(VENV)/dev ## measure import and sending beside their peers, and more (ARGS=import, contacts, send, queue, pass, tls, forecast, words, rehearsal, bounces, reading, races, hostile, inbox, track)
	@$(SERVERS) --durable $(BIN)/python -m bench $(ARGS)

migrations: $(VENV)/dev ## write migrations for changed models
	@$(SERVERS) $(BIN)/python manage.py makemigrations $(ARGS)

docs: $(VENV)/ready ## write docs/settings.md from outreach/env.py
	@$(BIN)/outreach docs

pictures: $(VENV)/dev ## take the pictures of the docs anew, from a demo of its own (some minutes; needs Chromium)
	@$(BIN)/python -m tests.pictures

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal -p 3.11 --extra embedded --extra sandbox --extra spam \
	--generate-hashes --no-emit-index-url --no-annotate --quiet
lock: $(VENV)/tools ## compile the locks from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(COMPILE) $(ARGS) -o requirements.lock
	@$(COMPILE) $(ARGS) --group dev --group bench -o requirements-dev.lock
	@echo uv | $(BIN)/uv pip compile - --universal -p 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --quiet $(ARGS) -o requirements-setup.lock

# -- the virtual environment: each file below is a stamp, so that nothing is installed twice -------------------
# `ready` holds what the program needs, `dev` that and the tools; a venv that has the tools keeps them.
$(VENV)/ready: requirements.lock $(VENV)/tools
	@$(call install,$(if $(wildcard $(VENV)/dev),requirements-dev.lock,requirements.lock))
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/tools
	@$(call install,requirements-dev.lock)
	@touch $(VENV)/ready $@

$(VENV)/tools: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< || \
		echo "uv could not be installed: pip does its work, slower"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m outreach.cli "$$@"\n' > $(BIN)/outreach
	@chmod +x $(BIN)/outreach
	@$(BIN)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "outreach.pth").write_text(f"{pathlib.Path.cwd()}\n")'
	@touch $@

define install
	echo "installing $(1)"; \
	if [ -x $(BIN)/uv ]; \
	then $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $(1); \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); fi
endef
