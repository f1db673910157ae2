"""What was typed into a form whose session had ended: kept for the same person until the next sign-in, for an hour."""

import json
import time
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from sites.models.fields import decrypt, encrypt

KEY = "kept_form"
PERSON = "greenroom-person"
SECONDS = 3600
MOST_CHARACTERS = 64 * 1024
SECRET = ("password", "code", "csrfmiddlewaretoken")
QUIET = ("_FORMS", "-DELETE", "next")


@dataclass(frozen=True)
class KeptForm:
    """Where it was sent, and its fields in their order."""

    address: str
    fields: list[list[str]]

    @property
    def shown(self) -> list[list[str]]:
        """What a person typed or chose."""
        return [field for field in self.fields if field not in self.hidden]

    @property
    def hidden(self) -> list[list[str]]:
        """What the page needs beside that."""
        return [field for field in self.fields if field[0].endswith(QUIET) or not field[1]]


def remember_person(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser say later whose session has ended; signed, and good for nothing else."""
    if getattr(request, "session", None) is None or not request.session.modified or not request.user.is_authenticated:
        return
    secure = settings.SESSION_COOKIE_SECURE
    response.set_signed_cookie(PERSON, str(request.user.pk), secure=secure, httponly=True, samesite="Lax")


def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """Once it was sent and taken, it is no longer kept."""
    if request.method == "POST" and response.status_code < 400 and hasattr(request, "session"):
        kept = read(request)
        if kept and kept.address == request.get_full_path():
            forget(request)


def keep(request: HttpRequest) -> None:
    """Keep what was typed, encrypted, in the session that begins; nothing of strangers, no passwords, no files."""
    person = request.get_signed_cookie(PERSON, default="")
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        for value in values
        if not any(word in name for word in SECRET)
    ]
    if not person or not any(value for name, value in fields if not name.endswith(QUIET)):
        return
    said = json.dumps({"person": person, "at": time.time(), "address": request.get_full_path(), "fields": fields})
    if len(said) <= MOST_CHARACTERS:
        request.session[KEY] = encrypt(said)


def read(request: HttpRequest) -> KeptForm | None:
    """What the person had typed, if it was this person and less than an hour ago."""
    kept = json.loads(decrypt(request.session[KEY])) if KEY in request.session else None
    if kept is None or kept["at"] < time.time() - SECONDS or kept["person"] != str(request.user.pk):
        return None
    return KeptForm(kept["address"], kept["fields"])


def forget(request: HttpRequest) -> None:
    """It was sent, or is no longer wanted."""
    request.session.pop(KEY, None)


def after_sign_in(request: HttpRequest, wanted: str) -> str:
    """To the kept form where there is one, else where the person wanted to go."""
    if read(request):
        return reverse("kept-form")
    forget(request)
    return wanted
