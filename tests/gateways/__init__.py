"""The client through the gateways that people run in front of Dify: the real programs of Debian, on loopback ports."""
