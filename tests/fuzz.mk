.PHONY: fuzz

FUZZ := tests/property/test_bodies.py tests/property/test_parsers.py

fuzz: $(TEST_READY) ## 12,000 bad bodies, and as many texts for each parser, other ones every time (half an hour)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q --timeout=0 --hypothesis-show-statistics $(FUZZ)
