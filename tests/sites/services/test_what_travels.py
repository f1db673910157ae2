"""The table of docs/swap.md, cell by cell: what is cloned, what travels, what can be edited."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from django.db.models import Q
from django.test import override_settings

from sites.models import Category, HostNameKind, Operation, Slot, SlotSetting, SourceControl
from sites.planning import mount_folder
from sites.services import certificates, domains, maintenance, slots, visitors
from sites.services.commits import change_deploy_branches
from sites.services.handler_mappings import to_value
from sites.services.publisher import Publisher
from sites.services.settings import TRAVELLING, Entry, read_settings, save_settings
from tests.domain import Domain
from tests.sites.fetched_repository import connect_source
from tests.sites.tls.uploads import upload

pytestmark = pytest.mark.one_database  # what it asks for is asked for by the tests of swaps and settings too
DOCUMENT = Path(__file__).parents[3] / "docs" / "swap.md"
HOSTS = {"production": "contoso.localhost", "staging": "contoso-staging.localhost"}

Edit = Callable[[Domain, Slot, int], Operation | None]
Read = Callable[[Domain, Slot], object]


@dataclass(frozen=True)
class Probe:
    """How one thing of a slot is read, and given a value that tells 1 from 2."""

    read: Read
    edit: Edit | None


def setting(category: Category, name: str, value: Callable[[int], str], **values: object) -> Probe:
    """An entry of the configuration."""

    def edit(domain: Domain, slot: Slot, number: int) -> Operation:
        entries = [Entry(name, value(number), **values)]
        return save_settings(acting_user=domain.alice, slot=slot, category=category, entries=entries)

    return Probe(lambda _domain, slot: read_settings(slot, category), edit)


def swap_setting(field: str, value: Callable[[int], object]) -> Probe:
    """What a slot keeps for its swaps."""

    def edit(domain: Domain, slot: Slot, number: int) -> Operation:
        return slots.change_swap_settings(acting_user=domain.alice, slot=slot, **{field: value(number)})

    return Probe(lambda _domain, slot: getattr(slot, field), edit)


def auto_swap(domain: Domain, slot: Slot, number: int) -> Operation | None:
    """Only a staging slot has it."""
    if slot.is_production:
        return None
    return slots.change_swap_settings(acting_user=domain.alice, slot=slot, is_auto_swapped=bool(number % 2))


def persistent_files(_domain: Domain, slot: Slot) -> list[str]:
    """The files that the application finds in the slot's persistent folder."""
    rows = SlotSetting.objects.filter(Q(slot=slot) | Q(workload__slot=slot), category=Category.MOUNTS)
    return sorted(
        file.read_text() for row in rows if mount_folder(row).is_dir() for file in mount_folder(row).iterdir()
    )


def write_persistent_file(domain: Domain, slot: Slot, number: int, kind: str = "") -> Operation:
    """As the application would, in the folder that it is shown."""
    entries = [Entry("files", "/data", kind)]
    operation = save_settings(acting_user=domain.alice, slot=slot, category=Category.MOUNTS, entries=entries)
    owned = Q(slot=slot) | Q(workload__slot=slot)
    folder = mount_folder(SlotSetting.objects.get(owned, category=Category.MOUNTS))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text(f"file {number} of {slot.name}")
    return operation


def hosts(kind: HostNameKind) -> Read:
    return lambda _domain, slot: sorted(slot.host_names.filter(kind=kind).values_list("name", flat=True))


def claim_domain(domain: Domain, slot: Slot, number: int) -> None:
    """Without proof, as on a private installation."""
    with override_settings(DOMAIN_PROOF=False):
        domains.add_domain(acting_user=domain.alice, slot=slot, text=f"{slot.name}{number}.fabrikam.example")


def bindings(_domain: Domain, slot: Slot) -> list[tuple[str, str]]:
    found = slot.host_names.filter(certificate__isnull=False).values_list("name", "certificate__fingerprint")
    return sorted(found)


def take_certificate(domain: Domain, slot: Slot, number: int) -> None:
    """Good for both addresses, so that the bindings differ by the certificate alone."""
    content = upload(*HOSTS.values(), days=60 + number)
    certificates.add_certificate(acting_user=domain.alice, slot=slot, content=content, password="")


def choose_tls(domain: Domain, slot: Slot, number: int) -> None:
    with override_settings(HTTPS_PORT=8443):
        certificates.save_tls(
            acting_user=domain.alice,
            slot=slot,
            bindings={},
            is_https_only=number % 2 == 0,
            refuses_tls_1_2=number % 2 == 1,
            hsts_days=0 if number % 2 else 30,
        )


def endpoint(domain: Domain, slot: Slot) -> list[object]:
    return [hosts(HostNameKind.PUBLISHING)(domain, slot), slot.publishing_user, slot.publishing_password]


def connect(domain: Domain, slot: Slot, number: int) -> None:
    """Nothing is fetched: there is no such repository."""
    domain.work(connect_source(domain, slot, branch=f"release-{number}"))


