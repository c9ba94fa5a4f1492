"""Shipping: what it costs, which carrier brings it, and where it is."""
