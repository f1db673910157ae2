"""Alert rules under Monitor and under Configure: made, shown as they stand, removed."""

import re

from django.test import Client
from django.utils import timezone

from sites.models import Alert, Category, EndpointCheck, Mode, Operation, Site, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.views.site_pages.configure_form import loaded
from tests.portal.views.site_pages.conftest import Address

MONITOR = "/sites/contoso/production/monitor/"
ADD, REMOVE = f"{MONITOR}alert-rules/", f"{MONITOR}alert-rules/remove/"
TYPED = {"name": "Errors", "measure": "5xx", "side": "above", "number": "20", "minutes": "5"}
ERRORS = Entry("alert:Errors", "5xx above 20 for 5 min")


def rules(slot: Slot) -> list[Entry]:
    return read_settings(slot, Category.MONITORING)


def done(domain: Domain, answer: object) -> None:
    assert answer.status_code == 303 and answer["Location"] == MONITOR
    operation = Operation.objects.filter(kind="change_settings").first()
    assert domain.work(operation).state == "succeeded"


def test_a_rule_is_made_from_the_form_and_removed(domain: Domain, alice: Client, production: Slot) -> None:
    logging = Entry("web_server_logging", "on")
    domain.save(production, logging, category=Category.MONITORING)
    done(domain, alice.post(ADD, TYPED))
    done(domain, alice.post(ADD, {**TYPED, "name": "Loop", "measure": "crash_loop"}))
    assert rules(production) == [ERRORS, Entry("alert:Loop", "crash_loop for 5 min"), logging]
    page = alice.get(f"{MONITOR}?metric=5xx").content.decode()
    assert ">5xx above 20 for 5 min</td>" in page and ">Errors</td></tr>" in page
    done(domain, alice.post(REMOVE, {"name": "Errors"}))
    assert rules(production) == [Entry("alert:Loop", "crash_loop for 5 min"), logging]
    assert alice.post(REMOVE, {"name": "Errors"}).status_code == 404


def test_the_page_says_how_each_rule_stands(domain: Domain, alice: Client, production: Slot) -> None:
    names = ("a", "b", "c", "d", "e")
    entries = [Entry(f"alert:{name}", ERRORS.value) for name in names]
    domain.save(production, *entries, category=Category.MONITORING)
    moment = timezone.now()
    of = {"rule": ERRORS.value, "slot": production}
    Alert.objects.create(name="a", turned_at=moment, **of)
    Alert.objects.create(name="b", fired_at=moment, **of)
    Alert.objects.create(name="c", fired_at=moment, turned_at=moment, **of)
    Alert.objects.create(name="d", fired_at=moment, slot=production, rule="what it said before")
    page = alice.get(MONITOR).content.decode()
    section = page[page.index('id="alerts"') : page.index('id="slot-swaps"')]
    found = re.findall(r"\"row\">(\w)</th>.*?>5xx above 20 for 5 min</td>\s*<td[^>]*>(.*?)</td>", section, re.S)
    assert [(name, re.split(r" (?:at|since) ", state)[0]) for name, state in found] == [
        ("a", "Met"), ("b", "<strong>Fired</strong>"), ("c", "<strong>Fired</strong>, not met"), ("d", "Quiet"),
        ("e", "Quiet"),
    ]  # fmt: skip


def test_what_cannot_be_a_rule_is_refused_with_what_was_typed(alice: Client, production: Slot) -> None:
    answer = alice.post(ADD, {**TYPED, "number": "many"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Threshold</a>: The threshold &#x27;many&#x27; cannot be read" in page
    assert 'id="alert-number" name="number" value="many" maxlength="20" autocomplete="off" aria-invalid="true"' in page
    assert 'value="many"' in page and '<details class="paste" open>' in page
    assert rules(production) == []


def test_all_that_is_wrong_with_a_rule_is_said_at_once(alice: Client, production: Slot) -> None:
    page = alice.post(ADD, {**TYPED, "name": "a/b", "number": "-1", "minutes": "99"}).content.decode()
    assert re.findall(r'<li><a href="#([^"]+)"', page) == ["alert-name", "alert-number", "alert-minutes"]
    assert page.count('aria-invalid="true"') == 3 and page.count(" autofocus") == 1


def test_a_reader_sees_rules_and_no_form(domain: Domain, bob: Client, production: Slot) -> None:
    domain.save(production, ERRORS, category=Category.MONITORING)
    page = bob.get(MONITOR).content.decode()
    assert ERRORS.value in page and ADD not in page and REMOVE not in page
    assert bob.post(ADD, TYPED).status_code == 403
    assert bob.post(REMOVE, {"name": "Errors"}).status_code == 403


def test_configure_has_them_as_lines(domain: Domain, alice: Client, production: Slot, address: Address) -> None:
    domain.save(production, ERRORS, Entry("web_server_logging", "on"), category=Category.MONITORING)
    configure = address("configure", production)
    form = loaded(alice, configure)
    assert form["alert_rules"] == "Errors: 5xx above 20 for 5 min"
    form["alert_rules"] += "\r\nSlow : p95 above 2 s for 10 min"
    assert alice.post(configure, form).status_code == 303
    assert domain.work(Operation.objects.filter(kind="change_settings").first()).state == "succeeded"
    slow = Entry("alert:Slow", "p95 above 2 s for 10 min")
    assert rules(production) == [ERRORS, slow, Entry("web_server_logging", "on")]
    refused = alice.post(configure, {**loaded(alice, configure), "alert_rules": "no rule at all"})
    assert "</a>: A rule is written as" in refused.content.decode()


def test_web_endpoints_are_configured_and_shown(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    dashboard, configure = address("dashboard", production), address("configure", production)
    assert "You have not configured a web endpoint for monitoring." in alice.get(dashboard).content.decode()
    url = "https://www.example.org/health"
    assert alice.post(configure, {**loaded(alice, configure), "endpoint_1": url}).status_code == 303
    domain.work(Operation.objects.filter(kind="change_settings").first())
    assert rules(production) == [Entry("endpoint_1", url)]
    assert f"1: {url}" in alice.get(dashboard).content.decode()
    check = {"slot": production, "name": "endpoint_1", "url": url, "checked_at": timezone.now()}
    EndpointCheck.objects.create(**check, status=200, milliseconds=35)
    for page in (dashboard, MONITOR):
        assert ">35 ms</td>" in alice.get(page).content.decode()
    Site.objects.update(mode=Mode.FREE)
    said = "Web endpoints need Standard mode; &#x27;contoso&#x27; is in Free mode. Change the mode under Scale."
    for page in (dashboard, MONITOR, configure):
        assert said in alice.get(page).content.decode(), page
    assert 'name="endpoint_1"' not in alice.get(configure).content.decode()


def test_a_slot_has_ten_rules_at_most(alice: Client, production: Slot, address: Address) -> None:
    configure = address("configure", production)
    lines = "\n".join(f"{number}: 5xx above 20 for 5 min" for number in range(11))
    refused = alice.post(configure, {**loaded(alice, configure), "alert_rules": lines})
    assert "Alert rules</a>: A slot has 10 at most; leave some out." in refused.content.decode()
    assert rules(production) == []


def test_the_address_of_the_form_shows_monitor(alice: Client, production: Slot) -> None:
    answer = alice.get(ADD)
    assert (answer.status_code, answer["Location"]) == (303, MONITOR), "a page with a refusal asks it for news"
