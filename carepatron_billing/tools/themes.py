"""The colours of a document: four themes, or the practice's own, and what follows from them."""

from .colors import READABLE, WHITE, contrast, darkened, mixed, text_on

# Of each theme the main colour (bands, headings) and the accent (rules, the amount due).
THEMES = {
    'harbour': ('#17506b', '#b4532a'),
    'garden': ('#2c5f4a', '#9a6b1f'),
    'plum': ('#5d2f5b', '#b0446f'),
    'graphite': ('#2d343c', '#3f6ea8'),
}


def palette(main: str, accent: str) -> dict[str, str]:
    """Return every colour that a document is drawn with; texts can be read on their grounds.

    :param main: as ``#rrggbb``
    :param accent: as ``#rrggbb``
    :return: names of CSS custom properties without their dashes, and colours
    """
    tint = mixed(main, WHITE, 0.07)
    on_main = text_on(main)
    return {
        'main': main,
        'on-main': on_main,
        'main-text': darkened(main, tint),
        'accent': accent,
        'accent-text': darkened(accent, tint),
        'tint': tint,
        'line': mixed(main, WHITE, 0.22),
    }


def unreadable(main: str, accent: str) -> list[tuple[str, str]]:
    """Return those of the two colours that cannot be read as text on white.

    :return: pairs of the colour and the darker one that texts get instead
    """
    return [
        (color, darkened(color, mixed(main, WHITE, 0.07)))
        for color in dict.fromkeys((main, accent))
        if contrast(color, WHITE) < READABLE
    ]
