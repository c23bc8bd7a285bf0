"""Tests over real sockets: what only a connection can show. The tests of the other face are generated from these."""
