"""Who may visit a slot, and how a visitor gets a pass."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.core import signing
from pytest_django import Settings

from sites.errors import NotAllowed, NotFound, PreconditionFailed, SettingRefused, VisitRefused
from sites.keyring import Purpose, key_file
from sites.models import HostName, Membership, Operation, Others, Site, Slot, UsedVisitCode, VisitorRule
from sites.router.guard.passes import Pass, read
from sites.router.guard.rule import Rule, Way, networks
from sites.services import maintenance, visitors
from sites.services.members import remove_person
from sites.visiting import rules
from tests.domain import Domain

PRODUCTION, STAGING = "contoso.localhost", "contoso-staging.localhost"


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    """Production and staging, with their placeholder pages."""
    site = domain.create()
    staging = domain.enable(site)
    return site.slots.get(is_production=True), staging


def save(domain: Domain, slot: Slot, others: str, *addresses: str, **values: str) -> Operation:
    record = visitors.save_visitors(
        acting_user=domain.alice, slot=slot, others=others, addresses=list(addresses), **values
    )
    site = Site.objects.get(pk=slot.site_id)
    domain.router.publish(site.pk, site.routes_version)
    return record


def rule_at(domain: Domain, host: str) -> str:
    return domain.router.answer(host).rule


def opened(text: str, host: str) -> Pass | None:
    return read(key_file(django_settings.KEY_FILE).read().derived(Purpose.VISITS), text, host)


def test_the_routes_of_a_slot_ask_by_its_newest_rule_and_those_of_others_do_not(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    _, staging = slots
    record = save(domain, staging, Others.REFUSED, "192.0.2.7", "2001:DB8::1/32", "192.0.2.7")
    assert record.outcome == (
        "'contoso (staging)': nobody else may visit. Visitors from 2 addresses or networks are not asked."
    )
    [rule] = rules()
    assert rule == Rule(staging.pk, 2, Way.REFUSED, networks(["192.0.2.7/32", "2001:db8::/32"]))
    assert (rule_at(domain, STAGING), rule_at(domain, PRODUCTION)) == ("2", "")
    assert rule_at(domain, "contoso-staging.scm.localhost") == ""
    save(domain, staging, Others.SIGN_IN)
    assert rule_at(domain, STAGING) == "3"
    save(domain, staging, Others.EVERYBODY)
    assert (rules(), rule_at(domain, STAGING)) == ([], "")


def test_staging_stays_closed_and_production_open_on_a_swap(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    domain.publish(staging, "two")
    save(domain, staging, Others.SIGN_IN)
    assert domain.swap(staging, production).state == "succeeded"
    assert (rule_at(domain, STAGING), rule_at(domain, PRODUCTION)) == ("2", "")
    assert domain.serves(PRODUCTION) == "two"


def test_maintenance_with_addresses_asks_the_guard_and_without_does_not(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    production, _ = slots
    maintenance.set_maintenance(acting_user=domain.alice, slot=production, is_on=True, addresses=["192.0.2.7"])
    site = Site.objects.get(pk=production.site_id)
    domain.router.publish(site.pk, site.routes_version)
    assert rule_at(domain, PRODUCTION) == "2" and domain.router.answer(PRODUCTION).maintenance is not None
    [rule] = rules()
    assert (rule.way, rule.maintenance) == (Way.OPEN, networks(["192.0.2.7"]))
    save(domain, production, Others.SIGN_IN)
    maintenance.set_maintenance(acting_user=domain.alice, slot=production, addresses=[])
    site.refresh_from_db()
    domain.router.publish(site.pk, site.routes_version)
    assert rule_at(domain, PRODUCTION) == "", "nobody is let in, so nobody is asked about"


def test_what_cannot_hold_is_refused_and_nothing_is_saved(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    refused: list[tuple[str, list[str], str | None]] = [
        ("refused", [], None),
        ("refused", ["192.0.2.0/33"], None),
        ("refused", ["example.org"], None),
        ("sign-in", ["192.0.2.7"] * 101, None),
        ("password", [], None),
        ("password", [], "short"),
        ("password", [], "x" * 201),
        ("perhaps", [], None),
    ]
    for others, addresses, password in refused:
        with pytest.raises(SettingRefused, match="nothing was saved"):
            visitors.save_visitors(
                acting_user=domain.alice, slot=slots[1], others=others, addresses=addresses, password=password
            )
    assert not VisitorRule.objects.exists()


def test_who_saves_over_somebody_else_is_told(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    _, staging = slots
    seen = visitors.state_of(staging)
    save(domain, staging, Others.SIGN_IN, expected=seen)
    with pytest.raises(PreconditionFailed):
        save(domain, staging, Others.EVERYBODY, expected=seen)
    assert visitors.rule_of(staging).others == Others.SIGN_IN


def test_only_those_who_may_change_the_site_say_who_may_visit(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    for user, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        with pytest.raises(refusal):
            visitors.save_visitors(acting_user=user, slot=slots[1], others=Others.EVERYBODY, addresses=[])


def test_the_password_opens_its_slot_until_it_is_changed(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    _, staging = slots
    save(domain, staging, Others.PASSWORD, password="correct horse")
    assert "correct horse" not in VisitorRule.objects.get().password
    found = opened(visitors.by_password(STAGING, "correct horse").cookie, STAGING)
    [rule] = rules()
    assert found is not None and (found.slot_id, found.stamp) == (staging.pk, rule.stamp)
    for host, password in ((STAGING, "wrong horse"), (PRODUCTION, "correct horse"), (PRODUCTION, "")):
        with pytest.raises(VisitRefused):
            visitors.by_password(host, password)
    for host in ("nowhere.localhost", "contoso-staging.scm.localhost"):
        with pytest.raises(NotFound):
            visitors.by_password(host, "correct horse")
    save(domain, staging, Others.PASSWORD, "192.0.2.7")
    assert rules()[0].stamp == rule.stamp
    save(domain, staging, Others.PASSWORD, password="another horse")
    assert rules()[0].stamp != rule.stamp
    save(domain, staging, Others.SIGN_IN)
    assert VisitorRule.objects.get().password == ""


def way(domain: Domain, to: str = f"http://{STAGING}:8080/a?b=1", state: str = "state") -> dict[str, str]:
    """Where Bob, who only reads, is led."""
    back = urlsplit(visitors.way_back(acting_user=domain.bob, to=to, state=state))
    assert (back.scheme, back.hostname, back.path) == ("http", STAGING, "/.greenroom/visitors/code")
    return {name: value for name, (value,) in parse_qs(back.query).items()}


def test_who_sees_the_site_comes_back_once_in_the_same_browser(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    _, staging = slots
    save(domain, staging, Others.SIGN_IN)
    led = way(domain)
    assert led["next"] == "/a?b=1"
    for host, state in ((STAGING, "other"), (STAGING, ""), (PRODUCTION, "state")):
        with pytest.raises(VisitRefused):
            visitors.by_code(host, led["code"], state)
    found = opened(visitors.by_code(STAGING, led["code"], "state").cookie, STAGING)
    assert found is not None and (found.slot_id, found.person) == (staging.pk, domain.bob.pk)
    assert domain.bob.pk in rules()[0].people
    with pytest.raises(VisitRefused):
        visitors.by_code(STAGING, led["code"], "state")
    with pytest.raises(VisitRefused):
        visitors.by_code(STAGING, led["code"][:-1] + "x", "state")


def test_a_code_is_good_for_a_minute(domain: Domain, slots: tuple[Slot, Slot], monkeypatch: pytest.MonkeyPatch) -> None:
    save(domain, slots[1], Others.SIGN_IN)
    code = way(domain)["code"]
    later = time.time() + 61
    monkeypatch.setattr(signing.time, "time", lambda: later)
    with pytest.raises(VisitRefused):
        visitors.by_code(STAGING, code, "state")
    assert not UsedVisitCode.objects.exists()


def test_nobody_is_led_anywhere_else(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    save(domain, slots[1], Others.SIGN_IN)
    for to in (
        "http://evil.example/",
        f"http://{STAGING}@evil.example/",
        f"http://evil.example#{STAGING}",
        f"javascript://{STAGING}/",
        f"//{STAGING}/",
        f"http://{STAGING}:9999/",
        f"http://{STAGING}:x/",
        f"http://user@{STAGING}:8080/",
        f"http://{PRODUCTION}/",
        "http://contoso-staging.scm.localhost/",
        f"http://{STAGING}/" + "x" * 5000,
        "",
    ):
        with pytest.raises(NotFound):
            visitors.way_back(acting_user=domain.bob, to=to, state="state")


def test_below_a_wildcard_nobody_is_led_to_what_browsers_read_as_another_host(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    HostName.objects.create(name="*.fabrikam.example", slot=slots[1], kind="custom")
    save(domain, slots[1], Others.SIGN_IN)
    for label in ("evil\\", "3232235777\\x", "a b", "a%2fb", "ä", "[a", "a_b", "\u2100", "a\x00"):
        with pytest.raises(NotFound):
            visitors.way_back(acting_user=domain.bob, to=f"http://{label}.fabrikam.example/", state="state")
    to = "http://n1.fabrikam.example/a?b"
    led = visitors.way_back(acting_user=domain.bob, to=to, state="state")
    assert led.startswith("http://n1.fabrikam.example/.greenroom/")


def test_a_stranger_to_the_site_is_refused_and_a_role_that_ended_lets_nobody_in(
    domain: Domain, slots: tuple[Slot, Slot]
) -> None:
    save(domain, slots[1], Others.SIGN_IN)
    with pytest.raises(VisitRefused, match="Ask its owner"):
        visitors.way_back(acting_user=domain.charlie, to=f"http://{STAGING}/", state="state")
    membership = Membership.objects.get(user=domain.bob)
    remove_person(acting_user=domain.alice, membership=membership)
    assert rules()[0].people == {domain.alice.pk}
    type(domain.alice).objects.filter(pk=domain.alice.pk).update(is_active=False)
    assert rules()[0].people == frozenset()


def test_a_wildcard_stands_for_the_names_below_it(domain: Domain, slots: tuple[Slot, Slot], settings: Settings) -> None:
    _, staging = slots
    HostName.objects.create(name="*.fabrikam.example", slot=staging, kind="custom")
    save(domain, staging, Others.PASSWORD, password="correct horse")
    assert opened(visitors.by_password("a.fabrikam.example", "correct horse").cookie, "a.fabrikam.example")
    with pytest.raises(NotFound):
        visitors.by_password("fabrikam.example", "correct horse")
