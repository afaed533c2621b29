import logging
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import consteq, hash_sign, verify_hash_signed
from odoo.tools.misc import hmac

from ...tools.concurrency import claim, create_once

_logger = logging.getLogger(__name__)

SCOPE = 'carepatron_billing.link_code'
DIGITS = 6
VALID = timedelta(minutes=15)
# Forty guesses a day among a million codes: whoever has stolen a link waits for decades.
MOST_TRIES = 5
MOST_MAILS = 8
PERIOD = timedelta(days=1)
PAUSE = timedelta(minutes=1)
REMEMBERED = timedelta(days=7)


class PracticeLinkCode(models.Model):
    """What a payer has to know beside the address of a link, where the practice wants it: a code
    that is mailed when it is asked for.

    One for all links of a payer to a practice: more links bring no more mails and no more guesses.
    Of the code there is a keyed hash alone.
    """

    _name = 'practice.link.code'
    _description = "Code for a Payer's Links"
    _rec_name = 'payer_id'

    payer_id = fields.Many2one(
        'res.partner', required=True, readonly=True, index=True, ondelete='cascade'
    )
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='cascade')
    digest = fields.Char(readonly=True, groups=NO_ACCESS)
    valid_until = fields.Datetime(readonly=True)
    tries = fields.Integer(string="Wrong Tries", readonly=True)
    sent_at = fields.Datetime(string="Last Sent", readonly=True)
    counted_since = fields.Datetime(readonly=True)
    sent_count = fields.Integer(string="Mails Since Then", readonly=True)

    _payer_uniq = models.Constraint(
        'unique(payer_id, company_id)', "This payer has a code of this practice already."
    )

    @api.model
    def _of(self, payer, company):
        """Return a payer's row (sudo) at a practice; empty where no code was ever asked for."""
        return self.sudo().search(
            [('payer_id', '=', payer.id), ('company_id', '=', company.id)], limit=1
        )

    @api.model
    def _for(self, payer, company):
        """Return a payer's row (sudo) at a practice, made if there is none."""
        values = {'payer_id': payer.id, 'company_id': company.id}
        return self._of(payer, company) or create_once(self.sudo(), values, payer)

    # === BUSINESS METHODS - THE CODE === #

    def _is_open(self) -> bool:
        """Whether a code was sent that can still be used."""
        return bool(self.digest) and self.valid_until > fields.Datetime.now()

    def _send(self) -> str:
        """Mail the payer a new code (as sudo); the one before opens nothing any more.

        Commits before it calls the mail server.

        :return: why nothing was sent: ``address`` (there is none), ``soon`` (the last one left a
            moment ago), ``many`` (enough for a day), ``failed`` (the mail server); '' if it was
        """
        self.ensure_one()
        email = self.payer_id.email_normalized
        if not email:
            return 'address'
        claim(self)
        now = fields.Datetime.now()
        if self.sent_at and now < self.sent_at + PAUSE:
            return 'soon'
        is_new_period = not self.counted_since or now >= self.counted_since + PERIOD
        if not is_new_period and self.sent_count >= MOST_MAILS:
            return 'many'
        text = f'{secrets.randbelow(10**DIGITS):0{DIGITS}}'
        valid_until = now + VALID
        self.write(
            {
                'digest': self._digest(text, valid_until),
                'valid_until': valid_until,
                'tries': 0,
                'sent_at': now,
                'counted_since': now if is_new_period else self.counted_since,
                'sent_count': 1 if is_new_period else self.sent_count + 1,
            }
        )
        # Rule 1 of the design: what must survive is committed before the outside call.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        if self._mail(text, email):
            return ''
        self.digest = False
        return 'failed'

    def _redeem(self, text: str) -> str:
        """Use the code that somebody typed (as sudo).

        :return: why it opens nothing: ``old`` (there is none to use), ``wrong``, ``spent`` (wrong
            for the last time: a new one is needed); '' if it was right, which uses it up
        """
        if not self:
            return 'old'
        self.ensure_one()
        # Two at once do not get two tries for one: the second is replayed after the first.
        claim(self)
        if not self._is_open():
            return 'old'
        typed = ''.join(text.split())
        if consteq(self.digest, self._digest(typed, self.valid_until)):
            self.digest = False
            return ''
        self.tries += 1
        if self.tries < MOST_TRIES:
            return 'wrong'
        self.digest = False
        _logger.warning(
            "Somebody tries out codes for the links of contact %s; the code is void.",
            self.payer_id.id,
        )
        self.env['practice.link.alarm']._note('codes', self.company_id)
        return 'spent'

    def _digest(self, text, valid_until):
        # With the address: a code that went to another one opens nothing.
        facts = (self.id, self.payer_id.email_normalized, str(valid_until), text)
        return hmac(self.env, SCOPE, facts)

    def _mail(self, text, email):
        """Mail a code in the context's language; return whether the mail server took it.

        At once and not by the queue, which would keep the code for all that read mails there.
        """
        company, texts = self.company_id, self._mail_texts()
        body = self.env['ir.qweb']._render('carepatron_billing.mail_code', {**texts, 'code': text})
        mixin = self.env['mail.render.mixin']
        html = mixin._render_encapsulate(
            'carepatron_billing.mail_layout', body, {'company': company}, self
        )
        mail = self.env['mail.mail'].create(
            {
                'subject': texts['subject'],
                'body_html': mixin._replace_local_links(html),
                'email_from': company.email_formatted,
                'email_to': email,
                'auto_delete': True,
            }
        )
        mail.send()
        failed = mail.exists()
        is_sent = not failed or failed.state == 'sent'
        failed.unlink()
        return is_sent

    def _valid_minutes(self):
        return int(VALID.total_seconds() / 60)

    # === BUSINESS METHODS - WHO IS KNOWN === #

    def _remembered_days(self):
        return REMEMBERED.days

    def _cookie(self) -> str:
        """Return the name of the cookie by which a browser is known that used a code."""
        self.ensure_one()
        return f'billing_known_{self.id}'

    def _proof(self) -> str:
        """Return what that cookie holds: signed, valid for a while and for this address alone."""
        return hash_sign(self.env, self._proof_scope(), self.id, expiration=REMEMBERED)

    def _is_known(self, cookies: dict) -> bool:
        """Whether a browser shows by its cookies that a code was entered on it.

        :param cookies: values by name, as the browser sent them
        """
        if not self:
            return False
        try:
            return (
                verify_hash_signed(self.env, self._proof_scope(), cookies.get(self._cookie(), ''))
                == self.id
            )
        # Whatever it holds that was never signed.
        except ValueError:
            return False

    def _proof_scope(self):
        return f'{SCOPE}:{self.payer_id.email_normalized}'

    # === WHAT THE PAYER READS === #

    @api.model
    def _page_texts(self, company) -> dict[str, str]:
        """Return the sentences of the page that asks for a code, in the context's language."""
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

    def _mail_texts(self) -> dict[str, str]:
        """Return the sentences of the mail with a code, in the context's language."""
        practice = self.company_id.name
        return {
            'subject': self.env._("Your code for %s", practice),
            'code_for': self.env._("Your code for %s:", practice),
            'valid': self.env._(
                "Enter it on the page that you have open. It is valid for %s minutes.",
                self._valid_minutes(),
            ),
        }

    def _explain(self, problem: str) -> str:
        """Return in words why no code was sent, or why a page stays shut; '' without a problem.

        :param problem: as `_send` and `_redeem` return it
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
