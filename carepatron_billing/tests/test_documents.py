import io
from unittest.mock import patch

from pypdf import PdfReader

from odoo import Command, fields
from odoo.tests import tagged

from .documents_common import OUR_WORDS, RECEIPT, REPORT, DocumentsCommon, text_of


@tagged('post_install', '-at_install')
class TestDocuments(DocumentsCommon):
    # === CONTENT === #

    def test_invoice_shows_what_it_holds(self):
        tax = self.company_data['default_tax_sale']
        tax.invoice_legal_notes = "<p>Taxed under section 7.</p>"
        invoice = self.make_invoice(
            lines=[
                {
                    'name': "Initial assessment",
                    'price_unit': 180,
                    'billing_service_date': '2026-11-03',
                },
                {
                    'name': "Resistance band",
                    'price_unit': 24.5,
                    'quantity': 2,
                    'discount': 10,
                    'tax_ids': [Command.set(tax.ids)],
                },
            ],
            narration="<p>See you soon.</p>",
            ref="Claim 55",
        )
        text = text_of(self.render(invoice))
        for expected in (
            "Mill Lane Practice", "14 Mill Lane", "93-1234567",
            "Alex Morgan", "8 Orchard Road",
            invoice.name, "11/20/2026", "12/04/2026", "Claim 55",
            "11/03/2026 Initial assessment 1 180.00",
            "Resistance band 2 24.50 10% 15% 44.10",
            "Subtotal $ 224.10", "$ 44.10", "$ 6.62", "Total (USD) $ 230.72",
            "Taxed under section 7.", "See you soon.", "Page 1 of 1",
        ):  # fmt: skip
            self.assertIn(expected, text)

    def test_columns_are_shown_only_when_used(self):
        text = text_of(self.render(self.make_invoice()))
        self.assertNotIn("Discount", text)
        self.assertNotIn("Tax Amount", text)
        self.assertNotIn("Date Description", text)

    def test_payment_and_rest_are_shown(self):
        invoice = self.make_invoice()
        self.pay(invoice, 50)
        text = text_of(self.render(invoice))
        self.assertIn("Paid on 11/21/2026 \N{MINUS SIGN}$ 50.00", text)
        self.assertIn("Amount due $ 70.00", text)

    def test_report_without_payments_leaves_them_out(self):
        invoice = self.make_invoice()
        self.pay(invoice, 50)
        text = text_of(self.render(invoice, 'account.account_invoices_without_payment'))
        self.assertIn(OUR_WORDS, text)
        self.assertNotIn("Paid on", text)

    def test_credit_note_names_its_invoice(self):
        term = self.env['account.payment.term'].create(
            {'name': "Week", 'note': "<p>Payable within 7 days.</p>"}
        )
        invoice = self.make_invoice(invoice_payment_term_id=term.id)
        self.assertIn("Payable within 7 days.", text_of(self.render(invoice)))
        credit_note = invoice._reverse_moves([{'invoice_date': fields.Date.to_date('2026-11-22')}])
        credit_note.action_post()
        text = text_of(self.render(credit_note))
        self.assertRegex(text, f"Credit Note ?{credit_note.name}")
        self.assertIn(f"For invoice {invoice.name}", text)
        self.assertIn("Total credit $ 120.00", text)
        self.assertNotIn("Payable within", text)

    def test_draft_and_cancelled_are_marked(self):
        invoice = self.make_invoice(post=False)
        self.assertIn("Draft", text_of(self.render(invoice)))
        invoice.action_post()
        self.assertNotIn("Draft", text_of(self.render(invoice)))
        invoice.button_cancel()
        self.assertIn("Cancelled", text_of(self.render(invoice)))

    def test_many_lines_repeat_the_header_on_each_page(self):
        lines = [{'name': f"Session {number}", 'price_unit': 100 + number} for number in range(80)]
        invoice = self.make_invoice(lines=lines)
        pages = PdfReader(io.BytesIO(self.render(invoice))).pages
        self.assertGreater(len(pages), 2)
        for number, page in enumerate(pages, 1):
            text = " ".join(page.extract_text().split())
            self.assertIn("Description Quantity Price Amount", text)
            self.assertIn(f"Page {number} of {len(pages)}", text)
        text = text_of(self.render(invoice))
        for number in range(80):
            self.assertIn(f"Session {number} 1 {100 + number}.00", text)

    def test_total_block_is_never_torn_apart(self):
        for count in range(14, 24):
            lines = [{'name': f"Session {number}", 'price_unit': 10} for number in range(count)]
            invoice = self.make_invoice(lines=lines)
            pages = PdfReader(io.BytesIO(self.render(invoice))).pages
            last = " ".join(pages[-1].extract_text().split())
            self.assertIn("Payment reference", last)
            self.assertIn("Total (USD)", last)

    def test_client_reads_own_language_and_dates(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.payer.lang = 'fr_FR'
        invoice = self.make_invoice(lines=[{'name': "Consultation", 'price_unit': 1110.5}])
        pdf = self.render(invoice)
        text = text_of(pdf)
        self.assertIn("20/11/2026", text)
        self.assertIn("1 110,50", text.replace("\N{NARROW NO-BREAK SPACE}", " "))
        self.assertEqual(PdfReader(io.BytesIO(pdf)).trailer['/Root']['/Lang'], 'fr-FR')

    def test_right_to_left_language_sets_the_direction(self):
        self.env['res.lang']._activate_lang('ar_001')
        self.payer.lang = 'ar_001'
        invoice = self.make_invoice()
        html = self.env['ir.actions.report']._render_qweb_html(REPORT, invoice.ids)[0].decode()
        self.assertIn('dir="rtl"', html)
        self.assertTrue(self.render(invoice))

    def test_foreign_currency_is_named(self):
        currency = self.setup_other_currency('EUR')
        invoice = self.make_invoice(currency_id=currency.id)
        text = text_of(self.render(invoice))
        self.assertIn("Total (EUR) 120.00 €", text)
        self.assertIn("Amount due 120.00 €", text)

    def test_receipt_shows_payment_and_rest(self):
        invoice = self.make_invoice()
        payment = self.pay(invoice, 50)
        text = text_of(self.render(payment, RECEIPT))
        for expected in (
            "Receipt", "Mill Lane Practice", "Received from Alex Morgan", "11/21/2026",
            "Amount received $ 50.00",
            f"{invoice.name} 11/20/2026 $ 120.00 $ 50.00 $ 70.00",
            "Amount still due $ 70.00",
        ):  # fmt: skip
            self.assertIn(expected, text)

    # === PAYMENT LINK === #

    def test_link_is_printed_only_while_it_can_be_paid(self):
        invoice = self.make_invoice()
        self.assertNotIn("/billing/pay/", text_of(self.render(invoice)), "payments not set up")
        provider = self.company._billing_provider_sudo()
        with patch.object(type(provider), 'state', 'test'):
            url = invoice._billing_payment_link().url
            text = text_of(self.render(invoice))
            self.assertIn("Pay online", text)
            self.assertIn(url, text.replace(" ", ""))
            self.pay(invoice, 120)
            self.assertNotIn("/billing/pay/", text_of(self.render(invoice)), "nothing is due")
            draft = self.make_invoice(post=False)
            self.assertNotIn("/billing/pay/", text_of(self.render(draft)), "not issued")

    # === MONEY BACK AND CREDIT === #

    def give_back(self, invoice, amount):
        self.env['practice.refund'].with_context(default_move_id=invoice.id).create(
            {'reason': "Too long", 'way': 'hand', 'scope': 'part', 'amount': amount}
        ).action_refund()

    def test_document_says_what_was_given_back_and_the_kept_one_is_made_anew(self):
        self.env.user.group_ids |= self.env.ref('carepatron_billing.group_manager')
        paid, unpaid = self.make_invoice(), self.make_invoice()
        self.pay(paid, 120)

        def keep(invoices):
            with self.real_rendering():
                sends = self.env['account.move.send']
                sends._generate_and_send_invoices(invoices, sending_methods=[])
            return invoices[:1].invoice_pdf_report_id

        first = keep(paid | unpaid)
        self.assertIn("Invoice Paid", text_of(first.raw))
        sent = unpaid.invoice_pdf_report_id.raw
        self.pay(unpaid, 120)
        for amount, words in ((50, "Partly refunded"), (70, "Refunded")):
            self.give_back(paid, amount)
            text = text_of(self.render(paid))
            self.assertIn(f"Invoice {words} {paid.name}", text)
            self.assertFalse(paid.invoice_pdf_report_id)
            self.assertIn(f"Invoice {words}", text_of(keep(paid).raw))
        self.assertEqual(first.exists().res_id, paid.id, "what was mailed stays")
        # The money comes back to the practice.
        paid.reversal_move_ids[0].line_ids.remove_move_reconcile()
        self.assertIn("Invoice Partly refunded", text_of(self.render(paid)))
        # What was sent before it was paid never said so.
        self.give_back(unpaid, 120)
        self.assertEqual(self.render(unpaid), sent)

    def test_batch_asks_the_books_once_what_was_given_back(self):
        invoices = self.make_invoice() | self.make_invoice() | self.make_invoice()
        for invoice in invoices:
            self.pay(invoice, 120)
        Move = self.registry['account.move']
        asked = []
        given_back = Move._billing_refunded_by_id

        def count(moves):
            asked.append(moves.ids)
            return given_back(moves)

        self.env.invalidate_all()
        with patch.object(Move, '_billing_refunded_by_id', count):
            text = text_of(self.render(invoices))
        self.assertEqual(text.count("Invoice Paid"), 3)
        self.assertEqual([len(ids) for ids in asked], [3])

    def test_document_that_asks_for_money_tells_of_unused_credit(self):
        payers = self.payer | self.payer.copy({'email': 'b@example.com'}) | self.payer.copy()
        for payer in payers:
            lines = [{'name': "Came too late", 'price_unit': 50}]
            self.make_invoice(move_type='out_refund', lines=lines, partner_id=payer.id)
        invoices = self.env['account.move']
        for payer in payers:
            invoices |= self.make_invoice(partner_id=payer.id)
        template = self.company.billing_template_id.sudo()
        for layout in ('classic', 'modern', 'compact', 'statement'):
            template.layout = layout
            text = text_of(self.render(invoices[0]))
            with self.subTest(layout=layout):
                self.assertRegex(text, r"Your unused credit on [\d/]+ \$ ?50\.00")
                self.assertRegex(text, r"(Total|Amount due) \$ ?120\.00")
        queries = []
        for some in (invoices[:1].sudo(), invoices.sudo()):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(some.mapped('billing_credit'), [50.0] * len(some))
            queries.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*queries)
        invoices[0].sudo()._billing_use_credit()
        self.env.invalidate_all()
        text = text_of(self.render(invoices[0]))
        self.assertNotIn("unused credit", text)
        self.assertRegex(text, r"Credited on \S+ .\$ ?50\.00")
        payers[1].parent_id = payers[2]
        invoice = self.make_invoice(partner_id=payers[1].id)
        self.assertGreater(invoice.sudo().billing_credit, 0.0)
        self.assertNotIn("unused credit", text_of(self.render(invoice)))
