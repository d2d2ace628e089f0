"""An index of the parts that refer to files and pages: what nothing refers to is found without reading all texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    condition = sa.text("type IN ('file', 'tool_call', 'citation')")
    op.create_index("ix_parts_referring", "parts", ["type"], sqlite_where=condition, postgresql_where=condition)
