"""The hosted page where a connected account answers what Stripe wants to know."""

from collections.abc import Iterator

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ..objects import accounts
from ..records import Route
from ..world import World
from .render import page


class Onboarding:
    """Serves what an account link opens."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> Iterator[Route]:
        """Yield path, methods and view of each page."""
        yield '/setup/<account>/<token>', ['GET'], self.show
        yield '/setup/<account>/<token>', ['POST'], self.submit

    def show(self, request: Request, account: str, token: str) -> Response:
        """Show what is still asked for."""
        with self.world.store.transaction():
            link = self.world.store.setting(f'link:{token}')
            if not link or link['account'] != account:
                return page(
                    'message.html',
                    404,
                    title='Nothing here',
                    text=('This address belongs to no account.'),
                )
            # A link opens once: whoever comes back is sent for a new one.
            if link['used'] or link['expires_at'] <= self.world.now():
                return redirect(link['refresh_url'], 303)
            self.world.store.set(f'link:{token}', {**link, 'used': True})
            record = self.world.store.get('accounts', account)
        return page('onboarding.html', account=record)

    def submit(self, request: Request, account: str, token: str) -> Response:
        """Take the answers and send the browser back."""
        link = self.world.store.setting(f'link:{token}')
        if not link or link['account'] != account:
            return self.show(request, account, token)
        answer = request.form.get('answer')
        with self.world.store.transaction():
            if answer in ('finish', 'partly'):
                due = ['individual.verification.document'] if answer == 'partly' else []
                active = 'inactive' if due else 'active'
                accounts.update(
                    self.world,
                    account,
                    link['livemode'],
                    details_submitted=True,
                    charges_enabled=not due,
                    payouts_enabled=not due,
                    capabilities={'card_payments': active, 'transfers': active},
                    requirements=accounts.requirements(due),
                )
        return redirect(link['return_url'], 303)
