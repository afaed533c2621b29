"""What an invoice or a credit note says, ready to be set in type."""

from functools import partial

from odoo import api, models
from odoo.tools import format_date, format_time, formatLang, is_html_empty

from ..tools.privacy import FULL, MINIMUM, NAMES
from ..tools.qr_code import qr_code
from .document import (
    column_width,
    in_lines,
    letterhead,
    postal_address,
    sample_link_url,
)

MINUS = "\N{MINUS SIGN}"
# What a document shows at the privacy level *Full* alone.
TELLING = (
    'show_code',
    'show_practitioner',
    'show_session_time',
    'show_client_reference',
    'show_payer',
)


class AccountMoveReport(models.AbstractModel):
    _name = 'report.carepatron_billing.report_account_move'
    _description = "Invoice Document"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return the values that the template shows.

        :param list docids: invoices and credit notes; their texts come in each client's language
        :param dict data: `proforma`: say so in the title; `print_with_payments` False: leave out
            what was paid
        :rtype: dict
        """
        data = data or {}
        moves = self.env['account.move'].browse(docids)
        documents = []
        for move in moves:
            move = move.with_context(lang=move.partner_id.lang or self.env.lang)
            documents.append(self.with_context(lang=move.env.lang)._get_document(move, data))
        return {
            'doc_ids': docids,
            'doc_model': 'account.move',
            'docs': moves,
            'documents': documents,
        }

    def _get_document(self, move, data):
        template = data.get('template')
        # A web client may send data of its own along with its wish to print.
        is_preview = isinstance(template, models.BaseModel)
        if not is_preview:
            template = move._billing_template()
        template = template.with_context(lang=move.env.lang)
        amount = _amount_formatter(move)
        total, due = self._get_sums(move)
        is_posted = move.state == 'posted' or not move.id
        with_payments = (
            data.get('print_with_payments', True) and move.payment_state != 'invoicing_legacy'
        )
        payments = self._get_payments(move) if with_payments else []
        is_due = is_posted and not move.currency_id.is_zero(due)
        to_pay = is_due and move.move_type in ('out_invoice', 'out_receipt')
        provider_state = to_pay and with_payments and self._get_provider_state(move)
        takes_payments = provider_state in ('enabled', 'test')
        head = letterhead(move, template)
        show = head['look']
        show['level'] = move._billing_privacy(self._get_channel())
        if show['level'] != FULL:
            show.update(dict.fromkeys(TELLING, False))
        document = {
            **head,
            'id': move.id,
            'model': 'account.move',
            'kind': 'invoice',
            'title': self._get_title(move, bool(data.get('proforma'))),
            'number': move.name if move.name and move.name != '/' else '',
            **self._get_mark(move, is_posted, with_payments),
            'is_credit': move.move_type == 'out_refund',
            **self._get_people(move, show),
            'facts': self._get_facts(move, amount, total, due, is_posted and with_payments),
            **self._get_items(move, show),
            'totals': self._get_totals(move, amount, total),
            'payments': payments,
            'due': amount(due) if with_payments and is_posted else False,
            'due_label': self._get_due_label(move),
            'credit': to_pay and with_payments and self._get_credit(move, amount),
            'link': self._get_link(move, is_preview)
            if takes_payments and show['show_qr_code']
            else False,
            'test': provider_state == 'test',
            'to_pay': to_pay,
            'bank': to_pay and show['show_bank'] and self._get_bank(move),
            'payment_reference': to_pay and move.payment_reference,
            **self._get_notes(move, amount, show),
        }
        document.update(self._get_texts(move, template, document, amount(total), amount(due)))
        document['slip_height'] = _slip_height(document)
        return document

    def _get_channel(self):
        """Return where the document is read; to name the portal only changes what is withheld."""
        is_portal = self.env.context.get('billing_channel') == 'portal'
        return 'portal' if is_portal else 'document'

    def _get_sums(self, move):
        """Return the total and what is due of it.

        :rtype: tuple[float, float]
        """
        if move.id:
            return move.amount_total, move.amount_residual
        # Of the sample that templates are shown with, which has no entries yet.
        total = move.tax_totals['total_amount_currency']
        return total, total

    def _get_texts(self, move, template, document, total, due):
        values = {
            'client': document['payer_name'],
            'practice': document['company'].name,
            'number': document['number'],
            'date': format_date(self.env, move.invoice_date) if move.invoice_date else "",
            'due_date': format_date(self.env, move.invoice_date_due)
            if move.invoice_date_due
            else "",
            'total': total,
            'amount_due': due,
        }
        texts = {
            'due_date': values['due_date'],
            'introduction': template._fill_text('introduction', values),
            'payment_instructions': document['to_pay']
            and template._fill_text('payment_instructions', values),
            'terms': template._fill_text('terms', values),
            'footer_text': template._fill_text('footer', values),
        }
        title = template._fill_text('title', values)
        # A credit note, or what is not an invoice yet, never takes the name of one.
        if (
            title
            and move.move_type == 'out_invoice'
            and document['title']
            in (
                self.env._("Invoice"),
                self.env._("Tax Invoice"),
            )
        ):
            texts['title'] = title
        return texts

    # === HEAD === #

    def _get_title(self, move, proforma):
        env = self.env
        tax_document = move._get_name_invoice_report() in move._BILLING_TAX_INVOICE_REPORTS
        if move.move_type == 'out_refund':
            if proforma:
                return env._("Proforma Credit Note")
            return env._("Tax Credit Note") if tax_document else env._("Credit Note")
        if move.move_type == 'out_receipt':
            return env._("Sales Receipt")
        if proforma:
            return env._("Proforma Invoice")
        return env._("Tax Invoice") if tax_document else env._("Invoice")

    def _get_mark(self, move, is_posted, with_payments):
        """Return the word that is stamped on the document, if there is one."""
        if move.state == 'cancel':
            mark = ('cancelled', self.env._("Cancelled"))
        elif not is_posted:
            mark = ('draft', self.env._("Draft"))
        else:
            kind = with_payments and move._billing_paid_mark()
            words = {
                'paid': self.env._("Paid"),
                'part_refunded': self.env._("Partly refunded"),
                'refunded': self.env._("Refunded"),
            }
            mark = (kind, words.get(kind, False))
        return {
            'mark_kind': mark[0],
            'mark': mark[1],
            'watermark': mark[0] in ('cancelled', 'draft'),
        }

    def _get_people(self, move, show):
        """Return who pays, whose sessions these are, and who held them."""
        payer = move.partner_id
        company_name = payer.commercial_company_name
        clients_sudo = move._billing_clients()
        # What tells more than who pays how much, not everybody gets to know.
        hidden_sudo = move._billing_hidden_lines()
        others_sudo = clients_sudo.filtered(lambda client: client != payer)
        return {
            'payer_label': self.env._("Credit to")
            if move.move_type == 'out_refund'
            else self.env._("Bill to"),
            'payer_name': payer.name or "",
            'payer_company': company_name if company_name != payer.name else False,
            'payer_address': show['show_client_address'] and in_lines(postal_address(payer)),
            'payer_vat': payer.vat,
            'clients': [
                {
                    'name': client.name,
                    'address': show['show_client_address']
                    and not hidden_sudo
                    and in_lines(postal_address(client)),
                }
                for client in others_sudo
            ]
            if show['show_payer']
            else [],
            'client_references': [
                reference
                for reference in (clients_sudo or payer.sudo()).mapped('billing_reference')
                if reference
            ]
            if show['show_client_reference'] and not hidden_sudo
            else [],
            'practitioners': [
                {
                    'name': user.partner_id.name,
                    'registration': user.partner_id.billing_registration_number,
                    'provider': user.partner_id.billing_provider_number,
                }
                for user in move._billing_practitioners()
            ]
            if show['show_practitioner'] and not hidden_sudo
            else [],
        }

    def _get_due_label(self, move):
        is_credit = move.move_type == 'out_refund'
        return self.env._("Remaining credit") if is_credit else self.env._("Amount due")

    def _get_facts(self, move, amount, total, due, with_due):
        """Return the figures looked for first: pairs of label and text, the sum last."""
        env = self.env
        is_credit = move.move_type == 'out_refund'
        facts = []
        if move.invoice_date:
            label = env._("Credit note date") if is_credit else env._("Invoice date")
            facts.append((label, format_date(env, move.invoice_date)))
        if move.move_type == 'out_invoice':
            facts += self._get_due_facts(move, amount)
        if is_credit and move.reversed_entry_id:
            facts.append((env._("For invoice"), move.reversed_entry_id.name))
        if move.ref and not is_credit:
            facts.append((env._("Your reference"), move.ref))
        if is_credit:
            facts.append((env._("Total credit"), amount(total)))
        elif with_due:
            facts.append((env._("Amount due"), amount(due)))
        else:
            facts.append((env._("Total"), amount(total)))
        return facts

    def _get_due_facts(self, move, amount):
        values = move._get_invoice_next_payment_values() if move.id else {}
        if move.state == 'posted' and values.get('installment_state') in ('next', 'overdue'):
            text = self.env._(
                "%(amount)s by %(date)s",
                amount=amount(values['next_amount_to_pay']),
                date=format_date(self.env, values['next_due_date']),
            )
            return [(self.env._("Next payment"), text)]
        if not move.invoice_date_due:
            return []
        return [(self.env._("Due date"), format_date(self.env, move.invoice_date_due))]

    # === LINES === #

    def _get_items(self, move, show):
        lines = self._get_lines(move)
        products = lines.filtered(lambda line: (line.display_type or 'product') == 'product')
        practitioners = move._billing_practitioners()
        items = []
        carried = 0.0
        for line in lines:
            if line.collapse_composition or line.collapse_prices:
                items += [
                    self._get_grouped_item(move, line, group, show)
                    for group in line._get_child_lines()
                ]
                # What a group hides does not add up on paper.
                carried = None
                continue
            item = self._get_item(move, line, show, len(practitioners) > 1)
            if carried is not None and item['kind'] == 'product':
                carried += _line_amount(move, line)
                sum_so_far = formatLang(self.env, carried, currency_obj=move.currency_id)
                item['carried'] = self.env._("Carried forward %s", sum_so_far)
                item['brought'] = self.env._("Brought forward %s", sum_so_far)
            items.append(item)
        return {
            'items': [item for item in items if self._may_show(item, show)],
            'has_dates': show['level'] == FULL and any(products.mapped('billing_service_date')),
            'has_codes': show['show_code'] and any(item.get('code') for item in items),
            'has_quantities': show['show_quantity'],
            'has_discounts': show['show_discount'] and any(products.mapped('discount')),
            'has_taxes': show['show_taxes'] and any(line.tax_ids for line in products),
            'column_width': partial(column_width, items),
        }

    def _may_show(self, item, show):
        """Whether the practice's privacy settings let a row show: titles are words about what was
        done, and notes are anything."""
        hidden = {MINIMUM: ('section', 'subsection', 'note'), NAMES: ('note',), FULL: ()}
        return item['kind'] not in hidden[show['level']]

    def _get_text(self, text, show):
        """Return the text of a row as far as the practice's privacy settings let it show."""
        if show['level'] == MINIMUM:
            return self.env._("Service")
        return text.partition('\n')[0] if show['level'] == NAMES else text

    def _get_lines(self, move):
        if not move.id:
            return move.invoice_line_ids
        # Asked for the sections of some lines only, Odoo writes those of the others, and goes
        # through the whole invoice again.
        move.line_ids.mapped('parent_id')
        return move._get_move_lines_to_report()

    def _get_item(self, move, line, show, name_practitioner):
        kind = line.display_type or 'product'
        text = line.name or ''
        item = {
            'kind': kind.removeprefix('line_'),
            'text': text,
            # A row is kept whole, unless it might fill a page.
            'is_long': len(text) > 900 or text.count("\n") > 12,
        }
        if kind == 'product':
            code = (
                line.billing_code
                or line.sudo().billing_item_id.code
                or line.product_id.default_code
            )
            item.update(
                {
                    # Odoo's own description begins with it.
                    # What stands in no book says as little as it may.
                    'text': text
                    if move.id and not line.id
                    else self._get_text(
                        line._billing_service_name()
                        if show['level'] == NAMES
                        else text.removeprefix(f'[{code}]').lstrip()
                        if code
                        else text,
                        show,
                    ),
                    'code': show['show_code'] and code,
                    'date': line.billing_service_date
                    and format_date(self.env, line.billing_service_date),
                    'time': show['show_session_time'] and self._get_session_time(line),
                    'practitioner': name_practitioner
                    and show['show_practitioner']
                    and line.sudo().billing_item_id.practitioner_id.name,
                    'quantity': self._format_quantity(line.quantity, line.product_uom_id),
                    'price': self._format_price(line.price_unit, move.currency_id),
                    'discount': line.discount
                    and self.env._("%s%%", _format_short(self.env, line.discount)),
                    'taxes': ", ".join(tax.tax_label for tax in line.tax_ids if tax.tax_label),
                    'amount': self._format_price(_line_amount(move, line), move.currency_id),
                }
            )
        elif kind in ('line_section', 'line_subsection'):
            item['amount'] = self._format_price(line.get_section_subtotal(), move.currency_id)
        return item

    def _get_session_time(self, line):
        event_sudo = line.sudo().billing_item_id.event_id
        if not event_sudo or event_sudo.allday:
            return False
        zone = line.company_id._billing_zone().key
        return "\N{EN DASH}".join(
            format_time(self.env, moment, tz=zone, time_format='short')
            for moment in (event_sudo.start, event_sudo.stop)
        )

    def _get_grouped_item(self, move, section, group, show):
        """Return a line of a section whose parts or prices the practice keeps to itself."""
        kind = group['display_type'].removeprefix('line_')
        item = {
            'kind': kind,
            'text': self._get_text(group['name'] or '', show)
            if kind == 'product'
            else group['name'] or '',
            'is_long': False,
            'taxes': ", ".join(group['taxes']),
        }
        if kind == 'product':
            item['quantity'] = self._format_quantity(group['quantity'], group.get('line_uom'))
        if kind != 'product' or section.collapse_composition:
            item['amount'] = self._format_price(
                group['price_total' if _shows_tax_included(move) else 'price_subtotal'],
                move.currency_id,
            )
        return item

    def _format_quantity(self, quantity, uom):
        text = _format_short(self.env, quantity)
        if not uom or uom == self.env.ref('uom.product_uom_unit', raise_if_not_found=False):
            return text
        return f"{text} {uom.name}"

    def _format_price(self, price, currency):
        precision = self.env['decimal.precision'].precision_get('Product Price')
        digits = currency.decimal_places
        # A price per unit may be finer than the currency; no digit of it is hidden.
        while digits < precision and round(price, digits) != round(price, precision):
            digits += 1
        return formatLang(self.env, price, digits=digits)

    # === TOTALS === #

    def _get_totals(self, move, amount, total):
        """Return the rows of the total block: label, text and the kind of row."""
        tax_totals = move.tax_totals or {}
        subtotals = tax_totals.get('subtotals', [])
        rows = []
        for subtotal in subtotals:
            if not subtotal['tax_groups']:
                continue
            name = self.env._("Subtotal") if len(subtotals) == 1 else subtotal['name']
            rows.append((name, amount(subtotal['base_amount_currency']), 'sub'))
            for group in subtotal['tax_groups']:
                base = group['display_base_amount_currency']
                name = group['group_name']
                if not tax_totals['same_tax_base'] and base is not False:
                    name = self.env._("%(tax)s on %(base)s", tax=name, base=amount(base))
                rows.append((name, amount(group['tax_amount_currency']), 'tax'))
        rounding = tax_totals.get('cash_rounding_base_amount_currency')
        if rounding is not None:
            rows.append((self.env._("Rounding"), amount(rounding), 'tax'))
        label = self.env._("Total (%s)", move.currency_id.name)
        rows.append((label, amount(total), 'total'))
        return rows

    def _get_payments(self, move):
        rows = []
        widget = move.sudo().invoice_payments_widget or {}
        amount = _amount_formatter(move)
        for payment in widget.get('content', []):
            if payment['is_exchange']:
                continue
            date = format_date(self.env, payment['date'])
            counterpart = move.browse(payment['move_id'])
            if move.move_type == 'out_refund':
                label = (
                    self.env._("Used for %s", counterpart.name)
                    if counterpart.is_sale_document(include_receipts=True)
                    else self.env._("Refunded on %s", date)
                )
            elif payment['is_refund']:
                label = self.env._("Credited on %s", date)
            else:
                label = self.env._("Paid on %s", date)
            rows.append((label, f"{MINUS}{amount(payment['amount'])}"))
        return rows

    def _get_credit(self, move, amount):
        """Return what the payer has left over of other invoices, as label and text, or False."""
        credit = move._billing_told_credit()
        if not credit:
            return False
        today = format_date(self.env, move.company_id._billing_today())
        return self.env._("Your unused credit on %s", today), amount(credit)

    def _get_link(self, move, is_preview):
        if is_preview:
            # Whoever looks at a template makes no link: where there is none, it is a sample.
            url = move._billing_current_link().url or sample_link_url(move.company_id)
        else:
            url = move._billing_payment_link().url
        return {'url': url, 'qr_code': qr_code(url)}

    def _get_provider_state(self, move):
        if move.move_type != 'out_invoice':
            return False
        return move.company_id._billing_provider_sudo().state

    def _get_bank(self, move):
        bank = move.partner_bank_id
        if not bank:
            return False
        return {
            'holder': bank.acc_holder_name or move.company_id.name,
            'number': bank.acc_number,
            'bic': bank.bank_bic,
            'name': bank.bank_name,
        }

    # === NOTES === #

    def _get_notes(self, move, amount, show):
        term = move.invoice_payment_term_id
        return {
            'instalments': [
                (detail['date'], amount(detail['amount']))
                for detail in move.payment_term_details or []
            ]
            if len(move.payment_term_details or []) > 1
            else [],
            'early_discount': self._get_early_discount(move, amount),
            'company_currency': move.company_currency_id.name,
            'company_currency_totals': self._get_company_currency_totals(move),
            'notes': [
                html
                for html in (
                    move.move_type == 'out_invoice' and term.note,
                    move.fiscal_position_id.note,
                    move.taxes_legal_notes,
                    show['level'] == FULL and move.narration,
                )
                if not is_html_empty(html)
            ],
        }

    def _get_early_discount(self, move, amount):
        if not (
            move.show_discount_details
            and move._is_eligible_for_early_payment_discount(move.currency_id, move.invoice_date)
        ):
            return False
        term = move.invoice_payment_term_id
        return self.env._(
            "%(amount)s if you pay by %(date)s",
            amount=amount(term._get_amount_due_after_discount(move.amount_total, move.amount_tax)),
            date=term._get_last_discount_date_formatted(move.invoice_date),
        )

    def _get_company_currency_totals(self, move):
        """Return the taxes in the practice's own currency, where the law asks for them."""
        tax_totals = move.tax_totals or {}
        if not tax_totals.get('display_in_company_currency'):
            return []
        currency = move.company_currency_id
        return [
            (group['group_name'], formatLang(self.env, group['tax_amount'], currency_obj=currency))
            for subtotal in tax_totals['subtotals']
            for group in subtotal['tax_groups']
        ]


def _slip_height(document):
    """Return the height of the payment slip, in mm: long names take lines of their own."""
    bank = document['bank'] or {}
    # Texts, and how many characters of each find room on a line; two lines are to spare at left.
    left = ((document['company'].name, 44), (document['payer_name'], 28), (document['number'], 28))
    right = ((bank.get('holder'), 46), (bank.get('number'), 46), (bank.get('name'), 46))
    more_left, more_right = (
        sum(max(len(text or '') - 1, 0) // room for text, room in side) for side in (left, right)
    )
    return 49 + 4.5 * max(more_left - 2, more_right, 0)


def _line_amount(move, line):
    return line.price_total if _shows_tax_included(move) else line.price_subtotal


def _amount_formatter(move):
    return lambda value: formatLang(move.env, value, currency_obj=move.currency_id)


def _format_short(env, value):
    text = formatLang(env, value, digits=2)
    point = env['res.lang']._get_data(code=env.lang or 'en_US').decimal_point or '.'
    return text.rstrip('0').rstrip(point) if point in text else text


def _shows_tax_included(move):
    return move.company_price_include == 'tax_included'
