"""The connection pool of the asynchronous client.

That of the synchronous client is generated from it.
"""
