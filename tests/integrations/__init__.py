"""Tests of the client inside other libraries: web frameworks, their uploads, tracing, and recorded exchanges."""
