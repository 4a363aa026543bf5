"""The timing lens: a change divided among dated events, part by part, from one node to the next."""
