"""Chat completions: request to job, events to response."""
