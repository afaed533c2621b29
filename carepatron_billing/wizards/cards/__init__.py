from . import practice_card_charge, practice_dialog_stripe
