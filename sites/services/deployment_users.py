"""Deployment credentials of a person: set up, and checked."""

import re
from functools import lru_cache

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from sites.errors import SettingRefused
from sites.models import DeploymentUser, Operation
from sites.operations.kinds.recorded import SIGN_IN
from sites.services.gathered import Gathered

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{1,38})[A-Za-z0-9]")
"""No '$', with which the users of slots begin, and nothing that an address would need quoted."""


def set_up(*, acting_user: User, name: str, password: str, again: str | None = None) -> Operation:
    """A new user name and password for publishing; the former ones stop working.

    `again` is the password as it was typed a second time. Raises SettingRefused with all that cannot be.
    """
    checks = Gathered()
    with checks.at("user", "User name"):
        _check_name(acting_user, name)
    with checks.at("password", "New password"):
        _check_password(acting_user, password)
    with checks.at("password_again", "Confirm password"):
        if again not in (None, password):
            raise SettingRefused("The two passwords are not the same; nothing was saved. Type the same password twice.")
    checks.refuse()
    hashed = make_password(password)  # before the transaction: it takes long
    try:
        with transaction.atomic():
            DeploymentUser.objects.update_or_create(
                user=acting_user, defaults={"name": name, "password": hashed, "changed_at": Now()}
            )
            return SIGN_IN.record(
                acting_user=acting_user,
                actor_name=acting_user.get_username(),
                target=acting_user.get_username(),
                outcome=f"Deployment credentials were set up, with the user '{name}'. The former ones no longer work.",
            )
    except IntegrityError as error:
        raise _taken(name) from error


def _check_name(acting_user: User, name: str) -> None:
    if not NAME.fullmatch(name):
        raise SettingRefused(
            f"'{name}' is not possible as a deployment user; nothing was saved. "
            "Use 3 to 40 letters, digits, '.', '_' and '-', with a letter or digit at both ends."
        )
    if DeploymentUser.objects.filter(name__iexact=name).exclude(user=acting_user).exists():
        raise _taken(name)


def _check_password(acting_user: User, password: str) -> None:
    try:
        validate_password(password, acting_user)
    except ValidationError as error:
        raise SettingRefused(f"{' '.join(error.messages)} Nothing was saved. Choose another password.") from error


def _taken(name: str) -> SettingRefused:
    return SettingRefused(f"Somebody else has the deployment user '{name}'; nothing was saved. Choose another name.")


def find(name: str) -> DeploymentUser | None:
    """The credentials of an active person by their name, in upper or lower case."""
    found = DeploymentUser.objects.filter(name__iexact=name, user__is_active=True).select_related("user")
    return found.first()


def is_password(found: DeploymentUser | None, password: str) -> bool:
    """Whether it is the password. Takes as long where there are no such credentials."""
    return check_password(password, found.password if found else _nobodys()) and found is not None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return make_password("nobody's")
