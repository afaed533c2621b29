from . import practice_payment_link_send