APP, CONNECTION = Category.APP_SETTINGS, Category.CONNECTION_STRINGS
PROBES = {
    "content and deployments": Probe(
        lambda domain, slot: (
            domain.serves(HOSTS[slot.name]),
            sorted(slot.workload.deployments.values_list("message", flat=True)),
        ),
        lambda domain, slot, number: domain.publish(slot, f"text {number}"),
    ),
    "general settings": setting(Category.GENERAL, "always_on", lambda number: "on" if number % 2 else "off"),
    "app settings": setting(APP, "COLOUR", str),
    "sticky app settings": setting(APP, "MARK", str, is_sticky=True),
    "connection strings": setting(CONNECTION, "Db", str, kind="Custom"),
    "sticky connection strings": setting(CONNECTION, "Db", str, kind="Custom", is_sticky=True),
    "handler mappings": setting(Category.HANDLER_MAPPINGS, ".cgi", lambda number: to_value(f"/bin/{number}")),
    "monitoring and diagnostics": setting(
        Category.MONITORING, "web_server_logging", lambda number: "on" if number % 2 else "off"
    ),
    "default documents": setting(Category.DEFAULT_DOCUMENTS, "1", lambda number: f"{number}.html"),
    "warm-up rules": setting(Category.WARMUP, "paths", lambda number: f"/{number}"),
    "persistent folders": setting(Category.MOUNTS, "files", lambda number: f"/data/{number}", is_sticky=True),
    "files in persistent folders": Probe(persistent_files, write_persistent_file),
    "folders marked as travelling": setting(
        Category.MOUNTS, "index", lambda number: f"/data/{number}", kind=TRAVELLING
    ),
    "files in folders marked as travelling": Probe(persistent_files, partial(write_persistent_file, kind=TRAVELLING)),
    "publishing endpoint and credentials": Probe(
        endpoint, lambda domain, slot, _number: slots.reset_credentials(acting_user=domain.alice, slot=slot)
    ),
    "host names": Probe(hosts(HostNameKind.DEFAULT), None),
    "custom domain names": Probe(hosts(HostNameKind.CUSTOM), claim_domain),
    "certificates and bindings": Probe(bindings, take_certificate),
    "HTTPS only and least TLS version": Probe(
        lambda _domain, slot: (slot.is_https_only, slot.refuses_tls_1_2, slot.hsts_days), choose_tls
    ),
    "who may visit": Probe(
        lambda _domain, slot: visitors.rule_of(slot).described,
        lambda domain, slot, number: visitors.save_visitors(
            acting_user=domain.alice, slot=slot, others="refused", addresses=[f"192.0.2.{number}"]
        ),
    ),
    "maintenance page and its switch": Probe(
        lambda _domain, slot: (slot.is_in_maintenance, maintenance.page_of(slot).html),
        lambda domain, slot, number: maintenance.set_maintenance(
            acting_user=domain.alice, slot=slot, is_on=number % 2 == 0, html=f"page {number}"
        ),
    ),
    "instance count": Probe(
        lambda _domain, slot: slot.instance_count,
        lambda domain, slot, number: slots.scale(acting_user=domain.alice, slot=slot, count=1 + number),
    ),
    "auto swap": Probe(lambda _domain, slot: slot.is_auto_swapped, auto_swap),
    "branch to deploy": Probe(
        lambda _domain, slot: slot.branches,
        lambda domain, slot, number: change_deploy_branches(
            publisher=Publisher("alice", domain.alice), slot=slot, names=f"release-{number}"
        ),
    ),
    "source control": Probe(
        lambda _domain, slot: list(SourceControl.objects.filter(slot=slot).values_list("url", "branch")), connect
    ),
    "drain limit": swap_setting("drain_limit_seconds", lambda number: 40 + number),
    "roll-back window": swap_setting("rollback_window_seconds", lambda number: 300 + number),
}


def rows() -> dict[str, tuple[str, str, str]]:
    """The table: what → cloned, on a swap, editable."""
    table = DOCUMENT.read_text().partition("<!-- what travels -->")[2].partition("<!-- /what travels -->")[0]
    cells = [re.split(r" *\| *", row.strip("| ")) for row in table.strip().splitlines()[2:]]
    return {what: (cloned, on_swap, editable) for what, cloned, on_swap, editable in cells}


TABLE = rows()


def edit(domain: Domain, what: str, slot: Slot, number: int) -> None:
    probe = PROBES[what]
    operation = probe.edit(domain, slot, number) if probe.edit else None
    if operation is not None:
        assert domain.work(operation).state == "succeeded", operation.outcome


def read(domain: Domain, what: str, slot: Slot) -> object:
    return PROBES[what].read(domain, Slot.objects.select_related("site", "workload").get(pk=slot.pk))


def test_every_row_can_be_probed_and_every_category_has_one() -> None:
    assert TABLE.keys() == PROBES.keys()
    labels = " ".join(TABLE)
    missing = [label for label in Category.labels if label not in labels]
    assert not missing


@pytest.mark.parametrize("what", TABLE)
def test_on_enabling(domain: Domain, what: str) -> None:
    site = domain.create()
    production = site.slots.get()
    if what == "auto swap":
        Slot.objects.update(is_auto_swapped=True)  # as if production could have it
    else:
        edit(domain, what, production, 1)
    staging = domain.enable(site)
    is_same = read(domain, what, staging) == read(domain, what, production)
    assert is_same == (TABLE[what][0] == "yes")


@pytest.mark.parametrize("what", TABLE)
def test_on_a_swap(domain: Domain, what: str) -> None:
    production, staging = domain.staged()
    edit(domain, what, production, 2)
    edit(domain, what, staging, 1)
    before = [read(domain, what, slot) for slot in (production, staging)]
    assert before[0] != before[1]
    operation = domain.swap(staging, production)
    assert operation.state == "succeeded", operation.outcome
    after = [read(domain, what, slot) for slot in (production, staging)]
    assert TABLE[what][1] in ("travels", "stays")
    assert after == (before[::-1] if TABLE[what][1] == "travels" else before)


@pytest.mark.parametrize("what", TABLE)
def test_editing(domain: Domain, what: str) -> None:
    _production, staging = domain.staged()
    if PROBES[what].edit is None:
        assert TABLE[what][2] == "no"
        return
    assert TABLE[what][2].startswith("yes")
    values = [read(domain, what, staging)]
    for number in (1, 2):
        edit(domain, what, staging, number)
        values.append(read(domain, what, staging))
    assert values[1] != values[0]
    assert values[2] != values[1]
