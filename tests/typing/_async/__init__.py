"""Read by type checkers: the async face, from which the sync one is generated."""
