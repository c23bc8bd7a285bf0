"""Routes of knowledge bases, one module per noun."""
