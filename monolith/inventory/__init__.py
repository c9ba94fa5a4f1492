"""Inventory: warehouses, stock, and reservations that never oversell."""
