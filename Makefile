# One command each. The first one that needs it makes .venv; nothing else has to be installed.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "Python 3.11 to 3.13 is needed; name one with make PYTHON=python3.12"'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv/dev: requirements-dev.txt .venv/run
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

run: .venv/run ## do the main job once: four monthly partitions, two scores, a real Airflow; then stop
	@$(BIN)/scoring run

up: .venv/run ## leave everything running and print where to look; Ctrl-C stops it
	@$(BIN)/scoring up

# Each worker has less than a core: threads of OpenMP would wait for each other by spinning.
test properties: export OMP_NUM_THREADS = 1
test properties: export OPENBLAS_NUM_THREADS = 1

test: .venv/dev ## run all tests, four at a time
	$(BIN)/python -m pytest -n 4 --dist worksteal

properties: .venv/dev ## try the laws on other and on more examples than `make test`, which tries the same each time
	$(BIN)/python -m pytest -n 3 --dist worksteal -m hypothesis --hypothesis-profile=properties

lint: .venv/dev ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/dev ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev ## rows per second and peak memory beside the tutorial way and the floor
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/drift.py
	$(BIN)/python benchmarks/afterwards.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/stream.py
	$(BIN)/python benchmarks/notify.py

growth: .venv/dev ## seconds, memory and disk of a publication over its customers, with a plot (a quarter of an hour)
	$(BIN)/python benchmarks/growth.py

faults: .venv/dev ## streams under kills, batches, and a broker or database that is away for a minute (a quarter of an hour)
	$(BIN)/python benchmarks/stream_faults.py

simulate-drift: .venv/dev ## how often the verdict on drift is wrong; renews docs/drift-simulations.md
	$(BIN)/python benchmarks/simulate_drift.py

simulate-estimates: .venv/dev ## how often estimates hold what is realised; renews docs/estimates-simulations.md
	$(BIN)/python benchmarks/simulate_estimates.py

simulate-gate: .venv/dev ## how often a new version passes the gate; renews docs/gate-simulations.md
	$(BIN)/python benchmarks/simulate_gate.py

simulate-experiments: .venv/dev ## how often an experiment's verdict is wrong; renews docs/experiment-simulations.md
	$(BIN)/python benchmarks/simulate_experiments.py
	$(BIN)/python benchmarks/simulate_looks.py

simulate-retention: .venv/dev ## two years of daily partitions, then maintain: sizes before and after, what must stay (minutes)
	$(BIN)/python benchmarks/simulate_retention.py

docs: .venv/run ## write docs/dags.md from the DAG files, and Grafana's dashboards
	$(BIN)/python docs/generate.py
	$(BIN)/python deploy/grafana/make.py

mutants: .venv/dev ## change the pure rules spot by spot, see that a test fails each time; write docs/mutants.md (minutes)
	rm -rf mutants
	$(BIN)/mutmut run --max-children 2
	$(BIN)/python docs/mutants.py

lock: .venv/dev ## pin all requirements*.in anew
	for of in requirements requirements-production requirements-models requirements-dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $$of.in -o $$of.txt || exit 1; done

clean: ## remove what run and up made (.venv stays)
	rm -rf var mutants great_expectations/uncommitted

.PHONY: help run up test properties lint format bench growth faults simulate-drift simulate-estimates simulate-gate simulate-experiments simulate-retention docs mutants lock clean
