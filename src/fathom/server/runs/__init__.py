"""Runs: generations that go on without a reader, are stored as they come, and survive the server's end."""
