"""Programs that run the client against a server that misbehaves: the server, a runner of its faults, and a sweep of cuts."""
