"""The monolith host: which apps it serves, and where."""
