"""What happens once, when the addon is installed or removed."""

from odoo.addons.payment import reset_payment_provider, setup_provider

from .const import PROVIDER_CODE


def post_init_hook(env):
    """Create the payment method of our provider and one provider per company."""
    setup_provider(env, PROVIDER_CODE)


def uninstall_hook(env):
    """Release the provider; Odoo refuses while payments made with it exist."""
    reset_payment_provider(env, PROVIDER_CODE)
