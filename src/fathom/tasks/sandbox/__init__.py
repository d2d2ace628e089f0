"""A sandbox for untrusted Python, and helper processes for libraries that may hang."""
