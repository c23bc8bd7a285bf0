"""Tests through the public client, without sockets. The tests of the other face are generated from these."""
