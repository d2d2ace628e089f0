"""The HTTP API and the page. Knows the engine's front, never its inside."""
