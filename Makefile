PYTHON ?= python3
BENCH ?=
ARGS ?=
ALL ?=
FIX ?=

.PHONY: help run test lint bench pot gallery clean lock

help:
	@echo "make run     the demo practice in your browser"
	@echo "make test    all tests; ARGS=\"-k word\" goes to pytest"
	@echo "make lint    all checks of the code; FIX=1 mends what it can"
	@echo "make bench   all measurements; BENCH=name for one"
	@echo "make pot     the addon's words for translators anew"
	@echo "make gallery  the README's pictures of invoices anew"
	@echo "make lock    pin the Python packages anew"
	@echo "make clean   remove what these made here; ALL=1 the shared downloads too"

run:
	@$(PYTHON) -m dev run

test:
	@$(PYTHON) -m dev test $(ARGS)

lint:
	@$(PYTHON) -m dev lint $(if $(FIX),fix)

bench:
	@$(PYTHON) -m dev bench $(BENCH)

pot:
	@$(PYTHON) -m dev pot

gallery:
	@$(PYTHON) -m dev gallery $(ARGS)

clean:
	@$(PYTHON) -m dev clean $(if $(ALL),all)

lock:
	@$(PYTHON) -m dev lock
