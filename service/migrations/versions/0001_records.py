"""Records of estimates and their withdrawals, append-only."""

import sqlalchemy as sa
from alembic import op

from service.store import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables and their triggers."""
    op.create_table(
        "estimates",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("engine", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("question_key", sa.Text, nullable=False),
        sa.Column("supersedes", sa.Text, nullable=True),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answer_sha256", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_estimates_question_key", "estimates", ["question_key"])
    op.create_table(
        "withdrawals",
        sa.Column("record_id", sa.Text, sa.ForeignKey("estimates.id"), primary_key=True),
        sa.Column("withdrawn_at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    for table in ("estimates", "withdrawals"):
        triggers.create(op.get_bind(), table)


def downgrade() -> None:
    """Drop both tables, records included."""
    for table in ("withdrawals", "estimates"):
        triggers.drop(op.get_bind(), table)
        op.drop_table(table)
    triggers.drop_function(op.get_bind())
