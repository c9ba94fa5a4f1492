ROUTES = ({"prefix": "/api/reader/"},)
