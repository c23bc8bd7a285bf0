"""A Dify server in this process, with a state of its own."""
