"""The catalog's own host."""
