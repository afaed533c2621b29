"""Actions that the web client carries out, in the few forms that the addon returns."""

from odoo import models


def notification(message: str, kind: str = 'success', **params: object) -> dict:
    """Return the action that shows a message in the corner.

    :param kind: `success`, `info`, `warning` or `danger`
    :param params: further ones of the web client's: `next`, `sticky`, `title`
    """
    return {
        'type': 'ir.actions.client',
        'tag': 'display_notification',
        'params': {'type': kind, 'message': message, **params},
    }


def open_dialog(record: models.BaseModel, name: str) -> dict:
    """Return the action that shows a record's form as a dialog, once more where it is open."""
    return {
        'type': 'ir.actions.act_window',
        'name': name,
        'res_model': record._name,
        'res_id': record.id,
        'view_mode': 'form',
        'target': 'new',
    }
