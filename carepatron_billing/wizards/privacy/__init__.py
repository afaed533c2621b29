from . import account_move_send_batch_wizard, mail_compose_message
