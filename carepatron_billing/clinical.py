"""Words that tell what a client came for."""

import re

# Shorter ones stand in other words and numbers by chance.
SHORTEST = 3


def told_of(lines, text):
    """Return the services' names and codes, among those of invoice lines, that a text tells.

    :param lines: recordset of `account.move.line`
    :param str text: plain
    :rtype: list[str]
    """
    products = lines.product_id
    words = {*products.mapped('name'), *products.mapped('default_code')}
    words |= {*lines.mapped('billing_code')}
    return sorted(
        word
        for word in words
        if word
        and len(word.strip()) >= SHORTEST
        and re.search(rf'(?<!\w){re.escape(word.strip())}(?!\w)', text, re.IGNORECASE)
    )
