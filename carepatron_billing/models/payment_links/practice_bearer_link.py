import secrets

from odoo import api, fields, models
from odoo.tools import consteq

# The token's first part finds the row by its index, the second proves the right to it: it alone
# has 128 bits, and it is compared in constant time.
FINDER_LENGTH = 10
PROOF_BYTES = 16


class PracticeBearerLink(models.AbstractModel):
    """A page that opens to whoever holds its link, without a login.

    A model says in `_path` where its page is, and adds that `finder` is unique.
    """

    _name = 'practice.bearer.link'
    _description = "Bearer Link"

    # What reading a link always needs, in one query.
    _token_fields = ['finder', 'proof']

    finder = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    proof = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    url = fields.Char(compute='_compute_url', compute_sudo=True)

    @api.depends('finder', 'proof')
    def _compute_url(self):
        for link in self:
            link.url = f'{link.get_base_url()}{link._path()}'

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.update(self._new_token())
        return super().create(vals_list)

    @api.model
    def _new_token(self):
        return {
            'finder': secrets.token_urlsafe(FINDER_LENGTH)[:FINDER_LENGTH],
            'proof': secrets.token_urlsafe(PROOF_BYTES),
        }

    @api.model
    def _from_token(self, token):
        """Return the record (sudo) that a link's token opens; empty where it opens none."""
        finder, proof = token[:FINDER_LENGTH], token[FINDER_LENGTH:]
        found_sudo = self.sudo().search_fetch(
            [('finder', '=', finder)], self._token_fields, limit=1
        )
        # Compared also where nothing was found: the answer takes as long.
        known = consteq(found_sudo.proof or secrets.token_urlsafe(PROOF_BYTES), proof)
        return found_sudo if known else self.sudo().browse()

    def _path(self):
        """Return the address of the page within this Odoo."""
        raise NotImplementedError
