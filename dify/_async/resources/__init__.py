"""The resources of a client, one file per noun."""
