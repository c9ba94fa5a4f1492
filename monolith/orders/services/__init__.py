"""Writes of orders; each is one transaction, and says what it refuses."""
