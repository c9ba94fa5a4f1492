"""Hosts of the capabilities that can leave the monolith."""
