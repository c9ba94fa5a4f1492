"""Searching the catalog: what is typed, what it matches, what was meant, and where it was found."""
