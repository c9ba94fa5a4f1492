ROUTES = ({"prefix": "/api/chores/"},)
PERIODIC = {"chores.tick": 1.0}
