ROUTES = ({"prefix": "/api/parcels/"},)
