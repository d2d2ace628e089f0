"""A small web, and a search over it."""

from small_web import database, search, site

__all__ = ["database", "search", "site"]
