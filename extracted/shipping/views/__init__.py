"""Shipping over REST, one module per kind of resource."""
