# Everything is set up by the target that needs it: `make demo` and `make test` work
# on a fresh machine, and again at once when everything is there.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= digits
DEMO ?= --data $(DATA)
TORCH ?= torch==2.13.0
WORKERS ?= auto
PEERS ?= autograd dezero jax mygrad

# One BLAS thread: more do not help nets of this size, and the number of threads changes
# the last digits of a sum.
export OPENBLAS_NUM_THREADS ?= 1

# The system packages: what each gives, and the one command that installs them.
APT := python3-venv graphviz fontconfig fonts-ipaexfont-gothic
INSTALL := apt-get update && apt-get install -y --no-install-recommends $(APT)
INSTALL_BROWSER := apt-get update && apt-get install -y --no-install-recommends \
    chromium chromium-driver
CHROMIUMS := chromium chromium-browser google-chrome chrome

# The four IDX files of MNIST, for the book's examples.
MNIST ?= $(wildcard ../shared/data/mnist)

.PHONY: help demo book book-full gallery test test-browser test-peers bench bench-sweeps lint \
    format table system system-browser clean

help:
	@echo "make demo          train on handwritten digits; pictures in out/"
	@echo "make test          run the tests"
	@echo "make book          run the book's examples; out/book/index.html"
	@echo "make book-full     the same at the book's sizes (MNIST=DIR)"
	@echo "make lint          check style and types"
	@echo "make bench         time against PyTorch and others (installs them)"
	@echo "make bench-sweeps  how its cost grows: plots and a table in benchmarks/"
	@echo "make test-peers    compare gradients with PyTorch's (installs it)"
	@echo "make test-browser  look at pictures in Chromium (installs it)"
	@echo "make table         write the table of ops in the READMEs"
	@echo "make gallery       draw the pictures of the READMEs"
	@echo "make clean         remove what these made"

demo: system $(VENV)/.ready-nn
	$(BIN)/python examples/quickstart.py $(DEMO)

# All examples of the book, and a page of their pictures.
book: system $(VENV)/.ready-nn
	MNIST="$(MNIST)" $(BIN)/python examples/book.py $(BOOK)

book-full: system $(VENV)/.ready-nn
	MNIST="$(MNIST)" $(BIN)/python examples/book.py --full --out out/book-full $(BOOK)

gallery: system $(VENV)/.ready-nn
	$(BIN)/python examples/gallery.py --out examples/gallery
	$(BIN)/python examples/gallery.py --out examples/gallery/ja --lang ja

test: system $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests \
	    --ignore=tests/peers --ignore=tests/browser

test-browser: system system-browser $(VENV)/.ready-browser
	$(BIN)/python -m pytest tests/browser

test-peers: system $(VENV)-peers/.ready-torch
	$(VENV)-peers/bin/python -m pytest tests/peers

bench: system $(VENV)-peers/.ready-all
	$(VENV)-peers/bin/python -m benchmarks $(BENCH)

bench-sweeps: system $(VENV)-peers/.ready-all
	$(VENV)-peers/bin/python -m benchmarks.sweeps $(SWEEPS)

lint: system $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The table of ops in both READMEs, from the rules.
table: $(VENV)/.ready-dev
	$(BIN)/python tests/optable.py

format: system $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Python's venv, Graphviz and a Japanese font. Installed where we are root on Debian;
# elsewhere the command is named. Without the last two, pictures are still written
# as .dot files.
system:
	@missing=""; \
	$(PYTHON) -c "import ensurepip" 2>/dev/null || missing="$$missing python3-venv"; \
	command -v dot >/dev/null || missing="$$missing graphviz"; \
	command -v fc-list >/dev/null && test -n "$$(fc-list :lang=ja 2>/dev/null)" \
	    || missing="$$missing fonts-ipaexfont-gothic"; \
	test -z "$$missing" && exit 0; \
	if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
	    echo "Installing:$$missing"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    { $(INSTALL); } >$(or $(TMPDIR),/tmp)/tinygrad_jp-apt.log 2>&1 \
	        || { tail -n 20 $(or $(TMPDIR),/tmp)/tinygrad_jp-apt.log; exit 1; }; \
	else \
	    echo "Missing:$$missing. Install what is missing and run make again:"; \
	    if command -v apt-get >/dev/null; then echo "    sudo sh -c '$(INSTALL)'"; \
	    elif command -v dnf >/dev/null; then \
	        echo "    sudo dnf install python3 graphviz ipa-ex-gothic-fonts"; \
	    elif command -v brew >/dev/null; then \
	        echo "    brew install python graphviz font-ipaexfont"; \
	    else echo "    (your system's packages for Python 3, Graphviz, a Japanese font)"; \
	    fi; \
	    case "$$missing" in *python3-venv*) exit 1;; esac; \
	fi

# Chromium and its driver, which are of one version where they come from one place.
system-browser:
	@command -v chromedriver >/dev/null && \
	    for name in $(CHROMIUMS); do command -v $$name >/dev/null && exit 0; done; \
	if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
	    echo "Installing: chromium chromium-driver"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    { $(INSTALL_BROWSER); } >$(or $(TMPDIR),/tmp)/tinygrad_jp-browser.log 2>&1 \
	        || { tail -n 20 $(or $(TMPDIR),/tmp)/tinygrad_jp-browser.log; exit 1; }; \
	else \
	    echo "Missing: chromium, chromedriver. Install them and run make again:"; \
	    if command -v apt-get >/dev/null; then \
	        echo "    sudo sh -c '$(INSTALL_BROWSER)'"; \
	    elif command -v dnf >/dev/null; then \
	        echo "    sudo dnf install chromium chromedriver"; \
	    elif command -v brew >/dev/null; then \
	        echo "    brew install --cask chromium chromedriver"; \
	    else echo "    (your system's packages for Chromium and chromedriver)"; \
	    fi; \
	    exit 1; \
	fi

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-nn: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[nn]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.ready-nn

$(VENV)/.ready-browser: $(VENV)/.ready-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[browser]'
	@touch $@

$(VENV)-peers/.ready-torch: pyproject.toml
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check \
	    '$(TORCH)' -e '.[nn,testing]' threadpoolctl
	@touch $@

# A peer that does not install is left out of the table, with a word.
$(VENV)-peers/.ready-all: $(VENV)-peers/.ready-torch
	for peer in $(PEERS); do $(VENV)-peers/bin/python -m pip install --quiet \
	    --disable-pip-version-check $$peer || echo "$$peer: not installed"; done
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-peers out build dist .pytest_cache .mypy_cache .ruff_cache
	rm -rf .hypothesis *.egg-info
