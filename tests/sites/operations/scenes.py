"""How each kind of operation is asked for, of an installation that has something of everything to lose."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from django.db.models import F

from sites.jobs import autoscale, reconcile, retire
from sites.models import Autoscale, Category, ChosenSize, InstanceSize, Operation, Revision, Site, SizeFigures, Slot
from sites.models.clock import now
from sites.planning import mount_folder
from sites.services import custom_sites, deployments, sizes, slots, source_control, swaps
from sites.services import sites as site_services
from sites.services.custom_sites import Beginning
from sites.services.publisher import Publisher
from sites.services.restore import restore
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry, save_settings
from tests.domain import Domain
from tests.sites.fetched_repository import FetchedRepository, connect_source

Ask = Callable[[], Operation]
BUILT = {
    "app.py": "import flask\napp = flask.Flask(__name__)\n",
    "requirements.txt": "flask",
    "Procfile": "web: gunicorn app:app\nrelease: flask db upgrade",
}
"""Content that is built, and has a release command."""


def archive_of(domain: Domain, files: dict[str, str]) -> Path:
    """A zip of them."""
    path = domain.folder / "built.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def furnished(domain: Domain) -> tuple[Slot, Slot]:
    """A site with sticky marks, a persistent folder, two instances, and an open roll-back window."""
    production, staging = domain.marked()
    domain.save(production, Entry("data", "/data", "", is_sticky=True), category=Category.MOUNTS)
    folder = mount_folder(production.settings.get(category=Category.MOUNTS))
    folder.mkdir(parents=True)
    (folder / "orders.txt").write_text("42")
    assert domain.work(slots.scale(acting_user=domain.alice, slot=production, count=2)).state == "succeeded"
    assert domain.swap(staging, production).state == "succeeded"
    return fresh(production), fresh(staging)


def fresh(slot: Slot) -> Slot:
    """As it is now."""
    return Slot.objects.select_related("site__subscription", "workload").get(pk=slot.pk)


def let_time_pass(domain: Domain) -> None:
    """Drains end and surplus instances go; roll-back windows stay open."""
    hour = now() - now().replace(year=now().year - 1)
    for _ in range(4):
        past = {name: F(name) - hour for name in ("released_at", "drain_deadline", "idle_since")}
        Revision.objects.exclude(state__in=Revision.FINAL).update(**past)
        retire.run()
    reconcile.run()
    for site in Site.objects.all():
        domain.router.publish(site.pk, site.routes_version)


def create_site(domain: Domain) -> Ask:
    furnished(domain)
    archive = archive_of(domain, BUILT)
    return lambda: custom_sites.create_custom_site(
        acting_user=domain.alice,
        subscription=domain.subscription,
        name="fabrikam",
        mode="standard",
        instance_count=2,
        beginning=Beginning.UPLOAD,
        archive=archive,
        has_staging=True,
    )


def create_empty_site(domain: Domain) -> Ask:
    furnished(domain)
    return lambda: site_services.create_site(
        acting_user=domain.alice, subscription=domain.subscription, name="fabrikam"
    )


def enable_staging(domain: Domain) -> Ask:
    site = domain.create("fabrikam")
    production = site.slots.get()
    domain.save(production, Entry("MARK", "p", is_sticky=True), Entry("COLOUR", "blue"))
    return lambda: slots.enable_staged_publishing(acting_user=domain.alice, site=site)


def publish(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: _publish(domain, production)


def publish_with_auto_swap(domain: Domain) -> Ask:
    _production, staging = furnished(domain)
    slots.change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    return lambda: _publish(domain, fresh(staging))


def _publish(domain: Domain, slot: Slot) -> Operation:
    return deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=archive_of(domain, BUILT),
        message="three",
        deployer="Portal",
    )


def swap(domain: Domain) -> Ask:
    production, staging = furnished(domain)
    return lambda: swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def swap_that_reuses(domain: Domain) -> Ask:
    production, staging = domain.staged()
    domain.swap(staging, production)
    return lambda: swaps.request_swap(acting_user=domain.alice, source=fresh(staging), target=fresh(production))


def previewed_swap(domain: Domain) -> Ask:
    production, staging = furnished(domain)
    return lambda: swaps.request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)


def roll_back(domain: Domain) -> Ask:
    production, staging = furnished(domain)
    domain.save(staging, Entry("MARK", "staging", is_sticky=True), Entry("COLOUR", "red"))
    assert domain.publish(staging, "three").state == "succeeded"
    return lambda: request_roll_back(acting_user=domain.alice, site=production.site, to_unaltered=True)


def scale(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: slots.scale(acting_user=domain.alice, slot=production, count=4)


def scale_in(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: slots.scale(acting_user=domain.alice, slot=production, count=1)


def scale_automatically(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    Autoscale.objects.create(slot=production, is_on=True, metric="none", ranges={"always": [4, 4]})
    return lambda: autoscale.run()[0]


def change_mode(domain: Domain) -> Ask:
    production, staging = furnished(domain)
    return lambda: site_services.change_mode(
        acting_user=domain.alice, site=production.site, mode="shared", counts={production.pk: 3, staging.pk: 1}
    )


def change_size(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    size = ChosenSize(InstanceSize.OWN, SizeFigures(cpu_percent=50, memory_mb=512))
    return lambda: sizes.change_size(
        acting_user=domain.alice, site=production.site, size=size, counts={production.pk: 3}
    )


def change_settings(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    entries = [Entry("MARK", "other", is_sticky=True), Entry("NEW", "1", is_sticky=True)]
    return lambda: save_settings(
        acting_user=domain.alice, slot=production, category=Category.APP_SETTINGS, entries=entries
    )


def start(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    assert domain.work(slots.stop(acting_user=domain.alice, slot=production)).state == "succeeded"
    return lambda: slots.start(acting_user=domain.alice, slot=fresh(production))


def stop(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: slots.stop(acting_user=domain.alice, slot=production)


def restart(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: slots.restart(acting_user=domain.alice, slot=production)


def delete_staging(domain: Domain) -> Ask:
    _production, staging = furnished(domain)
    return lambda: slots.delete_staging(acting_user=domain.alice, slot=staging)


def delete_site(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    return lambda: site_services.delete_site(acting_user=domain.alice, site=production.site, typed_name="contoso")


def restore_site(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    deletion = site_services.delete_site(acting_user=domain.alice, site=production.site, typed_name="contoso")
    domain.look(deletion)
    let_time_pass(domain)
    assert domain.work(deletion).state == "succeeded", deletion.outcome
    return lambda: restore(acting_user=domain.alice, operation=deletion)


def restore_staging(domain: Domain) -> Ask:
    _production, staging = furnished(domain)
    deletion = domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
    assert deletion.state == "succeeded", deletion.outcome
    return lambda: restore(acting_user=domain.alice, operation=deletion)


def fetch(domain: Domain) -> Ask:
    production, _staging = furnished(domain)
    repository = FetchedRepository(domain.runtime)
    assert domain.work(connect_source(domain, production)).state == "succeeded"
    repository.commit = "b" * 40
    return lambda: source_control.sync(publisher=Publisher("alice", domain.alice), slot=fresh(production))


def fetch_with_auto_swap(domain: Domain) -> Ask:
    _production, staging = furnished(domain)
    slots.change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    repository = FetchedRepository(domain.runtime)
    assert domain.work(connect_source(domain, fresh(staging))).state == "succeeded"
    repository.commit = "b" * 40
    return lambda: source_control.sync(publisher=Publisher("alice", domain.alice), slot=fresh(staging))


SCENES: dict[str, tuple[Callable[[Domain], Ask], ...]] = {
    "create_site": (create_site, create_empty_site),
    "enable_staging": (enable_staging,),
    "fetch": (fetch, fetch_with_auto_swap),
    "publish": (publish, publish_with_auto_swap),
    "swap": (swap, swap_that_reuses, previewed_swap),
    "roll_back": (roll_back,),
    "scale": (scale, scale_in),
    "autoscale": (scale_automatically,),
    "change_mode": (change_mode,),
    "change_size": (change_size,),
    "change_settings": (change_settings,),
    "start": (start,),
    "stop": (stop,),
    "restart": (restart,),
    "delete_staging": (delete_staging,),
    "delete_site": (delete_site,),
    "restore": (restore_site, restore_staging),
}
"""By kinds; a kind without a way to ask for it fails."""
