"""Forms come apart by rooms: what is added to them is made anew, in the order of the rooms."""

from odoo.api import SUPERUSER_ID, Environment

# They extend what has moved from its form to a part that is made only now. Odoo combines parts in
# the order in which they were made, so the older one would look for it in vain.
OUTRUN = (
    'account_move_billing_view_form_reminder',
    'res_company_billing_view_form_autopay',
    'res_company_billing_view_form_reminder',
    'res_company_billing_view_form_retention',
    'res_company_billing_view_form_second_check',
    'res_partner_view_form_card',
    'res_partner_view_form_reminder',
)


def migrate(cr, version):
    """Remove the parts that this update makes again."""
    env = Environment(cr, SUPERUSER_ID, {})
    for name in OUTRUN:
        view = env.ref(f'carepatron_billing.{name}', raise_if_not_found=False)
        if view:
            view.unlink()
