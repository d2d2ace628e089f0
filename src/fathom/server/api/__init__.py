"""What the API serves: one folder a dialect, and what the dialects share."""
