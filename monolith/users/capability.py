"""What hosts and routers need to know of the users before Django starts: plain data, no imports."""

ROUTES = ({"prefix": "/api/users/"},)
PERIODIC = {"users.unlock": 10.0, "users.purge": 3600.0}  # task to seconds
