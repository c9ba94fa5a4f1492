ROUTES = ({"prefix": "/api/counter/"},)
