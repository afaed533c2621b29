from . import (
    res_company,
    res_partner_anonymise,
    res_partner_export,
    res_partner_export_payments,
    res_partner_export_sections,
    res_partner_forget,
)
