from threading import Lock, Timer

from odoo import models

# Seconds within which the notices of one process go out as one.
NOTICE_PAUSE = 0.2

_lock = Lock()
_waiting = set()


class IrCron(models.Model):
    _inherit = 'ir.cron'

    def _billing_notify_soon(self):
        """Wake the cron workers within a moment, once for a burst of triggers.

        Each of Odoo's own notices opens a connection to another database, which takes longer than
        storing an event. If the process dies before, the workers look by themselves in a minute.
        """
        dbname = self.env.cr.dbname
        with _lock:
            if dbname in _waiting:
                return
            _waiting.add(dbname)
        Timer(NOTICE_PAUSE, self._billing_notify, [dbname]).start()

    def _billing_notify(self, dbname):
        with _lock:
            _waiting.discard(dbname)
        self._notifydb()
