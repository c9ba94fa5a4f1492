"""The inventory's own host."""
