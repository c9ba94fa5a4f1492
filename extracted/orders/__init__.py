"""The orders' own host."""
