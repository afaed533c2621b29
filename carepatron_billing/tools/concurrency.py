"""Small helpers that belong to no model."""

from datetime import datetime, timezone

import psycopg2.errors

from odoo import models
from odoo.api import Environment
from odoo.tools import SQL

# Another transaction was faster; what a replay, or the next run of a cron, puts right.
REPLAYED = (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected)


def claim(records: models.BaseModel) -> None:
    """Lock the rows of records, waiting for whoever holds them, and write them.

    Odoo's transactions are REPEATABLE READ: after a mere lock, a second transaction goes on with
    what it saw before the first one committed. Because the row is written as well, the second one
    fails on serialization instead, Odoo replays its request, and it then sees the first one's work.

    :param records: recordset of a stored model; rows are taken in the order of their ids
    :raise psycopg2.errors.SerializationFailure: if another transaction wrote one of the rows
        since this one began
    """
    if not records:
        return
    table = SQL.identifier(records._table)
    records.env.cr.execute(
        SQL(
            """
            UPDATE %(table)s SET write_uid = write_uid WHERE id IN (
                SELECT id FROM %(table)s WHERE id IN %(ids)s ORDER BY id FOR NO KEY UPDATE
            )
            """,
            table=table,
            ids=tuple(records.ids),
        ),
        # A replay is ordinary, and the query's log line would be an error.
        log_exceptions=False,
    )


def create_once(
    records: models.BaseModel, values: dict, claimed: models.BaseModel
) -> models.BaseModel:
    """Create what was looked for and is not there yet.

    Asked for by two at once, the second one is replayed and finds what the first one made.

    :param records: recordset of the model
    :param claimed: what it belongs to
    """
    claim(claimed)
    return records.create(values)


def commit_now(env: Environment) -> None:
    """Commit what must survive an outside call, whatever happens during it, or what came of it
    (rule 1)."""
    env.cr.commit()  # pylint: disable=invalid-commit


def from_timestamp(seconds: float) -> datetime:
    """Return the moment, naive in UTC as Odoo stores it, of Stripe's seconds."""
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)
