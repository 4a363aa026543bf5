.PHONY: golden

golden: $(TEST_READY) ## write the golden records anew, after ENGINE was raised
	$(BIN)/python -m tests.reference.test_golden_records
