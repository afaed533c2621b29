"""Who can log in to the demo practice."""

from typing import NamedTuple


class Login(NamedTuple):
    """A login of the demo practice."""

    who: str
    login: str
    password: str


LOGINS = (
    Login("Front desk", "frontdesk", "frontdesk"),
    Login("Practitioner", "practitioner", "practitioner"),
    Login("Manager", "manager", "manager"),
    Login("Administrator", "admin", "admin"),
)
