# Two commands on a fresh machine: `make run` and `make test`. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTABLE := $(VENV)/.testable
DIST := .venv-dist
CONVERT := .venv-convert
OLD := .venv-tflite
SECONDS ?=
# The tests wait more than they compute, so two share a core; WORKERS=0 runs them one after the other.
WORKERS ?= $(shell expr 2 '*' "$$(nproc)")
TOGETHER = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Compiled once for all workers and for every program they start, and out of the tree; so pip need not compile.
KEPT = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/$(VENV)/bytecode
RELEASES ?= 12 13
ARCHS ?= amd64 arm64
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' fer_edge/__init__.py)
BUILT = dist/fer_edge-$(VERSION)-py3-none-any.whl dist/fer_edge-$(VERSION).tar.gz
# What is built from a commit is dated by it.
EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
SUMS = cd dist && sha256sum fer[_-]edge[_-]* >SHA256SUMS && cat SHA256SUMS

.PHONY: lock run test test-convert test-runtimes test-install test-deb test-arm64 test-fleet fleet fleet-down dist deb image picture lint check environments clean
.DEFAULT_GOAL := run

run: $(READY)  ## the whole thing on this machine; SECONDS=30 stops by itself
	@$(BIN)/fer-edge demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(TESTABLE)  ## every test that needs no TensorFlow, side by side; ARGS="-k port" WORKERS=0
	@command -v mosquitto >/dev/null || echo "mosquitto is not installed: the embedded broker stands in (for the real one: sudo apt install mosquitto mosquitto-clients)" >&2
	@$(KEPT) $(BIN)/python -m pytest $(TOGETHER) $(ARGS)

# They compute more than they wait.
test-convert: WORKERS = $(shell nproc)
test-convert: $(CONVERT)/.ready  ## the tests of convert/, in an environment with TensorFlow
	@$(KEPT) $(CONVERT)/bin/python -m pytest $(TOGETHER) -m convert tests/convert $(ARGS)

test-runtimes: $(TESTABLE) $(OLD)/.ready  ## every shipped model gives the same answers in LiteRT and tflite-runtime
	@FER_EDGE_OTHER_PYTHON=$(CURDIR)/$(OLD)/bin/python $(BIN)/python -m pytest -m runtimes tests/test_runtimes.py $(ARGS)

test-install: $(TESTABLE)  ## install.sh on a fresh Debian 12 in a namespace: needs root, debootstrap, the network, some minutes
	@FER_EDGE_TEST_INSTALL=1 $(BIN)/python -m pytest tests/deploy/test_install.py -s $(ARGS)

fleet: $(VENV)/.fleet  ## brokers, database, metrics, ingest and simulated nodes on this machine; NODES=50 HOURS=0.1
	@deploy/fleet/packages.sh
	@$(BIN)/python -m fleet up
	@$(BIN)/python -m fleet simulate --nodes $(or $(NODES),50) --hours $(or $(HOURS),0.1) --cut-every-h 0.1 --cut-longest-s 60

fleet-down: $(VENV)/.fleet  ## stop them
	@$(BIN)/python -m fleet down

test-fleet: $(TESTABLE)  ## the fleet side against real engines: RabbitMQ, PostgreSQL, Prometheus; less than ten minutes
	@deploy/fleet/packages.sh
	@FER_EDGE_TEST_FLEET=1 $(BIN)/python -m pytest tests/fleet -s $(ARGS)

picture: $(TESTABLE)  ## docs/house.svg anew: the folders, the way of a frame and of a training picture
	@$(BIN)/python docs/house.py

lock: $(TESTABLE)  ## deploy/requirements.lock: the versions that the tests run with, and their hashes
	@$(BIN)/python deploy/lock.py

lint: $(TESTABLE)  ## style, types, and imports that go one way
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

