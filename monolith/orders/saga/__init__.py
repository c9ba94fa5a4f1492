"""The saga of an order: tables of steps, and the engine that takes them."""
