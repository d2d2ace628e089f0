"""Places in web pages, names of requests, and the indexes by which files and pages without a use are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("request_key", sa.String(length=128), nullable=True))
    with op.batch_alter_table("web_pages") as table:
        table.add_column(sa.Column("places", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("web_pages") as table:
        table.alter_column("places", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
    op.create_index("ix_web_pages_age", "web_pages", ["fetched", "id"], unique=False)
    referring = sa.text("type IN ('file', 'tool_call', 'citation')")
    op.create_index("ix_parts_referring", "parts", ["type"], sqlite_where=referring, postgresql_where=referring)
