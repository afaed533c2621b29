from odoo import models

from ...tools.actions import open_dialog


class PracticeClinicalWarning(models.AbstractModel):
    """A dialog that sends mails, and warns once where they tell what clients come for.

    Its view shows the words, and a button that sends the mails as they are.
    """

    _name = 'practice.clinical.warning'
    _description = "Warning of Clinical Words"

    def _billing_warn_of(self, words: str | bool, name: str) -> dict | None:
        """Return the action that shows this dialog with its warning; None where it may send.

        :param words: what the mails tell though they may not
        :param name: the dialog's title
        """
        if not words or self.env.context.get('billing_sends_anyway'):
            return None
        return open_dialog(self, name)
