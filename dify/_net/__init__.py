"""The network: the only package that imports the HTTP libraries."""
