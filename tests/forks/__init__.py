"""Clients in child processes made by `fork`: each process has connections of its own."""
