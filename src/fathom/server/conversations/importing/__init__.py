"""Conversations out of files of other programs: one file a format, each a pure function from JSON to one shape."""
