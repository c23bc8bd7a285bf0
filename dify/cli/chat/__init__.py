"""Commands for chat apps: `chat`, `conversations`, `messages`, `feedbacks` and `annotations`."""
