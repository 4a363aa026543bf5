.PHONY: bench bench-interventions bench-panel bench-pages bench-load

bench: $(TEST_READY) ## every benchmark, on a quiet machine, into docs/performance.md
	$(BIN)/python -m benchmarks.performance --out docs/performance.md

bench-interventions: $(TEST_READY) ## speed of the joint model beside statsmodels and R's stored figure
	$(BIN)/python -m benchmarks.interventions

bench-panel: $(TEST_READY) ## 10,000 series in one batch, and what a fit costs by length and events
	$(BIN)/python -m benchmarks.panel

bench-pages: $(TEST_READY) ## first paint, weight and server time of the pages in Chromium
	$(BIN)/python -m benchmarks.pages

bench-load: $(TEST_READY) ## cached reads with wrk beside computing clients, and memory
	$(BIN)/python -m benchmarks.load
