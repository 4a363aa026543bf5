.PHONY: coverage-attribution

coverage-attribution: $(TEST_READY) ## coverage of contributions, 1,000 series a world, docs/attribution-coverage.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.attribution_coverage --write
