"""The wire protocol as pure functions: requests, responses, errors, retries, paging."""
