"""The shop's page: a client of the catalog's REST, owns no rows."""
