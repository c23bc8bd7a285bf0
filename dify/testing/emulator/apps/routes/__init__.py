"""Routes of an app, one module per noun."""
