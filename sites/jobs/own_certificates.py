"""Which of the installation's own host names are to have automatic certificates: what ACME_FOR says, as rows."""

from django.db import transaction

from sites.acme.configured import own_names
from sites.models import AutomaticCertificate, Certificate


def have_changed() -> bool:
    """Whether the rows say something else than the settings."""
    return _known() != set(own_names())


@transaction.atomic
def take_names() -> None:
    """Write a row for each name of the settings; forget the others with their certificates and keys."""
    names = own_names()
    gone = AutomaticCertificate.objects.filter(host_name=None).exclude(own_name__in=names)
    Certificate.objects.filter(automatic__in=gone).delete()
    gone.delete()
    for name in sorted(set(names) - _known()):
        AutomaticCertificate.objects.get_or_create(own_name=name)


def _known() -> set[str]:
    return set(AutomaticCertificate.objects.filter(host_name=None).values_list("own_name", flat=True))
