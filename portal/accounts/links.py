"""One-time links that are made on the server or by an owner, and lead to choosing a password."""

import hashlib
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone

MINUTES = 10
SALT = "portal.accounts.links"


def create_link(user: User) -> str:
    """The path of a new link for `user`, good for 10 minutes and until any of the user's links is used."""
    seen = user.last_login.isoformat() if user.last_login else ""
    token = signing.dumps([user.pk, seen, _password_digest(user)], salt=SALT)
    return f"/welcome/{token}/"


def peek(token: str) -> User | None:
    """Whose link it is, if it can still be used; uses nothing up, so a page may be shown for it."""
    return _candidates(token).first()


def redeem(token: str) -> User | None:
    """Use the link up and return its user; None when it is too old, used or not one of ours.

    The conditional update of the last sign-in has one winner, however many ask at once.
    """
    user = _candidates(token).first()
    if user is None or not _candidates(token).update(last_login=timezone.now()):
        return None
    user.refresh_from_db()
    return user


def may_be_invited(user: User) -> bool:
    """Whether an owner of a subscription may make a link: for somebody who has never come in, in whatever way."""
    return user.last_login is None and not user.has_usable_password() and not user.is_superuser


def _candidates(token: str) -> QuerySet[User]:
    users = get_user_model()._default_manager.all()
    try:
        pk, seen, digest = signing.loads(token, salt=SALT, max_age=MINUTES * 60)
    except signing.BadSignature:
        return users.none()
    last_login = datetime.fromisoformat(seen) if seen else None
    found = users.filter(pk=pk, is_active=True)
    found = found.filter(last_login=last_login) if last_login else found.filter(last_login__isnull=True)
    return found if any(_password_digest(user) == digest for user in found) else users.none()


def _password_digest(user: User) -> str:
    return hashlib.sha256(user.password.encode()).hexdigest()[:16]
