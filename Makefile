# `make help` lists what there is. Everything but help, clean and lock sets up .venv first; that takes a moment when it
# is up to date.

PYTHON := .venv/bin/python
# Arguments for pytest, retrain or the benchmark: make test ARGS="-m 'not slow'"
ARGS ?=
# A file of tests stays on one core, so that its tests share what was made for them. One after the other: ARGS="-n 0"
PARALLEL := -n logical --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup run run-digits run-retina run-reviews run-fares test test-newest test-faults test-airflow test-kubeflow test-mlflow lint format bench lock clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z %-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Builds .venv with the newest TFX that this machine can run, and says which and why
	@sh scripts/find_python.sh scripts/setup_env.py

run: setup ## Makes the taxi data and retrains on it: the first run of the README
	$(PYTHON) -m data.taxi --output data/taxi
	.venv/bin/retrain run examples/taxi.yaml $(ARGS)

run-digits run-retina run-reviews: run-%: setup ## Another example: its data, then a run
	$(PYTHON) -m data.$* --output data/$*
	.venv/bin/retrain run examples/$*.yaml $(ARGS)

run-fares: setup ## The taxi data once more: how much, in the place of whether (regression)
	$(PYTHON) -m data.taxi --output data/taxi
	.venv/bin/retrain run examples/fares.yaml $(ARGS)

test: setup ## Runs all tests on this machine's stack
	$(PYTHON) -m pytest $(PARALLEL) $(ARGS)

test-newest: ## Runs all tests on TFX 1.21, in a Debian 13 root folder if need be (needs root)
	@ARGS="$(ARGS)" bash scripts/test_newest.sh

test-faults: setup ## Runs the whole fault campaign: some 60 accidents, half an hour
	$(PYTHON) -m pytest tests/e2e/test_faults.py tests/e2e/test_killed.py -m "faults or not faults" $(ARGS)

test-airflow: setup ## Runs an exported DAG on a real Airflow 2 and 3, to the verdict (some minutes each)
	$(PYTHON) scripts/airflow_trial.py $(ARGS)

test-kubeflow: setup ## Loads an exported pipeline with the KFP SDK and plays it through (some minutes)
	$(PYTHON) scripts/kubeflow_trial.py $(ARGS)

test-mlflow: setup ## Exports runs to real MLflow 2 and 3 servers, twice, and reads them back (a minute each)
	$(PYTHON) scripts/mlflow_trial.py $(ARGS)

lint: setup ## Checks style (ruff), format (ruff) and types (mypy)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

format: setup ## Formats the code, and repairs what ruff can repair
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: setup ## Compares speed and results with plain TFX
	$(PYTHON) -m benchmarks.compare $(ARGS)

lock: ## Writes requirements/*.txt again from setup.py (UPGRADE=1: with the newest versions)
	@UPGRADE="$(UPGRADE)" sh scripts/lock.sh

clean: ## Removes .venv, tools and caches; keeps data and runs
	rm -rf --one-file-system .venv .tools .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
