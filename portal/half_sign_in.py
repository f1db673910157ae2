"""Between the right password and the second factor: who it is, kept in the session for ten minutes."""

import time

from django.contrib.auth.models import User
from django.http import HttpRequest

KEY = "half_signed_in"
SECONDS = 600


def begin(request: HttpRequest, user: User, wanted: str) -> None:
    """Remember that the password was right, and where the person wants to go."""
    request.session.cycle_key()
    request.session[KEY] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": time.time() + SECONDS,
        "next": wanted,
    }


def person(request: HttpRequest) -> User | None:
    """Whose second factor is waited for; nobody's after ten minutes or a change of the password."""
    half = request.session.get(KEY)
    if not half or half["until"] < time.time():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == half["password"] else None


def finish(request: HttpRequest) -> str:
    """Forget it, and return where the person wanted to go."""
    return str(request.session.pop(KEY, {}).get("next", ""))
