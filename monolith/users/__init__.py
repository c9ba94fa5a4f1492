"""Users: customers, their addresses, and the tokens by which every home knows them."""
