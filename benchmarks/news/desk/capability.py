ROUTES = ({"prefix": "/desk/"},)
