"""Builders of events, streams, replies and errors from the client's models."""
