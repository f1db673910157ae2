"""Create and delete sites, and change their mode."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sites import access
from sites.errors import NameTaken, SettingRefused, WrongNameTyped
from sites.models import (
    PRODUCTION,
    Category,
    Certificate,
    ChosenSize,
    CustomDomain,
    DomainState,
    Mode,
    Operation,
    Site,
    Subscription,
)
from sites.operations.kinds import names_where
from sites.operations.kinds.change_mode import CHANGE_MODE
from sites.operations.kinds.create_site import CREATE_SITE
from sites.operations.kinds.delete_site import DELETE_SITE
from sites.services import names, requests, settings, sizes, slots
from sites.services.counts import checked_counts
from sites.services.entry import Entry
from sites.services.gathered import Gathered

NO_CONFIGURATION: Mapping[Category, Iterable[Entry]] = {}


def under_creation(person: User, subscription: Subscription, **columns: object) -> Operation | None:
    """The creation, still going on, of a web site with these columns that a person began: the first of two clicks."""
    sites = Site.objects.filter(subscription=subscription, **columns)
    begun = Operation.objects.filter(actor=person, site__in=sites, state__in=Operation.OPEN)
    return begun.filter(kind__in=names_where(lambda kind: kind.is_creation)).first()


def create_site(
    *,
    acting_user: User,
    subscription: Subscription,
    name: str,
    mode: str = Mode.STANDARD,
    configuration: Mapping[Category, Iterable[Entry]] = NO_CONFIGURATION,
) -> Operation:
    """A new site whose production slot serves a placeholder, with the entries that it is given by category.

    Raises NameRefused, NameTaken and SettingRefused.
    """
    access.ensure_may_change(acting_user, subscription, name)
    checks = Gathered()
    with checks.at("name", "URL"):
        names.check_name(name)
    with checks.at("mode", "Mode"):
        if mode not in Mode.values:
            raise SettingRefused(f"'{mode}' is not a mode of a web site; nothing was created. Choose {_mode_list()}.")
    checks.refuse()
    try:
        with transaction.atomic():
            site = Site.objects.create(subscription=subscription, name=name.lower(), mode=mode)
            production = slots.create_slot(site, PRODUCTION, is_production=True)
            settings.give(production, configuration)
            return requests.begin(CREATE_SITE, acting_user=acting_user, site=site, slots=[production], target=site.name)
    except IntegrityError:
        raise NameTaken(name=name) from None


def change_mode(
    *,
    acting_user: User,
    site: Site,
    mode: str,
    counts: Mapping[int, int] | None = None,
    size: ChosenSize | None = None,
) -> Operation:
    """Free, Shared or Standard; instances above the new mode's limit are stopped after their requests.

    `counts` are new instance counts by slot id, for what is scaled with it, and `size` is the new size of the
    instances. Those that are larger than the mode allows become as large as it does.
    Raises InstanceCountRefused and InstanceSizeRefused.
    """
    site = access.site_for_change(acting_user, site)
    if mode not in Mode.values:
        raise SettingRefused(
            f"'{mode}' is not a mode of a web site; '{site.name}' stays as it is. Choose {_mode_list()}."
        )
    given = size or sizes.size_in_mode(site, Mode(mode))
    if given != site.size:
        sizes.check_size(site, given, Mode(mode))
    with transaction.atomic():
        affected = list(site.slots.select_related("site"))
        return requests.begin(
            CHANGE_MODE,
            acting_user=acting_user,
            site=site,
            slots=affected,
            target=site.name,
            mode=mode,
            counts=checked_counts(affected, Mode(mode), counts or {}),
            size=given if given != site.size else None,
        )


def lost_in_mode(site: Site, mode: Mode) -> dict[str, object]:
    """What would be out of force in `mode`, though it stays saved: domain names, and whether there are certificates."""
    verified = CustomDomain.objects.filter(slot__site=site, state=DomainState.VERIFIED)
    names = [] if mode.limits.domains else list(verified.values_list("name", flat=True))
    has_certificates = not mode.limits.certificates and Certificate.objects.filter(slot__site=site).exists()
    return {"loses_domains": ", ".join(names), "loses_certificates": has_certificates}


def delete_site(*, acting_user: User, site: Site, typed_name: str) -> Operation:
    """seed: Delete; production and every other slot. Raises WrongNameTyped unless the site's name was typed."""
    site = access.site_for_change(acting_user, site)
    doomed = list(site.slots.all())
    if typed_name.strip().lower() != site.name:
        what = "the production and the staging site" if len(doomed) > 1 else "the web site"
        raise WrongNameTyped(name=site.name, what=what)
    with transaction.atomic():
        return requests.begin(DELETE_SITE, acting_user=acting_user, site=site, slots=doomed, target=site.name)


def _mode_list() -> str:
    return "Free, Shared or Standard"
