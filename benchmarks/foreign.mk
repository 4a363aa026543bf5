.PHONY: calibrate-foreign

FOREIGN_SERIES ?= 160

calibrate-foreign: $(TEST_READY) ## coverage in 26 worlds that are not the model's own (six minutes on one core)
	$(BIN)/python -m benchmarks.calibration.foreign --series $(FOREIGN_SERIES) --jobs $(JOBS) --out docs/calibration-foreign.md
