from . import (
    practice_dialog_stripe,
    practice_stripe_disconnect,
    practice_stripe_setup,
)
