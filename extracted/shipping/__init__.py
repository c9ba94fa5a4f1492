"""Shipping, complete: the app and the settings of its host. Others know `monolith.shipping.contract`."""
