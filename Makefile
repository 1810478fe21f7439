# make sweep: the shipped sweep from nothing to figures; make test: the whole test suite;
# make docs: the documentation as a site, docs/_build/index.html; make reference: its pages that are
# written from the code.

VENV := .venv
PYTHON ?= python3
SWEEPS := $(VENV)/.sweeps
STAMP := $(VENV)/.installed
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: sweep test lint docs reference check clean

sweep: $(SWEEPS)
	$(VENV)/bin/sweeper run spaces/minatar_adam_sn.yaml

# Four workers keep two cores busy: tests of Slurm and of stopped processes mostly wait. Compiled
# modules are kept, as tests start hundreds of processes that would compile them again. Numerical
# libraries have one thread each, as more would wait for each other in circles.
test: $(STAMP)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(STAMP)
	$(VENV)/bin/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

reference: $(STAMP)
	$(VENV)/bin/python -m docs.generators

check: lint docs test

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What the shipped sweep needs; all else that is made needs what tests need, which is more.
$(SWEEPS): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) '.[minatar]'
	touch $@

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) '.[dev,minatar,atari,mujoco,dmc,box2d,gym,sb3,docs,tensorboard,wandb,mlflow]'
	touch $@ $(SWEEPS)

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .pytest_cache .ruff_cache
