"""What each stay in production has changed against the one before, written down while both contents are there."""

from sites.models import Stay
from sites.monitoring.releases import changes_between, stays_of

SECONDS = 10
MOST_AT_ONCE = 20


def is_needed() -> bool:
    """Whether a stay in production has no comparison yet."""
    return Stay.objects.filter(changes__isnull=True, slot__is_production=True).exists()


def run() -> None:
    """The newest ones first: their contents are the ones that are still there."""
    due = Stay.objects.filter(changes__isnull=True, slot__is_production=True).select_related(
        "slot", "revision__deployment"
    )
    for stay in due.order_by("-began_at", "-pk")[:MOST_AT_ONCE]:
        before = stays_of(stay.slot).filter(began_at__lt=stay.began_at).first()
        changes = changes_between(before.revision if before else None, stay.revision)
        Stay.objects.filter(pk=stay.pk).update(changes=changes)
