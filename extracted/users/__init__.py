"""The users' own host."""
