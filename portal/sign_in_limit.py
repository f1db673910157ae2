"""Slow down the guessing of passwords, by name and address, in the database that all processes share."""

import hashlib
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.client_address import client_address
from portal.models import SignInFailure
from sites.errors import SignInLimited

MOST = 5
SPAN = timedelta(minutes=15)


def check_limit(request: HttpRequest, name: str) -> None:
    """Raises SignInLimited after too many wrong passwords for this name from this address."""
    failures = list(_failures(request, name).order_by("-failed_at")[:MOST])
    if len(failures) == MOST:
        until = failures[-1].failed_at + SPAN
        raise SignInLimited(name=name, until=f"{until:%H:%M} UTC")


def note_failure(request: HttpRequest, name: str) -> None:
    """Count a wrong password, and drop those that no longer count."""
    SignInFailure.objects.filter(failed_at__lt=timezone.now() - SPAN).delete()
    SignInFailure.objects.create(name_digest=_digest(name), address=client_address(request))


def forget_failures(request: HttpRequest, name: str) -> None:
    """A right password ends the count."""
    _failures(request, name).delete()


def forget_name(name: str) -> None:
    """A new password ends the count at every address."""
    SignInFailure.objects.filter(name_digest=_digest(name)).delete()


def _failures(request: HttpRequest, name: str) -> QuerySet[SignInFailure]:
    since = timezone.now() - SPAN
    return SignInFailure.objects.filter(
        name_digest=_digest(name), address=client_address(request), failed_at__gte=since
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.strip().lower().encode()).hexdigest()


def check_code_limit(user: User) -> None:
    """Raises SignInLimited after too many wrong codes, from whatever address: six digits are soon guessed."""
    since = timezone.now() - SPAN
    failures = list(_wrong_codes(user).filter(failed_at__gte=since).order_by("-failed_at")[:MOST])
    if len(failures) == MOST:
        name, until = user.get_username(), f"{failures[-1].failed_at + SPAN:%H:%M} UTC"
        raise SignInLimited(
            f"Too many wrong codes for '{name}', so none is taken for now. Try again at {until}, or get in with a "
            f"link that is made on the server: ./greenroom password --link --user {name}"
        )


def note_wrong_code(user: User) -> None:
    """Count a wrong code."""
    SignInFailure.objects.create(name_digest=_code_digest(user), address="")


def forget_wrong_codes(user: User) -> None:
    """A right code ends the count."""
    _wrong_codes(user).delete()


def _wrong_codes(user: User) -> QuerySet[SignInFailure]:
    return SignInFailure.objects.filter(name_digest=_code_digest(user))


def _code_digest(user: User) -> str:
    return hashlib.sha256(f"code of account {user.pk}".encode()).hexdigest()
