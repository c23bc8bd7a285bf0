"""Builders of events, streams, replies and error replies, on the models of the client."""
