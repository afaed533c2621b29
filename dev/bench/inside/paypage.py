"""Give the addresses of one unpaid invoice's pages: ours and Odoo's portal's.

Runs inside Odoo's shell. `given`: nothing.
"""

company = env.ref("carepatron_billing.company_riverside")  # noqa: F821
move = env["account.move"].search(  # noqa: F821
    [
        ("company_id", "=", company.id),
        ("move_type", "=", "out_invoice"),
        ("state", "=", "posted"),
        ("payment_state", "=", "not_paid"),
    ],
    limit=1,
)
result = {
    "ours": move._billing_payment_link()._path(),
    "peer": f"/my/invoices/{move.id}?access_token={move._portal_ensure_token()}",
    "number": move.name,
}
