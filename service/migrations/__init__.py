"""Migrations of the store, run by Alembic up and down on SQLite and PostgreSQL."""
