"""The lines of an invoice or a credit note, as far as they may be told."""

from functools import partial

from odoo import models
from odoo.tools import format_date, format_time, formatLang

from ..tools.privacy import FULL, MINIMUM, NAMES
from .document import column_width


class AccountMoveReport(models.AbstractModel):
    _inherit = 'report.carepatron_billing.report_account_move'

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


def _line_amount(move, line):
    return line.price_total if _shows_tax_included(move) else line.price_subtotal


def _format_short(env, value):
    text = formatLang(env, value, digits=2)
    point = env['res.lang']._get_data(code=env.lang or 'en_US').decimal_point or '.'
    return text.rstrip('0').rstrip(point) if point in text else text


def _shows_tax_included(move):
    return move.company_price_include == 'tax_included'