dist: $(DIST)/.ready  ## wheel and sdist in dist/, with checksums; the same commit gives the same bytes
	@rm -rf build/lib $(BUILT)
	@SOURCE_DATE_EPOCH=$(EPOCH) $(DIST)/bin/python -m build --no-isolation --outdir dist . >build.log 2>&1 || { tail -n 20 build.log >&2; exit 1; }
	@SOURCE_DATE_EPOCH=$(EPOCH) $(DIST)/bin/python deploy/repack.py $(BUILT)
	@rm -f build.log
	@$(SUMS)

deb: dist  ## Debian packages in dist/, beside those that are there; RELEASES="12 13" ARCHS="amd64 arm64"
	@SOURCE_DATE_EPOCH=$(EPOCH) $(DIST)/bin/python deploy/debian/build.py $(firstword $(BUILT)) $(RELEASES:%=--release %) $(ARCHS:%=--arch %)
	@$(SUMS)

# One package is enough: that of the image's release, for this machine.
image: RELEASES = 12
image: ARCHS = $(shell dpkg --print-architecture)
image: deb  ## the container image localhost/fer-edge:VERSION; ROOT=DIR builds it from a debootstrap root
	@deploy/container/build.sh dist/fer-edge_$(VERSION)~deb$(firstword $(RELEASES))_$(firstword $(ARCHS)).deb $(if $(ROOT),--root $(ROOT))

test-deb: $(TESTABLE)  ## the packages on fresh Debian 12 and 13 systems in namespaces, without network: needs root, debootstrap
	@FER_EDGE_TEST_DEB=1 $(BIN)/python -m pytest tests/deploy/test_deb.py -s $(ARGS)

test-arm64: $(TESTABLE)  ## package, installer and tests on emulated arm64 Debian, RELEASES="12 13": needs root, debootstrap, qemu-user-static; hours
	@FER_EDGE_TEST_ARM64=1 FER_EDGE_ARM64_RELEASES="$(RELEASES)" $(BIN)/python -m pytest tests/deploy/test_arm64.py -s $(ARGS)

check: test lint

environments: $(TESTABLE) $(CONVERT)/.ready $(OLD)/.ready  ## what all checks need, without running any

$(READY): pyproject.toml
	@echo "Setting up $(VENV) (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: sudo apt install python3-venv" >&2; exit 69; }
	@$(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11 to 3.13 is needed; try: make PYTHON=python3.12" >&2; rm -rf $(VENV); exit 69; }
	@echo "Installing fer-edge and what it needs from PyPI"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,web]'
	@touch $@

$(TESTABLE): $(READY)
	@echo "Installing what the tests need from PyPI"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e '.[demo,web,plot,gpio,fleet,test]'
	@touch $@

$(VENV)/.fleet: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fleet]'
	@touch $@

# Nothing but what builds: the product's own dependencies would take minutes, and an isolated build would fetch these again.
$(DIST)/.ready: pyproject.toml
	@test -x $(DIST)/bin/python || $(PYTHON) -m venv $(DIST) || { echo "python3-venv is missing: sudo apt install python3-venv" >&2; exit 69; }
	@$(DIST)/bin/python -m pip install --quiet --disable-pip-version-check 'build>=1.2' 'setuptools>=70.1' packaging
	@touch $@

$(CONVERT)/.ready: pyproject.toml
	@echo "Setting up $(CONVERT) with TensorFlow (1.5 GB, several minutes the first time)"
	@test -x $(CONVERT)/bin/python || $(PYTHON) -m venv $(CONVERT)
	@$(CONVERT)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -e '.[convert,test]'
	@touch $@

$(OLD)/.ready: pyproject.toml
	@echo "Setting up $(OLD) with tflite-runtime 2.14"
	@test -x $(OLD)/bin/python || $(PYTHON) -m venv $(OLD)
	@$(OLD)/bin/python -m pip install --quiet --disable-pip-version-check 'tflite-runtime==2.14.0' 'numpy<2'
	@touch $@

clean:
	rm -rf $(VENV) $(DIST) $(CONVERT) $(OLD) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
