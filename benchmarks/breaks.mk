.PHONY: bench-breaks calibrate-breaks study-breaks tables-breaks compare-strucchange

SIZE ?= 100
POWER ?= 25

bench-breaks: $(TEST_READY) ## speed of the search for breaks, as ratios in one run
	PYTHONPATH=. $(BIN)/python benchmarks/breaks.py

calibrate-breaks: $(TEST_READY) ## size, power and coverage of the break procedure, 1,000 series a cell
	PYTHONPATH=. $(BIN)/python benchmarks/calibration/breaks_size.py --out docs/calibration-breaks.md

study-breaks: $(TEST_READY) ## size and power of the search for breaks beside other methods; SIZE and POWER series a cell
	PYTHONPATH=. $(BIN)/python -m benchmarks.calibration.breaks_power --size $(SIZE) --power $(POWER) --out docs/power-breaks.md

tables-breaks: $(TEST_READY) ## simulate the critical values of the break tests anew
	PYTHONPATH=. $(BIN)/python -m analysis.numerics.tables.simulate_elements
	PYTHONPATH=. $(BIN)/python -m analysis.numerics.tables.simulate_sized
	PYTHONPATH=. $(BIN)/python -m analysis.numerics.tables.simulate_trend
	PYTHONPATH=. $(BIN)/python -m analysis.numerics.tables.simulate_published

compare-strucchange: $(TEST_READY) ## live comparison with R's strucchange, where R is installed
	@Rscript -e 'library(strucchange)' > /dev/null 2>&1 || { \
		echo 'R with strucchange is not here: apt-get install r-cran-strucchange' >&2; exit 1; }
	Rscript tests/reference/strucchange_reference.R tests/reference/data \
		| tail -n +2 | diff - <(tail -n +2 tests/reference/data/strucchange_output.csv) \
		&& echo 'the stored output is what strucchange prints here'
	$(BIN)/python -m pytest -q tests/reference/test_breaks_published.py
compare-strucchange: SHELL := /bin/bash
