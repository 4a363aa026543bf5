.PHONY: bench-report
bench-report: $(TEST_READY) ## seconds that the report takes, and pages of its brief
	$(BIN)/python -m benchmarks.report
