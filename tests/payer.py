"""What payers and their cards do, and where it leads them."""

import requests

PAID = ("paid", 0.0)
# What the desk reads where the bank declines a card: why, and what to do.
DECLINES = {
    "4000000000000341": ("The bank declined without saying why.", "Try again in a few days"),
    "4000000000009995": ("There is not enough money on the card.", "Try again in a few days"),
    "4000000000000069": ("The card has expired.", "Ask for another card"),
    "4000000000009987": ("The bank does not accept this card.", "Ask for another card"),
    "4000002760003184": ("The bank wants the card's owner to confirm", "link has been sent"),
}


def payer_of(practice, invoice):
    """Return the id of the contact that an invoice is addressed to."""
    return int(practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}"))


def save_card(practice, invoice, **how):
    """Save a card at the desk, as *Enter a card here* does; return the payer."""
    action = practice.call("frontdesk", "account.move", "action_billing_add_card", [invoice])
    action = practice.call(
        "frontdesk", "practice.card.holder", "action_add_card", [action["res_id"]]
    )
    back = practice.stripe.pay_session(action["url"].rpartition("/")[2], **how)
    page = requests.get(back, timeout=60)
    assert "Your saved cards" in page.text
    return payer_of(practice, invoice)


def link_for_all(practice, invoice):
    """Return the address of the page of everything that an invoice's payer owes."""
    payer = int(practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}"))
    action = practice.call("frontdesk", "res.partner", "action_billing_send_link", [payer])
    link = action["context"]["default_link_id"]
    (values,) = practice.call("frontdesk", "practice.payment.link", "read", [link], ["url"])
    return values["url"]


def pay(practice, invoice, **options):
    """Pay an invoice on Stripe's page; return the Checkout Session."""
    session = session_in(practice.click_pay(practice.link(invoice)))
    assert practice.stripe.pay_session(session, **options)
    return session


def status_of(link):
    """Return where the pay page says that the payer stands."""
    page = requests.get(link, timeout=60)
    return page.text.partition('data-status="')[2].partition('"')[0]


def session_in(answer):
    """Return the id of the Checkout Session that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]
