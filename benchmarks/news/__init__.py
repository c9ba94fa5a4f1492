"""One app that publishes and one that listens, for `benchmarks.events`."""
