PYTHON ?= python3
ARGS ?=
ALL ?=
FIX ?=

.PHONY: help run test lint clean

help:
	@echo "make run     the demo practice in your browser"
	@echo "make test    all tests; ARGS=\"-k word\" goes to pytest"
	@echo "make lint    all checks of the code; FIX=1 mends what it can"
	@echo "make clean   remove what these made here; ALL=1 the shared downloads too"

run:
	@$(PYTHON) -m dev run

test:
	@$(PYTHON) -m dev test $(ARGS)

lint:
	@$(PYTHON) -m dev lint $(if $(FIX),fix)

clean:
	@$(PYTHON) -m dev clean $(if $(ALL),all)
