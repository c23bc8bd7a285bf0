"""Commands about the server, the app and the configuration: `info` and its like, `request`, `profile`, `emulator`."""
