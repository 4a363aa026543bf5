.PHONY: doubts referee

DOUBT_SERIES ?= 10

doubts: $(TEST_READY) ## how often wrong dates, shapes and noise are seen (three minutes on one core)
	$(BIN)/python -m benchmarks.doubts --series $(DOUBT_SERIES) --out docs/doubts.md

referee: $(TEST_READY) ## the page of objections and the numbers that answer them (five minutes on one core)
	$(BIN)/python -m benchmarks.referee --out docs/referee.md
