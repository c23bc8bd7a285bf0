"""The connection pool of the asynchronous client; that of the synchronous client is generated from it."""
