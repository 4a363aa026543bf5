.PHONY: coverage-attribution

ATTRIBUTION_SERIES ?= 400

coverage-attribution: $(TEST_READY) ## coverage of rows, sums and missing flows beside two usual methods, docs/attribution-coverage.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attribution_coverage --series $(ATTRIBUTION_SERIES) --write

.PHONY: attribution-pairs
attribution-pairs: $(TEST_READY) ## every series and every pair of its years, docs/attribution-pairs.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attribution_pairs --write
