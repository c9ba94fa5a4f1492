"""The users over REST, one module per kind of resource."""
