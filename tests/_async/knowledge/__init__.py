"""The knowledge resources through the public client."""
