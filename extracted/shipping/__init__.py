"""The shipping's own host."""
