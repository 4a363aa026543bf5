"""A hash over the whole record, its place in the order of commits, and a row to try writing with."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from service.store import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HASHED = (
    "id",
    "kind",
    "engine",
    "created_at",
    "software",
    "question_key",
    "supersedes",
    "inputs",
    "answer_sha256",
)
"""What the hash of a record is over, as this migration knows it."""


def upgrade() -> None:
    """Give every record its number, by its time, and its hash."""
    connection = op.get_bind()
    # Nothing is rebuilt: columns are added in place, so that withdrawals keep the rows that they name.
    with triggers.rebuilding(connection, "estimates"):
        op.add_column("estimates", sa.Column("record_sha256", sa.Text, nullable=False, server_default=""))
        op.add_column("estimates", sa.Column("sequence", sa.Integer, nullable=False, server_default="0"))
        _fill(connection)
        op.create_index("ix_estimates_sequence", "estimates", ["sequence"], unique=True)
    op.create_table(
        "probes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the hash and the order; the records stay."""
    op.drop_table("probes")
    with triggers.rebuilding(op.get_bind(), "estimates"):
        op.drop_index("ix_estimates_sequence", "estimates")
        for column in ("sequence", "record_sha256"):
            op.execute(sa.text(f"ALTER TABLE estimates DROP COLUMN {column}"))


def _fill(connection: sa.Connection) -> None:
    table = sa.table("estimates", *map(sa.column, (*HASHED, "record_sha256", "sequence")))
    keys = connection.execute(sa.select(table.c.id).order_by(table.c.created_at, table.c.id)).scalars().all()
    for number, key in enumerate(keys, start=1):
        query = sa.select(*(table.c[name] for name in HASHED)).where(table.c.id == key)
        row = dict(connection.execute(query).mappings().one())
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        connection.execute(
            sa.update(table).where(table.c.id == key).values(record_sha256=digest, sequence=number)
        )
