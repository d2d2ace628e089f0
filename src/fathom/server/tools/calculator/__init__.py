"""A calculator for models: exact where numbers are rational, bounded everywhere, and without ``eval``."""
