"""Fixtures for other tests: injected faults."""
