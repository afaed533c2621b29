from . import practice_client_anonymise
