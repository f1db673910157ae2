"""What was typed into a form whose session had ended: the same person finds it in that form again, for an hour."""

import json
import time
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, reverse

from portal.accounts import browsers
from sites.models.fields import decrypt, encrypt

KEY = "kept_form"
SECONDS = 3600
MAX_CHARACTERS = 64 * 1024
SECRET = ("password", "code", "csrfmiddlewaretoken")
QUIET = ("_FORMS", "next")
PAGES = {
    "site-configure": "site-configure",
    "site-values-reveal": "site-configure",
    "site-scale": "site-scale",
    "site-mode": "site-scale",
    "site-publish": "site-publish",
    "site-maintenance": "site-maintenance",
    "site-visitors": "site-visitors",
    "site-create": "new",
    "new-custom": "new-custom",
    "subscription-create": "settings",
    "subscription-rename": "people",
    "person-add": "people",
    "site-people": "site-people",
    "event-targets": "event-targets",
    "event-target": "event-target",
    "site-trusts": "site-trusts",
    "site-linked-link": "site-linked-link",
    "site-alert-add": "site-monitor",
}
"""Where each form is sent, and the page that shows it with what was typed. Other forms hold nothing worth keeping."""
LOOKS = ("/reveal/",)
"""How addresses end where a form is sent along with a question, and nothing of it is saved."""


@dataclass(frozen=True)
class KeptForm:
    """Where it was sent, and its fields in their order."""

    address: str
    fields: list[list[str]]

    @property
    def page(self) -> str:
        """The page that shows it again."""
        return _page_of(self.address)

    @property
    def data(self) -> QueryDict:
        """As if it had just been sent."""
        data = QueryDict(mutable=True)
        for name, value in self.fields:
            data.appendlist(name, value)
        return data


def _page_of(address: str) -> str:
    """Empty for what is no form of a page."""
    try:
        match = resolve(address)
    except Resolver404:
        return ""
    name = PAGES.get(match.url_name or "")
    return reverse(name, kwargs=match.kwargs) if name else ""


def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """Once it was sent and taken, it is no longer kept."""
    if request.method == "POST" and response.status_code < 400 and hasattr(request, "session"):
        kept = read(request)
        if kept and kept.page == _page_of(request.path) and not request.path.endswith(LOOKS):
            forget(request)


def keep(request: HttpRequest) -> None:
    """Keep what was typed, encrypted, in the session that begins; nothing of strangers, no passwords, no files."""
    person = browsers.last_person(request)
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        for value in values
        if not any(word in name for word in SECRET)
    ]
    if not person or not _page_of(request.path) or not _is_typed(fields):
        return
    said = json.dumps({"person": person, "at": time.time(), "address": request.path, "fields": fields})
    if len(said) <= MAX_CHARACTERS:
        request.session[KEY] = encrypt(said)


def _is_typed(fields: list[list[str]]) -> bool:
    return any(value for name, value in fields if not name.endswith(QUIET))


def is_waiting(request: HttpRequest) -> bool:
    """Whether something is kept for whoever signs in, if it is the same person."""
    return KEY in request.session


def read(request: HttpRequest) -> KeptForm | None:
    """What the person had typed, if it was this person and less than an hour ago."""
    kept = json.loads(decrypt(request.session[KEY])) if KEY in request.session else None
    if kept is None or kept["at"] < time.time() - SECONDS or kept["person"] != request.user.pk:
        return None
    return KeptForm(kept["address"], kept["fields"])


def returned(request: HttpRequest, *addresses: str) -> QueryDict | None:
    """What comes back into the form that is sent to one of `addresses`, by default to the page's own."""
    kept = read(request)
    return kept.data if kept and kept.address in (addresses or (request.path,)) else None


def is_returned(request: HttpRequest, page: str) -> bool:
    """Whether the page of that address shows what was typed before."""
    kept = read(request)
    return kept is not None and kept.page == page


def forget(request: HttpRequest) -> None:
    """It was sent, or is no longer wanted."""
    request.session.pop(KEY, None)


def after_sign_in(request: HttpRequest, wanted: str) -> str:
    """To the form that was kept where there is one, else where the person wanted to go."""
    kept = read(request)
    if kept:
        return kept.page
    forget(request)
    return wanted
