"""One reader a format. Each is a function ``read(file, writer)`` over a seekable binary file."""
