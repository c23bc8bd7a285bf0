"""The client held against Dify's own description of its API: what is not there stands in a list, with a reason."""
