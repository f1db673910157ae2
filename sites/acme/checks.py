"""System check of the names that get automatic certificates of the installation's own."""

from django.conf import settings
from django.core.checks import CheckMessage, Error

from sites.acme.configured import OWN_NAMES


def check_own_names(**_: object) -> list[CheckMessage]:
    """ACME_FOR names what there is."""
    hint = f"Name some of {', '.join(OWN_NAMES)}, with commas between them, or leave it out."
    unknown = [word for word in settings.ACME_FOR if word not in OWN_NAMES]
    return [Error(f"ACME_FOR names '{word}'.", hint=hint, id="greenroom.E022") for word in unknown]
