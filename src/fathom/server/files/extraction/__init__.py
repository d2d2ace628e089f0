"""The text of a file: a reader for each format, and the confined process that they run in."""
