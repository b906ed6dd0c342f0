# Each target calls one standard-library Python file, so that Windows has the same two commands:
#   py dev.py demo      py dev.py test
PYTHON ?= python3

.PHONY: demo test test-long test-simulation lint lock
demo:  # LEDGER=sage50 plays it on Sage 50
	$(PYTHON) dev.py demo $(if $(LEDGER),--ledger $(LEDGER))

test:
	$(PYTHON) dev.py test

test-long:  # the stories of minutes, which `test` leaves out
	$(PYTHON) dev.py test-long

# SEEDS=n to play so many, ARGS="--replay 123" to play one again
test-simulation:
	$(PYTHON) dev.py test-simulation $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

lint:
	$(PYTHON) dev.py lint

lock:
	$(PYTHON) dev.py lock
