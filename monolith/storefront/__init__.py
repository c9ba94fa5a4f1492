"""The shop's pages: a client of contracts and REST, owns no rows."""
