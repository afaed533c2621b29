"""The main job by turns: ours on this database, stock Odoo's on a peer's.

Runs inside Odoo's shell, in which one process serves both databases: whatever else slows the
machine down slows both sides. Each step ends with its commit, as a request does.

`given`: `peer`, the stock database's full name; `stripe_key` of an account at the fake;
`emails` of the clients of `ours` and `peer`; `warm_up` and `rounds`, how often the job is done
before and while it is measured. `result`: per side and step the median `ms` and `queries`.
"""

from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.modules.registry import Registry

from dev.bench.meter import Meter

SERVICE = {"name": "Session", "type": "service", "list_price": 120.0}
CLIENT = {"name": "Ada Measured", "street": "12 Alder Street", "city": "Riverton", "zip": "17080"}
TERM = {"line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 7})]}
LETTERHEAD = ("name", "logo", "street", "city", "zip", "phone", "email", "vat")
QUIET = {"no_mail_to_attendees": True, "no_reset_password": True}


class Side:
    """One practice with a client and a service; both sides' are made of the same values."""

    def __init__(self, env, company, email):
        self.env = env(context={"lang": "en_US", "allowed_company_ids": company.ids, **QUIET})
        self.company = company.with_env(self.env)
        taxes = [Command.set(self.company.account_sale_tax_id.ids)]
        self.service = self._create("product.product", SERVICE, taxes_id=taxes)
        self.term = self._create("account.payment.term", TERM, name="Within a week")
        self.client = self._create("res.partner", CLIENT, email=email)

    def _create(self, model, vals, **more):
        return self.env[model].create({**vals, **more})

    def prepare(self):
        """Make what is there before anybody bills."""

    def invoice(self, prepared):
        """Return the posted invoice for what `prepare` returned."""
        raise NotImplementedError

    def document(self, move):
        """Make and keep the invoice's PDF."""
        raise NotImplementedError

    def send(self, move):
        """Mail the invoice from its dialog."""
        raise NotImplementedError

    def do_the_job(self, meter):
        """Do the whole job once."""
        prepared = self.prepare()
        self.env.cr.commit()
        with meter("job"):
            with meter("invoice"):
                move = self.invoice(prepared)
                self.env.cr.commit()
            with meter("document"):
                self.document(move)
                self.env.cr.commit()
            with meter("send"):
                self.send(move)
                # The mail leaves once the commit is done.
                self.env.cr.commit()


class Ours(Side):
    """A front desk of the demo practice that bills a practitioner's session."""

    def __init__(self, env, email, stripe_key):
        super().__init__(env, env.ref("carepatron_billing.company_riverside"), email)
        self.company.billing_payment_term_id = self.term
        self.company._billing_provider_sudo()._billing_connect(stripe_key)
        self.practitioner = self.env.ref("carepatron_billing.user_maya")
        self.desk = self.env(user=self.env.ref("carepatron_billing.user_front_desk"))

    def prepare(self):
        """Return a session of tomorrow."""
        start = fields.Datetime.now() + timedelta(days=1)
        return self._create(
            "calendar.event",
            {"name": "Session", "start": start, "stop": start + timedelta(hours=1)},
            user_id=self.practitioner.id,
            partner_ids=[Command.set((self.client + self.practitioner.partner_id).ids)],
            billing_service_id=self.service.id,
        )

    def invoice(self, prepared):
        """Click *Invoice* on the session."""
        action = prepared.with_env(self.desk).action_billing_invoice()
        return self.desk["account.move"].browse(action["res_id"])

    def document(self, move):
        """Make the document that goes out with the link."""
        move._billing_document_attachment()

    def send(self, move):
        """*Send payment link*, *Send*."""
        action = move.action_billing_send_link()
        dialog = self.desk[action["res_model"]].with_context(**action["context"])
        dialog.create({}).action_send()


class Stock(Side):
    """An invoicing user of stock Odoo."""

    def __init__(self, env, email, letterhead):
        super().__init__(env, env.ref("base.main_company"), email)
        self.company.write(letterhead)
        user = self._create(
            "res.users",
            {"name": "Desk", "login": "desk", "email": "desk@example.com"},
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
            group_ids=[Command.set(self.env.ref("account.group_account_invoice").ids)],
        )
        self.desk = self.env(user=user)

    def invoice(self, prepared):
        """Create and *Confirm*."""
        move = self.desk["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.client.id,
                "invoice_date": fields.Date.today(),
                "invoice_payment_term_id": self.term.id,
                "invoice_line_ids": [Command.create({"product_id": self.service.id})],
            }
        )
        move.action_post()
        return move

    def document(self, move):
        """The part of *Print & Send* that makes the document; it is kept for the sending."""
        self.desk["account.move.send"]._generate_and_send_invoices(move, sending_methods=[])

    def send(self, move):
        """*Print & Send*, *Send*."""
        action = move.action_send_and_print()
        dialog = self.desk[action["res_model"]].with_context(**action["context"])
        dialog.create({}).action_send_and_print()


def measure(env, peer_env):
    """Return both sides' results."""
    ours = Ours(env, given["emails"]["ours"], given["stripe_key"])  # noqa: F821
    letterhead = {name: ours.company[name] for name in LETTERHEAD}
    sides = {"ours": ours, "peer": Stock(peer_env, given["emails"]["peer"], letterhead)}  # noqa: F821
    meters = {name: Meter(side.desk) for name, side in sides.items()}
    for turn in range(given["warm_up"] + given["rounds"]):  # noqa: F821
        if turn == given["warm_up"]:  # noqa: F821
            meters = {name: Meter(side.desk) for name, side in sides.items()}
        for name, side in sides.items():
            side.do_the_job(meters[name])
    return {name: meter.results() for name, meter in meters.items()}


with Registry(given["peer"]).cursor() as peer_cr:  # noqa: F821
    result = measure(env, api.Environment(peer_cr, SUPERUSER_ID, {}))  # noqa: F821
