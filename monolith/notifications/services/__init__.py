"""Writes of the notifications."""
