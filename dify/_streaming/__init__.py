"""Event streams as pure functions: parsing, typed events, folding, resuming."""
