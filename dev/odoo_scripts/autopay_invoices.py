"""Issue invoices whose payers agreed to autopay, each with a saved card; one card in ten declines.

Runs inside Odoo's shell, on a practice that is connected to the Stripe fake. `given`: `count`, how
many. The result has the key of the Stripe account, the invoices, and for each its customer and card
at Stripe, those that will be declined last.
"""

# ruff: noqa: F821
import stripe

from odoo.fields import Command, Datetime

from odoo.addons.carepatron_billing.gateways.stripe_addresses import api_base

GOOD, DECLINED = "4242424242424242", "4000000000000341"

provider = env["payment.provider"].search(
    [("code", "=", "stripe_payment_link"), ("stripe_payment_link_account", "!=", False)], limit=1
)
company = provider.company_id
env = env(context={**env.context, "allowed_company_ids": company.ids})
company.billing_autopay_notice_days = 0
# Nobody is charged at night: here it is noon.
company.partner_id.tz = f"Etc/GMT{Datetime.now().hour - 12:+d}"
# A scheduler that runs beside this writes companies too.
env.cr.commit()
key = provider.stripe_payment_link_secret_key
client = stripe.StripeClient(key, base_addresses={"api": api_base()})


def new_card(place):
    """Return a new customer at Stripe and a card of theirs."""
    customer = client.v1.customers.create({"metadata": {"payer": str(place)}}).id
    number = DECLINED if place % 10 == 9 else GOOD
    card = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"},
        }
    ).id
    client.v1.payment_methods.attach(card, {"customer": customer})
    return customer, card


cards = [new_card(place) for place in range(given["count"])]
payers = env["res.partner"].create([{"name": f"Payer {card}"} for _customer, card in cards])
env["payment.token"].create(
    [
        {
            "provider_id": provider.id,
            "payment_method_id": env.ref("payment.payment_method_card").id,
            "partner_id": payer.id,
            "provider_ref": card,
            "stripe_payment_link_customer": customer,
            "payment_details": "4242",
        }
        for payer, (customer, card) in zip(payers, cards, strict=True)
    ]
)
holders = env["practice.card.holder"].create(
    [{"partner_id": payer.id, "company_id": company.id} for payer in payers]
)
holders.write({"autopay": "issue", "autopay_how": "on the phone"})
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
result = {"key": key, "cards": cards, "invoices": moves.ids}
