"""Which requests are shipping's: plain data, no imports. What runs and is set is in `extracted.shipping.capability`."""

ROUTES = (
    {"prefix": "/api/shipping/"},
    # It writes nothing, whatever its method says.
    {"prefix": "/api/shipping/quotes", "methods": ["POST"], "kind": "read"},
)
