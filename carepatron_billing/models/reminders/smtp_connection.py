"""The connection to the mail server by which reminders leave."""

import logging
import smtplib
from email.message import EmailMessage

from odoo.exceptions import UserError
from odoo.models import BaseModel

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

_logger = logging.getLogger(__name__)

# What keeps a mail server from being reached.
UNREACHABLE = (OSError, smtplib.SMTPException, UserError)


class SmtpConnection:
    """One connection to the mail server, opened again where it was lost."""

    def __init__(self, server: BaseModel) -> None:
        self._server = server
        self._session = None

    def connect(self, sender: str) -> None:
        """Make sure that the server listens."""
        if self._session:
            try:
                self._session.noop()
                return
            except (OSError, smtplib.SMTPException):
                self._session = None
        self._session = self._server._connect__(smtp_from=sender)

    def send(self, message: EmailMessage) -> tuple[str, str | None]:
        """Send a message; return what became of it: state and reason."""
        try:
            self._server.send_email(message, smtp_session=self._session)
        except (MailDeliveryException, smtplib.SMTPServerDisconnected) as error:
            cause = error.__context__ if isinstance(error, MailDeliveryException) else error
            self._session.close()
            self._session = None
            return classify_failure(cause or error)
        except AssertionError as error:  # Odoo's word for an address that is none
            return 'refused', str(error)
        return 'sent', None

    def quit(self) -> None:
        """End the session, if there is one."""
        if self._session:
            try:
                self._session.quit()
            except (OSError, smtplib.SMTPException):
                _logger.debug("The mail server had hung up already.")


def classify_failure(cause: BaseException) -> tuple[str, str]:
    """Return state and reason after a failure: whether the mail can have left is all that counts.

    RFC 5321, 4.2.1: 4yz is for now, 5yz is for good.
    """
    if isinstance(cause, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in cause.recipients.values()]
        text = "; ".join(str(text, 'utf-8', 'replace') for _code, text in cause.recipients.values())
        return ('refused' if min(codes) >= 500 else 'failed'), text
    if isinstance(cause, smtplib.SMTPResponseException):
        text = cause.smtp_error
        return 'failed', text.decode(errors='replace') if isinstance(text, bytes) else str(text)
    if isinstance(cause, (OSError, smtplib.SMTPServerDisconnected)):
        return 'uncertain', str(cause) or cause.__class__.__name__
    return 'failed', str(cause)
