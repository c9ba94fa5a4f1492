"""What hosts and routers need to know of the inventory before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/inventory/"},)
PERIODIC = {"inventory.expire_reservations": 10.0, "inventory.purge_idempotency": 3600.0}  # task to seconds
