"""Browsers in words."""

from ua_parser import parse

LONGEST = 200
UNKNOWN = "An unknown browser"


def described(user_agent: str) -> str:
    """'Firefox on Linux', from what the browser says of itself."""
    found = parse(user_agent[:LONGEST])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return f"{browser or UNKNOWN} on {system}" if system else browser or UNKNOWN
