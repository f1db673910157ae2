"""What a password must not be made of, beside what Django looks for."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

MIN_BESIDE = 8


class OwnWordsValidator:
    """Not little more than the words that everybody tries first here: the name of the product and of the portal's host.

    ASVS 5.0, 6.2.11.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        rest = password.casefold()
        for word in ("greenroom", *settings.PORTAL_HOST.split(".")):
            if len(word) > 2:
                rest = rest.replace(word, "")
        if len(rest) < MIN_BESIDE <= len(password) and rest != password.casefold():
            raise ValidationError("This password is little more than a word that everybody would try first here.")

    def get_help_text(self) -> str:
        """For forms."""
        return "Your password must not be little more than the name of this installation."
