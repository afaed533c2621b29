from . import practice_tax_rate
