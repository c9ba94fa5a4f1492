"""Payments: intents, captures and refunds, and the providers that move the money."""
