"""Commands for runs of workflows and completion apps: `run`, `complete`, `events`, `status`, `stop`, `logs`, `forms`."""
