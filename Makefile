# Everything that one does with this repository. CI calls these targets and nothing else.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PORT ?= 8000
PRODUCTS ?= 10000
RUN_DIR ?= .run
HOSTS ?=

VENV := .venv
PY := $(VENV)/bin/python
# The first interpreter that is new enough; PYTHON= chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BENCHMARKS := decide middleware_at_home proxied_request codec http_client calls internal_listener edge events stock_locking seams pause copy verify checkouts
LINTED := strangler monolith extracted tests benchmarks manage.py

.PHONY: help
help: ## Show this
	@printf '\n  \033[1mdjango-strangler\033[0m  takes a Django monolith apart, one capability at a time, and back\n\n'
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36mmake %-11s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  make run PORT=8010 PRODUCTS=500   another port, fewer products\n  make run HOSTS=all                a host of its own for every capability\n\n'

.PHONY: run
run: $(VENV)/.run ## Start the whole platform and say what to try; Ctrl-C stops it
	@exec $(PY) -m monolith.config.run --port $(PORT) --products $(PRODUCTS) --run-dir $(RUN_DIR) --hosts "$(HOSTS)"

.PHONY: test
test: lint ## Everything that CI runs
	$(PY) -m pytest -m "not soak" -n 2 --dist loadfile $(if $(CI),--maxfail 25) $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Style, types, and who may import whom
	$(PY) -m ruff check $(wildcard $(LINTED))
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

.PHONY: bench
bench: $(VENV)/.dev ## The benchmarks, each beside its peers
	@for name in $(BENCHMARKS); do echo "== $$name"; $(PY) -m benchmarks.$$name || exit; done

# The images of `docker/`; ENGINE= is another engine, NAMES= some of them, VERSION= their tag.
ENGINE ?= docker
NAMES ?= $(shell python3 docker/contents.py names)
VERSION ?= $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' strangler/__init__.py)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
REGISTRY ?= django-strangler

.PHONY: images
images: ## Build the images of the monolith, the edge and every service
	@for name in $(NAMES); do \
		file=docker/Dockerfile.$$name; [ -e $$file ] || file=docker/Dockerfile.service; \
		echo "== $(REGISTRY)/$$name:$(VERSION)"; \
		DOCKER_BUILDKIT=1 $(ENGINE) build --file $$file --build-arg CAPABILITY=$$name --build-arg VERSION=$(VERSION) \
			--build-arg REVISION=$(REVISION) $(BUILD_ARGS) --tag $(REGISTRY)/$$name:$(VERSION) . || exit; \
	done

.PHONY: manifests
manifests: $(VENV)/.dev ## Render k8s/, validate it, and judge it by the rules
	$(PY) -m pytest tests/architecture/manifests tests/architecture/test_images.py $(ARGS)

.PHONY: engine
engine: $(VENV)/.dev ## Build all images in a dockerd of our own and move, roll and scale the catalog between containers; needs root
	REQUIRE_ENGINE=1 $(PY) -m pytest tests/integration/images/test_engine.py $(ARGS)

.PHONY: engine-supplies
engine-supplies: $(VENV)/.dev ## What `make engine` needs: packages where they are missing and may be installed, a base image, wheels
	@$(PY) -m tests.integration.images.supplies

.PHONY: servers
servers: $(VENV)/.servers ## PostgreSQL of older versions, for the tests that move rows between versions

.PHONY: soak
soak: $(VENV)/.dev ## The long versions of the fault and load tests
	$(PY) -m pytest -m soak $(ARGS)

.PHONY: clean-data
clean-data: $(VENV)/.run ## Forget all data of the platform; asks first (YES=1 does not)
	@$(PY) -m monolith.config.run.clean --run-dir $(RUN_DIR) $(if $(YES),--yes)

.PHONY: lock
lock: $(VENV)/.dev ## Pin the dependencies anew, with hashes and without addresses
	cd requirements && for name in host edge run dev; do ../$(VENV)/bin/uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $$name.in -o $$name.lock; done
	cd requirements && grep -v '^#' servers.in | while read -r line; do ../$(VENV)/bin/uv pip compile --quiet --universal - \
		--python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate <<< "$$line"; done > servers.lock

# The environment: made once, and again when its lock changes.
$(VENV)/.python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; say where it is: make PYTHON=/path/to/python"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/run.lock | $(VENV)/.python
	@[ -e $(VENV)/.dev ] && [ requirements/run.lock -ot $(VENV)/.dev ] || { \
		echo "Installing what the platform needs …"; \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; }
	@touch $@

$(VENV)/.dev: requirements/dev.lock | $(VENV)/.python
	@echo "Installing what the platform and its tests need …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.servers: requirements/servers.lock | $(VENV)/.dev
	@echo "Fetching PostgreSQL of older versions …"
	@$(PY) -m tests.support.versions
	@touch $@
