"""The catalog over REST, one module per kind of resource."""
