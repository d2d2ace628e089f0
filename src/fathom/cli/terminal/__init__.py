"""The terminal client: ``fathom chat --terminal``."""
