PYTHON ?= python3
ARGS ?=

.PHONY: help run test

help:
	@echo "make run     the demo practice in your browser"
	@echo "make test    all tests; ARGS=\"-k word\" goes to pytest"

run:
	@$(PYTHON) -m dev run

test:
	@$(PYTHON) -m dev test $(ARGS)
