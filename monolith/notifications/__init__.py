"""Notifications: mail about what has happened, to whom it concerns, once."""
