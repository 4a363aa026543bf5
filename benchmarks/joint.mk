.PHONY: calibrate calibrate-groups

SERIES ?= 1000
PEER_SERIES ?= 200
JOBS ?= 2

calibrate: $(TEST_READY) ## coverage, width and bias of the joint model (resumable; an hour on two cores)
	$(BIN)/python -m benchmarks.calibration.joint --series $(SERIES) --peer-series $(PEER_SERIES) --jobs $(JOBS) --out docs/calibration.md
	$(BIN)/python -m benchmarks.calibration.methods --from-page

calibrate-groups: $(TEST_READY) ## coverage of the sums of groups over 4,000 series a cell (six minutes on two cores)
	$(BIN)/python -m benchmarks.calibration.rare_groups --jobs $(JOBS) --out docs/calibration-groups.md
