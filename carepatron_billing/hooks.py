"""What happens once, when the addon is installed or removed."""

from odoo.addons.payment import reset_payment_provider, setup_provider

from .const import PROVIDER_CODE
from .demo import practice_demo


def post_init_hook(env):
    """Create the payment method of our provider and one provider per company; fill the demo
    practice, where the addon was installed with demo data."""
    if env.ref('base.module_carepatron_billing').demo:
        practice_demo.load(env)
    setup_provider(env, PROVIDER_CODE)


def uninstall_hook(env):
    """Release the provider; Odoo refuses while payments made with it exist."""
    reset_payment_provider(env, PROVIDER_CODE)
