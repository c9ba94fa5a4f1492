"""What its hosts need to know of shipping before Django starts: plain data, no imports."""

PERIODIC = {  # task to seconds
    "shipping.handle_labels": 1.0,
    "shipping.take_webhooks": 1.0,
    "shipping.purge": 3600.0,
}
ENVIRONMENT = {  # variable to what it is in development
    "SHIPPING_CARRIERS_URL": "http://127.0.0.1:8305",
    "SHIPPING_WEBHOOK_SECRET": "for-development-only-webhooks-of-shipping",
}
