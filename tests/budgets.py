"""How many queries each hot path takes: the one place where these numbers stand.

`test_budgets.py` counts them anew and fails for one more, and for one less. Who needs more changes
the line on purpose and says why in the commit; who saves some brings it down, lest the gain is
lost unnoticed.

Counted is what the database is asked by a process that has done the same before, with an empty
cache of records. Not counted is the one query by which each request asks whether another worker
changed something, which the server's log counts too.
"""

from typing import NamedTuple


class Budget(NamedTuple):
    """What a path may ask.

    :param once: queries, however much there is
    :param each: queries more for each record
    """

    once: int
    each: int = 0


#: What the tests that ran before leave in Odoo's caches makes a query or two of difference, or
#: a tenth, but never more than five.
SLACK = 2
MOST_SLACK = 5

# All were counted on 2026-11-30.
BUDGETS = {
    # A request for the page of an unpaid invoice, whose payer has seen it before.
    "pay page": Budget(21),
    # A request that brings a new event, which is verified and kept.
    "webhook": Budget(3),
    # *Invoice* on a session, until its invoice is posted.
    "session invoiced": Budget(98),
    # *Send payment link* with the kept document, until the mail waits to leave.
    "payment link sent": Budget(56),
    # *Print* of invoices of six lines; each document.
    "document": Budget(22, each=8),
    # A chunk of a batch; each invoice. Odoo itself asks for the number of each.
    "batch invoice": Budget(80, each=1),
    # Reading what is due and grouping it by payer.
    "reminders found": Budget(9),
    # Finding, writing and mailing what is due; each mail with its kept document.
    "reminder mail": Budget(58, each=4),
    # The same, each with a document that is made and kept.
    "reminder mail and document": Budget(80, each=15),
    # A run of the scheduled job; each charge, with all that is booked.
    "autopay charge": Budget(16, each=242),
    # The first screen of the front desk, and of a manager.
    "overview": Budget(34),
    "overview of a manager": Budget(44),
    # What a screen asks for when it opens, by its view's own fields.
    "list of invoices": Budget(13),
    "list of uninvoiced work": Budget(6),
    "list of uninvoiced work by client": Budget(8),
    "invoice": Budget(49),
    "client": Budget(44),
    # A week of sessions, private ones among them; how far each is billed.
    "calendar week": Budget(17),
    "marks of a week": Budget(1),
}
