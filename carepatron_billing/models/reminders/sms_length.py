"""How many messages a text is sent and paid as. Source: 3GPP TS 23.038 and 23.040."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
# Characters of one message, and of each of several.
SEVEN_BIT = (160, 153)
UNICODE = (70, 67)


def sms_count(text: str) -> tuple[int, int]:
    """Return how long a text is, and as how many messages it is sent.

    :param text: the message; one character outside the basic alphabet shortens all of it
    """
    if set(text) <= BASIC | EXTENDED:
        length, (one, each) = len(text) + sum(char in EXTENDED for char in text), SEVEN_BIT
    else:
        length, (one, each) = len(text.encode('utf-16-le')) // 2, UNICODE
    return length, 1 if length <= one else -(-length // each)


def plain(text):
    """Return a text without the spaces that amounts and dates carry and the alphabet lacks."""
    return text.replace('\xa0', ' ').replace('\u202f', ' ')
