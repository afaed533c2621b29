"""How much of a client's sessions leaves the practice, and by which way."""

from typing import NamedTuple

from odoo import models

MINIMUM, NAMES, FULL = 'minimum', 'names', 'full'
# What leaves by each way unless a manager chooses otherwise. The invoice says what law and insurers
# ask for.
CHANNELS = {
    'subject': MINIMUM,
    'mail': MINIMUM,
    'document': FULL,
    'page': MINIMUM,
    'portal': MINIMUM,
    'invitation': MINIMUM,
}


class Tried(NamedTuple):
    """A level that is looked at before it is chosen; in a context, where no client can put one.

    :param company: the practice
    :param channel: of `CHANNELS`
    :param level: what it would be
    """

    company: int
    channel: str
    level: str


def level_of(company: models.BaseModel, channel: str) -> str:
    """Return how much of its clients' sessions a practice tells by a channel.

    Stripe's terms bar sending it health information: https://stripe.com/legal/restricted-businesses

    :param company: (may be empty: then as by default)
    :param channel: of `CHANNELS`, or `stripe`
    :return: `minimum`, `names` or `full`
    """
    if channel == 'stripe':
        return MINIMUM
    company = company._origin
    tried = company.env.context.get('billing_privacy_tried')
    if isinstance(tried, Tried) and tried[:2] == (company.id, channel):
        return tried.level
    return company.sudo()[f'billing_privacy_{channel}'] or CHANNELS[channel]


def is_tried(records: models.BaseModel) -> bool:
    """Whether an example is being drawn, for which nothing may be made."""
    return isinstance(records.env.context.get('billing_privacy_tried'), Tried)
