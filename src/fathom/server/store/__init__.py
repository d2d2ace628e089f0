"""The assistant's database: one schema over SQLite (embedded) and PostgreSQL (for teams)."""
