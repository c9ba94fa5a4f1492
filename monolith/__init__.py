"""The shop and the wallet bank from which capabilities are taken: one package per bounded app."""
