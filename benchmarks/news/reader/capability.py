ROUTES = ({"prefix": "/reader/"},)
