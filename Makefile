# demo and test each do all their set-up on a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/installed
DEV := .venv/installed-dev
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

export PYTHONDONTWRITEBYTECODE :=  # where it is set, every program that a test starts is compiled anew

TESTS ?=   # those of test-all; all where nothing is named

.PHONY: demo desk test test-slow test-rest test-all pages remote sip ray spark engines check pins fuzz bench clean

demo: $(RUN)            ## what a newcomer should see
	$(BIN)/dnc demo

desk: $(RUN)           ## pages in the browser, on this machine; DESK_OPTIONS="--lang fr" says how
	$(BIN)/dnc desk $(DESK_OPTIONS)

test: $(DEV)            ## what most changes break: the tests that take less than half a second
	$(BIN)/pytest --numprocesses auto --dist worksteal --pace quick

test-slow: $(DEV)       ## the other tests, those of tests/slow.txt
	$(BIN)/pytest --numprocesses auto --dist worksteal --pace slow

test-rest: $(DEV)       ## what .ci/run runs besides `make test`: the tests of test-slow, pages and remote, on all cores at once
	$(INSTALL) --require-hashes --requirement requirements-remote.txt
	$(BIN)/pytest --numprocesses auto --dist worksteal --pace slow tests tests/browser tests/remote

test-all: $(DEV)        ## every property at its full size, and the tests that are large; TESTS="tests/law" says which
	DNC_TESTS=all $(BIN)/pytest --numprocesses auto --dist worksteal $(TESTS)

pages: $(DEV)           ## the pages in a real browser; wants the package chromium on the machine
	$(BIN)/pytest --numprocesses auto tests/browser

remote: $(DEV)          ## databases, object stores, the nightly job; wants the packages postgresql, bubblewrap and systemd
	$(INSTALL) --require-hashes --requirement requirements-remote.txt
	$(BIN)/pytest tests/remote

sip: $(DEV)             ## the SIP proxy of the docs before a desk; wants the packages kamailio, kamailio-extra-modules and sip-tester
	$(BIN)/pytest -s tests/sip

ray: $(DEV)             ## two workers of a local cluster decide what one machine does; so do batches of pandas and DuckDB
	$(INSTALL) --require-hashes --requirement requirements-ray.txt
	$(BIN)/pytest tests/cluster/test_ray.py tests/cluster/test_frames.py

spark: $(DEV)           ## the same by Spark; wants a Java on the machine
	$(INSTALL) --require-hashes --requirement requirements-spark.txt
	$(BIN)/pytest tests/cluster/test_spark.py

engines: $(DEV)         ## one test of each of the two, on all cores at once
	$(INSTALL) --require-hashes $(patsubst %,--requirement requirements-%.txt,ray spark)
	$(BIN)/pytest --numprocesses auto --dist worksteal -m smoke tests/cluster

check: $(DEV)           ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

PIN := $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --build-deps-for editable \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade

pins: $(DEV)            ## pin again what is installed, the build included
	$(PIN) --output-file requirements.txt pyproject.toml
	$(PIN) --constraint requirements.txt --extra letters --extra signatures --extra dev --output-file requirements-dev.txt pyproject.toml
	$(PIN) --constraint requirements-dev.txt --extra fuzz --output-file requirements-fuzz.txt pyproject.toml
	$(PIN) --constraint requirements-dev.txt --extra databases --extra objects --extra remote --output-file requirements-remote.txt pyproject.toml
	$(PIN) --constraint requirements-remote.txt --extra databases --output-file requirements-databases.txt pyproject.toml
	$(PIN) --constraint requirements-remote.txt --extra objects --output-file requirements-objects.txt pyproject.toml
	$(PIN) --constraint requirements-dev.txt --extra ray --output-file requirements-ray.txt pyproject.toml
	$(PIN) --constraint requirements-dev.txt --extra spark --output-file requirements-spark.txt pyproject.toml
	$(PIN) --constraint requirements-dev.txt --extra bench --output-file requirements-bench.txt pyproject.toml

fuzz: $(DEV)            ## fuzz every reader by coverage, 60 seconds each, and write down what came of it
	$(INSTALL) --require-hashes --requirement requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz

bench: $(DEV)           ## ours and its peers in turn, a table on stdout; BENCH="--only check --rows 1_000_000" says what
	$(INSTALL) --require-hashes --requirement requirements-bench.txt
	$(INSTALL) --require-hashes --requirement requirements-remote.txt
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf .venv build dist *.egg-info

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

$(RUN): .venv/made requirements.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(DEV): .venv/made requirements-dev.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@
