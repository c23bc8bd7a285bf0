pytest_plugins = ["dify.testing.pytest"]
