BEFORE ?= ae26776

.PHONY: corrections-moved
corrections-moved: $(TEST_READY) ## what the corrections of the data since BEFORE moved (docs/corrections.md)
	$(BIN)/python -m analysis.attribution.claims.page
	$(BIN)/python -m benchmarks.corrections_moved $(BEFORE)
