"""Bind: reach a capability through its contract, in this process or over the internal endpoint of another."""
