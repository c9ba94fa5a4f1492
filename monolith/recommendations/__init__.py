"""What is bought together: told to the shop's pages, and to nobody who could not go on without it."""
