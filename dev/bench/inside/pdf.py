"""Invoices as PDF: our document beside Odoo's own of the same invoice, by turns.

Runs inside Odoo's shell. `given`: `url` of a server on this database, from which wkhtmltopdf
fetches styles; `stripe_key` of an account at the fake, so that our document has its QR code;
`rounds`, how often each side draws one invoice; `batch`, how many are merged into one file; `few`
and `many`, two sizes of a batch; `total`, over how many the memory is watched. `result`: `ours`,
`peer`, `merged`, `few`, `many` in ms a document, `grown` in MB.
"""

import gc
import io
import statistics
import time

import psutil
from pypdf import PdfReader

from odoo import Command

REPORT = "account.account_invoices"
LINES = (
    ("Initial assessment", 1, 180.0),
    ("Session, 50 minutes", 1, 120.0),
    ("Session, 50 minutes", 1, 120.0),
    ("Session, 80 minutes, with a report to the referring doctor", 1, 185.0),
    ("Workbook", 2, 24.5),
    ("Telephone call", 0.25, 120.0),
)


def make_invoices(env, company, count):
    """Return posted invoices of six lines each."""
    client = env["res.partner"].create(
        {"name": "Ada Measured", "street": "12 Alder Street", "city": "Riverton", "zip": "17080"}
    )
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": client.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": name,
                            "quantity": quantity,
                            "price_unit": price,
                            "billing_service_date": "2026-11-03",
                            "tax_ids": [Command.set(company.account_sale_tax_id.ids)],
                        }
                    )
                    for name, quantity, price in LINES
                ],
            }
            for _number in range(count)
        ]
    )
    moves.action_post()
    return moves


class Printer:
    """Prints as the web client's *Print* does."""

    def __init__(self, env):
        self._report = env["ir.actions.report"].with_context(force_report_rendering=True)
        self._replacements = type(self._report)._BILLING_REPLACEMENTS

    def ours(self, moves):
        """Return how many seconds our document takes."""
        return self._print(moves, self._replacements, by_us=True)

    def odoos(self, moves):
        """Return how many seconds Odoo's takes."""
        return self._print(moves, {}, by_us=False)

    def _print(self, moves, replacements, by_us):
        type(self._report)._BILLING_REPLACEMENTS = replacements
        try:
            start = time.perf_counter()
            content, kind = self._report._render_qweb_pdf(REPORT, moves.ids)
            seconds = time.perf_counter() - start
        finally:
            type(self._report)._BILLING_REPLACEMENTS = self._replacements
        if kind != "pdf" or not content.startswith(b"%PDF"):
            raise AssertionError(f"no PDF, but {kind}")
        producer = PdfReader(io.BytesIO(content)).metadata.producer or ""
        if len(moves) == 1 and producer.startswith("WeasyPrint") != by_us:
            raise AssertionError(f"made by {producer}")
        return seconds


def memory_growth(printer, moves, count):
    """Return by how many MB the process grows while it draws so many documents, one by one."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    for number in range(count):
        printer.ours(moves[number % len(moves)])
        # As at the end of a request.
        moves.env.invalidate_all()
    gc.collect()
    return (process.memory_info().rss - before) / 1024**2


def measure(env, given):
    """Return all figures."""
    company = env.ref("carepatron_billing.company_riverside")
    env["ir.config_parameter"].set_param("report.url", given["url"])
    env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})
    company._billing_provider_sudo()._billing_connect(given["stripe_key"])
    moves = make_invoices(env, company, given["many"])
    env.cr.commit()
    printer = Printer(env)
    seconds = {"ours": [], "odoos": []}
    for turn in range(given["rounds"] + 3):
        for side, taken in seconds.items():
            one = getattr(printer, side)(moves[turn])
            if turn >= 3:
                taken.append(one)
    grown = memory_growth(printer, moves, given["total"])
    per_document = {
        name: printer.ours(moves[: given[name]]) / given[name] for name in ("few", "batch", "many")
    }
    return {
        "ours": statistics.median(seconds["ours"]) * 1000,
        "peer": statistics.median(seconds["odoos"]) * 1000,
        "merged": per_document["batch"] * 1000,
        "few": per_document["few"] * 1000,
        "many": per_document["many"] * 1000,
        "grown": grown,
    }


result = measure(env, given)  # noqa: F821
