from . import (
    account_tax,
    ir_http,
    product_template,
    res_company,
    res_company_settings,
)
