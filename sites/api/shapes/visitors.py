"""Who may visit a slot."""

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.models import Others, VisitorRule
from sites.services.addresses import MAX_ADDRESSES
from sites.services.visitors import LONGEST_PASSWORD, SHORTEST_PASSWORD


class VisitorsShown(Schema):
    """Who is let in."""

    others: Others = Field(description="what becomes of visitors from none of the addresses")
    addresses: list[str] = Field(description="addresses and networks that are let in without being asked")
    has_password: bool = Field(description="visitors have a password; it is shown to nobody")


class NewVisitors(Asked):
    """Who is let in from now on."""

    others: Others
    addresses: list[str] = Field(default_factory=list, max_length=MAX_ADDRESSES)
    password: str | None = Field(
        None,
        min_length=SHORTEST_PASSWORD,
        max_length=LONGEST_PASSWORD,
        description="for visitors, where others is 'password'; null keeps the present one",
    )


def describe_visitors(rule: VisitorRule) -> VisitorsShown:
    """For an answer."""
    return VisitorsShown(others=Others(rule.others), addresses=rule.addresses, has_password=bool(rule.password))
