from odoo import api, models


class PracticeLinkCode(models.Model):
    """What the payer reads of a code: every word that depends on the practice or on how it
    stands."""

    _inherit = 'practice.link.code'

    @api.model
    def _page_texts(self, company):
        """Return the sentences of the page that asks for a code, in the context's language.

        :rtype: dict[str, str]
        """
        practice = company.name
        return {
            'no_address': self.env._(
                "This page opens with a code that is sent by e-mail, and %s has no address for"
                " you. Please ask to have it added, then open this page again.",
                practice,
            ),
            'private': self.env._(
                "To keep this page private, it opens with a code. We send it to the e-mail address"
                " that %s has for you.",
                practice,
            ),
            'known': self.env._(
                "After that, this browser is known for %s days. It is remembered by a cookie, which"
                " serves nothing else.",
                self._remembered_days(),
            ),
            'sent': self.env._(
                "We sent a code to the e-mail address that %(practice)s has for you. It is valid"
                " for %(minutes)s minutes.",
                practice=practice,
                minutes=self._valid_minutes(),
            ),
            'no_mail': self.env._(
                "No mail? Look into the folder for spam, or ask %s whether your address is right.",
                practice,
            ),
        }

    def _mail_texts(self):
        """Return the sentences of the mail with a code, in the context's language.

        :rtype: dict[str, str]
        """
        practice = self.company_id.name
        return {
            'subject': self.env._("Your code for %s", practice),
            'code_for': self.env._("Your code for %s:", practice),
            'valid': self.env._(
                "Enter it on the page that you have open. It is valid for %s minutes.",
                self._valid_minutes(),
            ),
        }

    def _explain(self, problem):
        """Return in words why no code was sent, or why a page stays shut; '' without a problem.

        :param str problem: as `_send` and `_take` return it
        :rtype: str
        """
        practice = self.company_id.name
        texts = {
            'soon': lambda: self.env._(
                "A code was sent a moment ago. Please wait a minute before you ask for another."
            ),
            'many': lambda: self.env._(
                "Enough codes were sent for today. Please try again tomorrow, or ask %s.", practice
            ),
            'failed': lambda: self.env._(
                "The mail could not be sent just now. Please try again in a minute, or ask %s.",
                practice,
            ),
            'old': lambda: self.env._("This code is too old. Please ask for a new one."),
            'wrong': lambda: self.env._(
                "This is not the code. Please look at the last e-mail again."
            ),
            'spent': lambda: self.env._(
                "That was wrong too often, and the code is void. Please ask for a new one."
            ),
        }
        return texts[problem]() if problem else ''
