"""Tasks of an app with two homes, each with a worker and a database of its own, on a real broker (R14)."""
