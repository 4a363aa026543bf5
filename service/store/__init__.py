"""Append-only records of estimates, in SQLite or PostgreSQL."""

from service.store.database import Database, default_url
from service.store.records import Damaged, Record, Store, Withdrawal

__all__ = ["Damaged", "Database", "Record", "Store", "Withdrawal", "default_url"]
