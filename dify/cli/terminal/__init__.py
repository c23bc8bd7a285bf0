"""Standard streams, the screen, prompts and Ctrl-C."""
