# Each target calls one standard-library Python file, so that Windows has the same two commands:
#   py dev.py demo      py dev.py test
PYTHON ?= python3

.PHONY: demo test lint lock
demo:
	$(PYTHON) dev.py demo

test:
	$(PYTHON) dev.py test

lint:
	$(PYTHON) dev.py lint

lock:
	$(PYTHON) dev.py lock
