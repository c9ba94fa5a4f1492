"""Speak to the other home: upstream client, header rules, deadlines, signed tokens, verified subjects."""
