"""A bounded app that publishes: it writes notes and says so."""
