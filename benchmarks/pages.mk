.PHONY: contact-sheet

contact-sheet: $(TEST_READY) ## docs/pages.jpg: every page, wide, dark and on a phone
	$(BIN)/python -m benchmarks.contact_sheet
