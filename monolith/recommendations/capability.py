"""What hosts and routers need to know of recommendations before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/recommendations/", "stale_ok": True},)
PERIODIC = {"recommendations.purge": 3600.0}  # task to seconds
