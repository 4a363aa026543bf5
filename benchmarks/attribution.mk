.PHONY: coverage-attribution

coverage-attribution: $(TEST_READY) ## coverage of contributions, 1,000 series a world, docs/attribution-coverage.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attribution_coverage --write

.PHONY: attribution-pairs
attribution-pairs: $(TEST_READY) ## every series and every pair of its years, docs/attribution-pairs.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attribution_pairs --write
