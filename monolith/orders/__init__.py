"""Carts and orders: from what a customer wants to what has arrived, and the checkout saga in between."""
