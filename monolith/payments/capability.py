"""What hosts and routers need to know of payments before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/payments/"},)
PERIODIC = {  # task to seconds
    "payments.resolve_attempts": 2.0,
    "payments.take_webhooks": 2.0,
    "payments.expire_intents": 30.0,
    "payments.reconcile_yesterday": 3600.0,
    "payments.purge": 3600.0,
}
ENVIRONMENT = {  # variable to its value in development
    "PAYMENTS_PROVIDERS": "sandbox_a,sandbox_b",
    "PAYMENTS_ANSWER_S": "2.5",  # how long a provider may take
    "PAYMENTS_SANDBOX_URL": "http://127.0.0.1:8304",
    "PAYMENTS_SANDBOX_SECRET": "sandbox-key-for-development-only-0123456789",
    "PAYMENTS_WEBHOOK_SECRET": "webhook-key-for-development-only-0123456789",
}
