"""The revisions of the schema, oldest first.

Here rather than read from the migrations: a server whose database is current, or new, starts without Alembic.
"""

from __future__ import annotations

REVISIONS = ("0001", "0002")
LATEST = REVISIONS[-1]
