"""Routes, one dialect a file."""
