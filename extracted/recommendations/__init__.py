"""The recommendations' own host."""
