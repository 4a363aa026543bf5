.PHONY: docs

docs: $(TEST_READY) ## the documentation as a site in site/, strict: no broken link, no page left out
	$(BIN)/python -m mkdocs build --strict --quiet
