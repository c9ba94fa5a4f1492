"""What hosts and routers need to know of risk before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/risk/"},)
PERIODIC = {"risk.purge": 3600.0}  # task to seconds
