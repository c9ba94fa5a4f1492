"""Speak to carriers: one interface, and an adapter for each kind."""

from extracted.shipping.carriers.adapter import (
    Adapter,
    CarrierFailed,
    CarrierRefused,
    LabelOrder,
    Rate,
    RateRequest,
    Receipt,
)

__all__ = ["Adapter", "CarrierFailed", "CarrierRefused", "LabelOrder", "Rate", "RateRequest", "Receipt"]
