"""The engine of runs: blocks in, events in the order of a Dify server out. Pure."""
