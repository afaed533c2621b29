"""Colours that can be read, by the contrast that WCAG 2 defines."""

import re

READABLE = 4.5
WHITE = '#ffffff'
BLACK = '#000000'
HEX_COLOR = re.compile(r'#[0-9a-fA-F]{6}')


def is_color(text: str | None) -> bool:
    """Whether a text is a colour as ``#rrggbb``."""
    return bool(HEX_COLOR.fullmatch(text or ''))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio

    :param one: as ``#rrggbb``
    :param other: as ``#rrggbb``
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(ground: str) -> str:
    """Return white or black, whichever can be read on a colour; white where both can."""
    return WHITE if contrast(WHITE, ground) >= READABLE else BLACK


def darkened(color: str, ground: str) -> str:
    """Return a colour, as little darker as it takes to be read on a light ground."""
    channels = _channels(color)
    for percent in range(100, -1, -2):
        candidate = '#' + ''.join(f'{channel * percent // 100:02x}' for channel in channels)
        if contrast(candidate, ground) >= READABLE:
            return candidate
    return BLACK


def mixed(color: str, ground: str, share: float) -> str:
    """Return a colour laid thinly on a ground.

    :param share: how much of the colour, 0 to 1
    """
    return '#' + ''.join(
        f'{round(one * share + other * (1 - share)):02x}'
        for one, other in zip(_channels(color), _channels(ground), strict=True)
    )


def _channels(color: str) -> list[int]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
