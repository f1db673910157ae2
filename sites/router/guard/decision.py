"""What becomes of a request to a slot that has a rule: it is let in, it is answered, or the route answers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sites.router.guard import pages
from sites.router.guard.passes import NOBODY, STATE_COOKIE, Pass, cookies_of, named, read
from sites.router.guard.rule import Rule, Way, comes_from

STATE_SECONDS = 600
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as Envoy tells of it."""

    address: str
    """The visitor's own, also behind trusted proxies."""
    method: str
    scheme: str
    authority: str
    """Host name in lower case, perhaps with a port."""
    path: str
    """With the query."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Without the port."""
        return self.authority.partition(":")[0]

    @property
    def is_page(self) -> bool:
        """Whether somebody wants to look at it, so that it may be led elsewhere."""
        mode = self.headers.get("sec-fetch-mode", "navigate")
        is_html = "text/html" in self.headers.get("accept", "")
        return self.method in SAFE and is_html and mode == "navigate" and "upgrade" not in self.headers


@dataclass(frozen=True, slots=True)
class LetIn:
    """The request goes to the instances."""

    cookie: str
    """What they get as Cookie header; empty: none."""


@dataclass(frozen=True, slots=True)
class NotLetIn:
    """The request gets what the router holds ready: the maintenance page, or one that says it is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The visitor gets this."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


Verdict = LetIn | NotLetIn | Answer


def decide(rule: Rule, asked: Asked, *, keys: Sequence[bytes], portal: str) -> Verdict:
    """`keys` sign passes; `portal` is its address, to which those are led who have to sign in."""
    if rule.maintenance is not None and not comes_from(asked.address, rule.maintenance):
        return NotLetIn()
    passes, others = cookies_of(asked.headers.get("cookie", ""))
    if rule.way == Way.OPEN or comes_from(asked.address, rule.networks):
        return LetIn(others)
    if rule.way == Way.REFUSED:
        return Answer(403, pages.NOT_FOR_THIS_ADDRESS)
    found = (one for text in passes if (one := read(keys, text, asked.host)) is not None)
    if any(_opens(one, rule) for one in found):
        return LetIn(others)
    if rule.way == Way.PASSWORD:
        return Answer(401, pages.password_form(asked.path if asked.method in SAFE else "/"), _CHALLENGE)
    return _to_sign_in(asked, portal)


_CHALLENGE = {"www-authenticate": 'Greenroom realm="visitors"'}
"""No browser knows it, so none asks for a password by itself (RFC 9110, 11.6.1, wants one)."""


def _opens(one: Pass, rule: Rule) -> bool:
    if one.slot_id != rule.slot_id:
        return False
    if rule.way == Way.PASSWORD:
        return one.person == NOBODY and one.stamp == rule.stamp != ""
    return one.person in rule.people


def _to_sign_in(asked: Asked, portal: str) -> Answer:
    if not asked.is_page:
        return Answer(401, pages.SIGN_IN_FIRST, _CHALLENGE)
    state = secrets.token_urlsafe(24)
    query = urlencode({"to": f"{asked.scheme}://{asked.authority}{asked.path}", "state": state})
    is_tls = asked.scheme == "https"
    cookie = f"{named(STATE_COOKIE, is_tls=is_tls)}={state}; Path=/; Max-Age={STATE_SECONDS}; HttpOnly; SameSite=Lax"
    if is_tls:
        cookie += "; Secure"
    return Answer(302, "", {"location": f"{portal}/visit/?{query}", "set-cookie": cookie})
