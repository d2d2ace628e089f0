"""Request and response bodies, one dialect a file. Imports without torch."""
