# make sweep: the shipped sweep from nothing to figures; make test: the whole test suite;
# make docs: the documentation as a site, docs/_build/index.html; make reference: its pages that are
# written from the code.

VENV := .venv
PYTHON ?= python3
STAMP := $(VENV)/.installed

.PHONY: sweep test lint docs reference check clean

sweep: $(STAMP)
	$(VENV)/bin/sweeper run spaces/minatar_adam_sn.yaml

# Three workers keep two cores busy: tests of Slurm and of stopped processes mostly wait. Compiled
# modules are kept, as tests start hundreds of processes that would compile them again.
test: $(STAMP)
	PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(STAMP)
	$(VENV)/bin/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

reference: $(STAMP)
	$(VENV)/bin/python -m docs.generators

check: lint docs test

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,minatar,mujoco,dmc,box2d,gym,sb3,docs,tensorboard,wandb,mlflow]'
	touch $@

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .pytest_cache .ruff_cache
