"""The wire protocol as pure functions, from requests to paging."""
