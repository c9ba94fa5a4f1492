"""The inventory over REST, one module per kind of resource."""
