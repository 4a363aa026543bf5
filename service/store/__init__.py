"""Append-only records of estimates, in SQLite or PostgreSQL."""

from service.store.database import Database, default_url
from service.store.records import Record, Store, Withdrawal

__all__ = ["Database", "Record", "Store", "Withdrawal", "default_url"]
