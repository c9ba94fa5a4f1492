"""What hosts and routers need to know of the catalog before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/catalog/", "stale_ok": True},)
PERIODIC = {"catalog.purge_idempotency": 3600.0}  # task to seconds
