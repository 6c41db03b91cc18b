# Each target sets up what it needs by itself; the second time that takes no time.
#
#   make study              the whole study, profile fast    (make study PROFILE=cpu)
#   make book               the pages of what has run: notebooks, glossary, search; runs nothing
#   make test               the tests                        (make test ARGS="-k mixing")
#   make lint               style and type checks
#   make lab                JupyterLab in notebooks/
#   make student            the notebooks without solutions, in build/student/notebooks

PYTHON  ?= python3
PROFILE ?= fast
ARGS    ?=
# Modules are compiled when they are first imported: most of what is installed never is.
PIP     := -m pip --quiet --disable-pip-version-check install --no-compile
VENV    := .venv
BIN     := $(VENV)/bin

.PHONY: study book test lint lab student setup clean
.DEFAULT_GOAL := study

study: $(VENV)/.kit
	$(BIN)/snrlib study --profile $(PROFILE) $(ARGS)

book: $(VENV)/.kit
	$(BIN)/snrlib book --profile $(PROFILE) $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(VENV)/.kit
	$(BIN)/jupyter lab notebooks

student: $(VENV)/.kit
	$(BIN)/python tools/make_student_copy.py $(ARGS)

setup: $(VENV)/.dev

# The stamps are touched last: a set-up that was interrupted is taken up again.
$(VENV)/.kit: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "snrlib needs Python 3.11 or newer, but $(PYTHON) is %d.%d: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Setting up $(VENV): a few minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) -r requirements.txt
	$(BIN)/python $(PIP) -e . --no-deps
	@touch $@

$(VENV)/.dev: $(VENV)/.kit
	$(BIN)/python $(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
