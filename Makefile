# The verbs. `make score VIDEO=clip.mp4` and `make test` set themselves up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VIDEO  ?=
ARGS   ?=

.PHONY: help dev score test check lint types bench clean

help:
	@echo "make score VIDEO=clip.mp4   write music for a video (without VIDEO: for a clip made here)"
	@echo "make test                   all tests;  make check: lint, types and the quick ones"
	@echo "make bench                  measure, and rewrite benchmarks/REPORT.md"

# A marker for what a user needs, another for what a developer needs: pip runs only when they change.
$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "setting up in $(VENV): once, about 2 GB, a few minutes"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install -qq -c constraints.txt torch==2.13.0 -e .
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	@$(BIN)/python -m pip install -qq -c constraints.txt torch==2.13.0 -e . --group dev
	@touch $@

dev: $(VENV)/.developed

score: $(VENV)/.installed
ifeq ($(VIDEO),)
	@$(BIN)/tensionbgm demo demo.mp4 --keep
	@$(BIN)/tensionbgm score demo.mp4 $(ARGS)
else
	@$(BIN)/tensionbgm score "$(VIDEO)" $(ARGS)
endif

test: $(VENV)/.developed
	$(BIN)/python -m pytest tests -n 2 --dist loadfile

check: $(VENV)/.developed lint types
	$(BIN)/python -m pytest tests -n 2 --dist loadfile -m "not slow"

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developed
	$(BIN)/mypy

bench: $(VENV)/.developed
	$(BIN)/python -m benchmarks

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
