"""The command `dify batch`: one run for each row of a file."""
