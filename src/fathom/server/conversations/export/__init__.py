"""Conversations as files: JSON to keep and to bring back, Markdown to edit, an HTML page to read and to print."""
