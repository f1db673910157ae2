"""The answer to a request that is refused before any view: it is too slow, too large, or one too many."""

import json

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from portal.middleware import CONTENT_SECURITY_POLICY, PORTAL_HEADER
from portal.program_answers import is_for_programs, refusal_of
from portal.refusals import TITLES, Refusal
from sites.door.answer import Answer, refusal_as
from sites.door.head import Head
from sites.errors import Refused

HTML = "text/html; charset=utf-8"
ALWAYS = {"content-security-policy": CONTENT_SECURITY_POLICY, "referrer-policy": settings.SECURE_REFERRER_POLICY}
IN_THE_BAR = {**ALWAYS, PORTAL_HEADER.lower(): "1", "hx-retarget": "#notification", "hx-reswap": "innerHTML"}


def refuse(head: Head, refusal: Refused) -> Answer:
    """JSON for programs, the notification bar for htmx, a page for everybody else; without the database."""
    if is_publishing(head) or is_for_programs(head.path):
        path = "" if is_publishing(head) else head.path
        said = json.dumps(refusal_of(path, refusal.code, str(refusal)))
        return refusal_as(refusal, "application/json", said, ALWAYS)
    if head.headers.get("hx-request") == "true":
        bar = Refusal(str(refusal), "", str(refusal), (), reverse("site-list"))
        return refusal_as(refusal, HTML, render_to_string("frame/_refusal.html", {"refusal": bar}), IN_THE_BAR)
    context = {"heading": TITLES[refusal.http_status], "sentence": str(refusal)}
    page = render_to_string("errors/plain.html", context)
    return refusal_as(refusal, HTML, page, ALWAYS)


def is_publishing(head: Head) -> bool:
    """Whether a publishing host name was asked."""
    return head.host.endswith(f".scm.{settings.SUFFIX}")
