.PHONY: bench-startup
bench-startup: $(RUN_READY) ## seconds until the library, the command and the service can be used
	$(BIN)/python -m benchmarks.startup
