"""What hosts and routers need to know of orders before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/orders/"},)
PERIODIC = {  # task to seconds
    "orders.run_sagas": 1.0,
    "orders.complete_delivered": 60.0,
    "orders.purge": 3600.0,
}
