"""The payments' own host."""
