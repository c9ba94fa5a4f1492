"""Writes of shipping: each function owns its transaction, changes what it names or nothing, refuses by raising."""
