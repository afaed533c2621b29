from . import (
    res_company,
    res_partner_anonymise,
    res_partner_export,
)
