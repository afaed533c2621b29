from odoo import api, models

ROLES = ('practitioner', 'front_desk', 'manager')


class ResUsers(models.Model):
    """Who gave whom which role, in which practices."""

    _inherit = 'res.users'

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        users._billing_note_roles({})
        return users

    def write(self, vals):
        watched = {'active', 'company_ids', 'group_ids', 'role'}
        before = self._billing_roles() if watched & vals.keys() else None
        result = super().write(vals)
        if before is not None:
            self._billing_note_roles(before)
        return result

    def _billing_roles(self) -> dict[models.Model, str]:
        """Return in words what each user may do in Billing & Payments, and where."""
        groups = [
            group
            for role in ROLES
            if (group := self.env.ref(f'carepatron_billing.group_{role}', False))
        ]
        told = {}
        for user in self.sudo():
            role = next(
                (one.name for one in reversed(groups) if one.sudo() in user.all_group_ids), ""
            )
            if role and user.active:
                told[user] = f"{role}: {', '.join(user.company_ids.mapped('name'))}"
        return told

    def _billing_note_roles(self, before):
        after = self._billing_roles()
        changed = self.filtered(lambda user: before.get(user) != after.get(user))
        details = {
            user: self.env._(
                "%(old)s → %(new)s", old=before.get(user, "–"), new=after.get(user, "–")
            )
            for user in changed
        }
        self.env['practice.audit.log']._note('role', changed, details)


class ResGroups(models.Model):
    _inherit = 'res.groups'

    def write(self, vals):
        """Override of `base`: roles may be given from the group's side, too."""
        if not vals.keys() & {'user_ids', 'implied_ids', 'implied_by_ids'}:
            return super().write(vals)
        roles = self.env['res.groups'].union(
            *filter(
                None,
                (self.env.ref(f'carepatron_billing.group_{role}', False) for role in ROLES),
            )
        )
        users_before = roles.sudo().all_user_ids
        before = users_before._billing_roles()
        result = super().write(vals)
        (users_before | roles.sudo().all_user_ids)._billing_note_roles(before)
        return result
