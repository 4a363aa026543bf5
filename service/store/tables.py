"""The tables of the store, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

ESTIMATES = Table(
    "estimates",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("engine", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("software", Text, nullable=False),
    Column("question_key", Text, nullable=False, index=True),
    Column("supersedes", Text, nullable=True),
    Column("inputs", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answer_sha256", Text, nullable=False),
    Column("record_sha256", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Index("ix_estimates_sequence", "sequence", unique=True),
    sqlite_with_rowid=False,
)
"""One row per record, never changed; `inputs` and `answer` are canonical JSON, times are UTC ISO text.

`record_sha256` is over everything but the answer itself, whose hash is in it. `sequence` grows in the order
in which records become visible; it is this store's own, and no part of the record.
"""

WITHDRAWALS = Table(
    "withdrawals",
    METADATA,
    Column("record_id", Text, ForeignKey("estimates.id"), primary_key=True),
    Column("withdrawn_at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per withdrawn record; never changed either."""

APPEND_ONLY = ("estimates", "withdrawals")
"""Tables whose rows the database refuses to change."""

BATCHES = Table(
    "batches",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("created_at", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("leased_until", Text, nullable=False),
    Column("owner", Text, nullable=False),
)
"""Long work: `state` is queued, running, done or cancelled; `owner` computes until `leased_until`."""

BATCH_ITEMS = Table(
    "batch_items",
    METADATA,
    Column("batch_id", Text, ForeignKey("batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("record_id", Text, nullable=True),
    Column("problem", Text, nullable=True),
)
"""One question each: `state` is waiting, done, failed or cancelled; `question` is emptied when it is over."""

PROBES = Table(
    "probes",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("at", Text, nullable=False),
)
"""One row that is written anew to see whether anything can be written."""
