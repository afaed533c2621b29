"""Invoices whose payers agreed to autopay, charged by the scheduled job.

Runs inside Odoo's shell. `given`: `count`, how many.
"""

# ruff: noqa: F821
import time

import stripe

from odoo import sql_db
from odoo.fields import Command, Datetime

from odoo.addons.carepatron_billing.gateways.stripe_gateway import api_base

GOOD, DECLINED = "4242424242424242", "4000000000000341"

provider = env["payment.provider"].search(
    [("code", "=", "stripe_payment_link"), ("stripe_payment_link_account", "!=", False)], limit=1
)
company = provider.company_id
env = env(context={**env.context, "allowed_company_ids": company.ids})
company.billing_autopay_notice_days = 0
# Nobody is charged at night: here it is noon.
company.partner_id.tz = f"Etc/GMT{Datetime.now().hour - 12:+d}"
key = provider.stripe_payment_link_secret_key
client = stripe.StripeClient(key, base_addresses={"api": api_base()})
method = env.ref("payment.payment_method_card")
cards, moves = [], env["account.move"]
for number in range(given["count"]):
    customer = client.v1.customers.create({"metadata": {"payer": str(number)}}).id
    card = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {
                "number": DECLINED if number % 10 == 9 else GOOD,
                "exp_month": 12,
                "exp_year": 2034,
                "cvc": "123",
            },
        }
    ).id
    client.v1.payment_methods.attach(card, {"customer": customer})
    cards.append((customer, card))
payers = env["res.partner"].create([{"name": f"Payer {card}"} for _customer, card in cards])
env["payment.token"].create(
    [
        {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "partner_id": payer.id,
            "provider_ref": card,
            "stripe_payment_link_customer": customer,
            "payment_details": "4242",
        }
        for payer, (customer, card) in zip(payers, cards, strict=True)
    ]
)
for holder in env["practice.card.holder"].create(
    [{"partner_id": payer.id, "company_id": company.id} for payer in payers]
):
    holder.write({"autopay": "issue", "autopay_how": "on the phone"})
moves = env["account.move"].create(
    [
        {
            "move_type": "out_invoice",
            "partner_id": payer.id,
            "invoice_date": company._billing_today(),
            "invoice_line_ids": [
                Command.create({"name": "Session", "price_unit": 120.0, "tax_ids": []})
            ],
        }
        for payer in payers
    ]
)
moves.action_post()
env.cr.commit()
queries, start = sql_db.sql_counter, time.perf_counter()
env["practice.card.holder"]._cron_autopay()
env.cr.commit()
seconds = time.perf_counter() - start
moves.invalidate_recordset()
result = {
    "seconds": seconds,
    "queries": sql_db.sql_counter - queries,
    "paid": len(moves.filtered(lambda move: move.payment_state in ("paid", "in_payment"))),
    "cards": cards,
    "key": key,
}
