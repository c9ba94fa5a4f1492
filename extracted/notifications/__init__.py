"""The notifications' own host."""
