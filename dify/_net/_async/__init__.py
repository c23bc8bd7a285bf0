"""The connection pool of the asynchronous client; the one of the other client is generated from it."""
