"""One client's billing as plain data: what the export is made of, free of records and files."""

from typing import NamedTuple


class Section(NamedTuple):
    """A table of the export.

    :param str key: its name for machines
    :param str title: its name for people
    :param dict labels: of the columns, by their name for machines
    :param list rows: dicts of plain values, by column
    """

    key: str
    title: str
    labels: dict
    rows: list


def section(key, title, columns, records):
    """Return a section of one row for each record.

    :param list columns: of (name, label, getter), the last one a function of the record
    """
    return Section(
        key,
        title,
        {name: label for name, label, _get in columns},
        [{name: get(record) for name, _label, get in columns} for record in records],
    )
