"""People's accounts, as whoever gives a role names them; and how a role is said."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sites.errors import SettingRefused
from sites.models import Role


def existing(name: str) -> User:
    """The active account of that name. Raises SettingRefused.

    The refusal says that there is none; so first it is asked whether this user may give roles.
    """
    person = User.objects.filter(username__iexact=name.strip(), is_active=True).first()
    if person is None:
        raise SettingRefused(
            f"Nobody here has the name '{name.strip()}'; nothing was changed. "
            "Type it as it is typed at the sign-in, or choose 'new' to make an account."
        )
    return person


def new(name: str) -> User:
    """An account without a password. Raises SettingRefused when the name cannot be one, or is in use."""
    name = User.normalize_username(name.strip())
    try:
        User._meta.get_field("username").clean(name, None)
    except ValidationError:
        raise SettingRefused(
            f"'{name}' cannot be a person's name; nothing was created. "
            "Use 1 to 150 letters, digits and the signs @ . + - _"
        ) from None
    if User.objects.filter(username__iexact=name).exists():
        raise SettingRefused(
            f"The name '{name}' is in use, and nothing was created. Choose 'existing' to add that person, "
            "or type another name."
        )
    return User.objects.create_user(name)


def with_article(role: Role) -> str:
    """As it stands in a sentence."""
    return f"an {role.label}" if role == Role.OWNER else f"a {role.label}"
