PERIODIC = {"parcels.count": 3600.0}
ENVIRONMENT = {"PARCELS_NOTE": "from the app"}
