"""The notifications over REST, one module per kind of resource; all of it is for staff."""
