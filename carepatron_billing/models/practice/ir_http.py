from werkzeug.exceptions import NotFound

from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = 'ir.http'

    @classmethod
    def _serve_fallback(cls):
        """Override of `base`: an address that no database can hold does not exist.

        Odoo looks for a file of that address, which PostgreSQL refuses: anybody could fill the
        log with tracebacks.
        """
        if '\0' in request.httprequest.path:
            raise NotFound()
        return super()._serve_fallback()
