ROUTES = ({"prefix": "/api/press/"},)
