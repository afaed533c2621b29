from . import practice_card_charge
