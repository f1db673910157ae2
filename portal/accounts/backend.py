"""Whose password it is: people sign in with a name."""

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import get_user_by_username
from django.contrib.auth.models import User


class NameBackend(AuthenticationBackend):
    """The name exactly as it is written, else in any case where only one account has it.

    allauth's own rule lets nobody in of two whose names differ in case only.
    """

    def _authenticate_by_username(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username=username).first() or get_user_by_username(username)
        return self._check_password(user, password)
