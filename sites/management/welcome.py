"""The way in while nobody has a password: the administrator, and a one-time link."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from portal.accounts.links import MINUTES, create_link
from sites.services.subscriptions import ensure_default
from sites.supervisor.address import address

ADMINISTRATOR = "admin"


def administrator(name: str = ADMINISTRATOR) -> User:
    """The administrator of this name, made without a password when missing; owns the default subscription."""
    users = get_user_model()
    user = users.objects.filter(username=name).first()
    if user is None:
        user = users.objects.create_superuser(username=name, email="", password=None)
    ensure_default(owner=user)
    return user


def link_for(user: User, *, port: int = 0) -> str:
    """The full address of a new one-time link."""
    return address(port=port) + create_link(user)


def sign_in_line(*, with_link: bool) -> str:
    """The way in while no administrator can sign in, else nothing: a one-time link, which no journal may hold."""
    users = get_user_model().objects.filter(is_superuser=True, is_active=True)
    if any(user.has_usable_password() for user in users):
        return ""
    if not with_link:
        return f"Choose the administrator's password: ./greenroom password --data {settings.DATA_DIR}"
    return f"Choose your password here, once, within {MINUTES} minutes: {link_for(administrator())}"
