"""How crons work (rule 4): one record a commit, or in chunks; a bad one never stops the rest."""

import logging
from collections.abc import Callable
from typing import TypeVar

from odoo.api import Environment
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.models import BaseModel

from ..gateways.stripe_gateway import StripeGatewayError
from .concurrency import REPLAYED

_logger = logging.getLogger(__name__)

Part = TypeVar('Part')
Result = TypeVar('Result')


def work_off(
    records: BaseModel,
    work: Callable[[BaseModel], object],
    domain: Domain | None = None,
    remaining: int | None = None,
) -> bool:
    """Do a cron's work on records, one a commit, in their order.

    Those that another process is at are left to it; the others are locked and looked at again.
    What another transaction overtakes comes once more at the end; if it is overtaken again it
    remains, so that Odoo runs the cron again soon. What is refused is logged.

    :param domain: what a record that is still to be worked on fulfils
    :param remaining: how many are waiting, if more than these
    :return: whether there is time left
    """
    env = records.env
    cron = env['ir.cron']
    cron._commit_progress(remaining=len(records) if remaining is None else remaining)
    for _round in range(2):
        overtaken = records.browse()
        for record in records:
            try:
                # Each commit empties the cache: one after the other is read alone, not all again.
                mine = record.with_prefetch().try_lock_for_update(allow_referencing=True)
                if mine and (domain is None or mine.filtered_domain(domain)):
                    work(mine)
                    env.flush_all()
            except REPLAYED:
                env.cr.rollback()
                overtaken |= record
                continue
            except (StripeGatewayError, UserError) as error:
                env.cr.rollback()
                # Neither kind tells a secret.
                _logger.warning("%s: %s", record, error)
            if not cron._commit_progress(1):
                return False
        records = overtaken
    return True


def together_or_apart(
    env: Environment,
    parts: list[Part],
    work: Callable[[list[Part]], Result],
    refused: Callable[[Part, UserError], Result],
) -> list[Result]:
    """Do work on many at once, which is faster; where that is refused, on one after the other.

    :param work: takes parts
    :param refused: takes a part that the work is refused for, and why
    :return: what `work` and `refused` returned
    """
    try:
        with env.cr.savepoint():
            return [work(parts)]
    except UserError:
        env.invalidate_all()
    results = []
    for part in parts:
        try:
            with env.cr.savepoint():
                results.append(work([part]))
        except UserError as error:
            env.invalidate_all()
            results.append(refused(part, error))
    return results
