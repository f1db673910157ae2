"""The COMPARE page: what a swap would change, for whoever may look, without a secret."""

import html
import re

import pytest
from django.test import Client

from sites.models import Operation, Site
from sites.services.settings import Entry, read_settings
from tests.domain import Domain

ADDRESS = "/sites/contoso/compare/"


def _text(client: Client, address: str = ADDRESS) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def _save(domain: Domain, site: Site, slot: str, category: str, *entries: Entry) -> None:
    domain.save(site.slots.get(name=slot), *entries, category=category)


def test_it_names_files_settings_and_what_is_to_be_known(domain: Domain, alice: Client, contoso: Site) -> None:
    _save(domain, contoso, "staging", "app_settings", Entry("COLOUR", "blue"), Entry("PLACE", "s", is_sticky=True))
    _save(domain, contoso, "production", "default_documents", Entry("001", "start.html"))
    text = _text(alice)
    assert "1 file changed" in text and "index.html" in text
    assert "COLOUR" in text and "only in contoso (staging)" in text and "start.html" in text
    travelling, staying = text.split('id="travelling"')[1].split('id="staying"')
    assert "COLOUR" in travelling and "PLACE" in staying
    assert "have not been swapped yet" in text
    assert "and 'contoso' have different settings" in text


def test_secrets_are_only_the_same_or_different(domain: Domain, bob: Client, contoso: Site) -> None:
    for slot in ("staging", "production"):
        _save(domain, contoso, slot, "connection_strings", Entry("main", "hidden-value", "Custom"))
        _save(domain, contoso, slot, "app_settings", Entry("KEY", f"hidden-{slot}"))
    text = _text(bob)
    assert "hidden-" not in text
    assert "<td>same</td>" in text and "<td>different</td>" in text
    assert text.count(">hidden</td>") == 2


SHOW = {"with": "staging", "show": "app_settings"}
COPY = {"from": "staging", "category": "app_settings", "name": "KEY"}
TARGET = "/sites/contoso/production/configure/copy/"


def test_hidden_values_are_shown_to_whoever_asks_and_that_is_recorded(
    domain: Domain, alice: Client, bob: Client, contoso: Site
) -> None:
    _save(domain, contoso, "staging", "app_settings", Entry("KEY", "hidden-staging"))
    _save(domain, contoso, "staging", "connection_strings", Entry("main", "hidden-string", "Custom"))
    assert alice.get(f"{ADDRESS}reveal/?with=staging")["Location"] == f"{ADDRESS}?with=staging", "entered again"
    assert bob.post(f"{ADDRESS}reveal/", SHOW).status_code == 403
    assert "Show all values" in _text(alice) and "Show all values" not in _text(bob)
    assert not Operation.objects.filter(kind="reveal").exists()
    page = html.unescape(alice.post(f"{ADDRESS}reveal/", SHOW).content.decode())
    assert ">hidden-staging</td>" in page and "hidden-string" not in page
    (record,) = Operation.objects.filter(kind="reveal")
    assert record.outcome == "All app settings of 'contoso (staging)' were shown: KEY." and record.actor_name == "alice"
    strings = alice.post(f"{ADDRESS}reveal/", {**SHOW, "show": "connection_strings"})
    assert ">hidden-string</td>" in html.unescape(strings.content.decode())
    (mark,) = re.findall(r'name="seen" value="([^"]+)"', page)
    for seen, recorded in ((mark, 1), ("app_settings:forged", 2)):
        before = Operation.objects.filter(kind="reveal").count()
        both = {**SHOW, "show": "connection_strings", "seen": seen}
        again = html.unescape(alice.post(f"{ADDRESS}reveal/", both).content.decode())
        assert ">hidden-staging</td>" in again and ">hidden-string</td>" in again
        assert Operation.objects.filter(kind="reveal").count() == before + recorded, "only what is new is recorded"
    for nothing in ({"show": "general"}, {"show": "nonsense"}, {}):
        assert alice.post(f"{ADDRESS}reveal/", {"with": "staging", **nothing}).status_code == 404


def test_a_value_is_copied_to_the_other_slot_after_a_question(domain: Domain, alice: Client, contoso: Site) -> None:
    pem = "-----BEGIN X-----\r\nabc==\r-----END X-----\n"
    _save(domain, contoso, "staging", "app_settings", Entry("KEY", pem, is_sticky=True), Entry("B", "s"))
    _save(domain, contoso, "production", "app_settings", Entry("KEY", "former", is_sticky=True), Entry("A", "p"))
    production = contoso.slots.get(is_production=True)
    assert 'Copy<span class="visually-hidden"> KEY</span> to contoso</a>' in _text(alice)
    question = html.unescape(alice.get(TARGET, COPY).content.decode())
    assert "copy App setting 'KEY' from contoso (staging) to <strong>CONTOSO</strong>" in question
    assert (
        "It replaces the value there" in question and "each slot keeps its own" in question and "former" not in question
    )
    agreed = {**COPY, "expected": re.search(r'name="expected" value="([^"]+)"', question)[1]}
    assert read_settings(production, "app_settings")[1].value == "former", "a question changes nothing"
    assert alice.post(TARGET, agreed).status_code == 303
    assert domain.work(Operation.objects.filter(kind="change_settings", target="contoso").first()).state == "succeeded"
    entries = read_settings(production, "app_settings")
    assert entries == [Entry("A", "p"), Entry("KEY", pem, is_sticky=True)], "byte for byte, and nothing else"
    said = "App setting 'KEY' was copied from 'contoso (staging)' to 'contoso'."
    assert Operation.objects.filter(outcome=said, actor_name="alice").count() == 1
    assert alice.post(TARGET, agreed).status_code == 409, "they are the same now"


def test_a_copy_is_refused_when_a_side_has_changed_since_the_question(
    domain: Domain, alice: Client, bob: Client, contoso: Site
) -> None:
    _save(domain, contoso, "staging", "app_settings", Entry("KEY", "one"))
    question = alice.get(TARGET, COPY).content.decode()
    agreed = {**COPY, "expected": re.search(r'name="expected" value="([^"]+)"', question)[1]}
    _save(domain, contoso, "staging", "app_settings", Entry("KEY", "two"))
    assert alice.post(TARGET, agreed).status_code == 412
    assert bob.get(TARGET, COPY).status_code == bob.post(TARGET, agreed).status_code == 403
    for wrong in (
        {"name": "OTHER"},
        {"category": "mounts"},
        {"category": "nonsense"},
        {"from": "production"},
        {"from": "x"},
    ):
        assert alice.get(TARGET, {**COPY, **wrong}).status_code == 404
    assert read_settings(contoso.slots.get(is_production=True), "app_settings") == []


def test_nobody_is_asked_about_a_value_that_was_not_shown(domain: Domain, alice: Client, contoso: Site) -> None:
    for slot, value in (("staging", "blue"), ("production", "red")):
        _save(domain, contoso, slot, "app_settings", Entry("KEY", value))
    page = html.unescape(alice.post(f"{ADDRESS}reveal/", SHOW).content.decode())
    to_production, to_staging = re.findall(r'hx-get="([^"]+/copy/[^"]+)"', page)
    assert alice.get(to_production).status_code == alice.get(to_staging).status_code == 200
    _save(domain, contoso, "staging", "app_settings", Entry("KEY", "green"))
    for link in (to_production, to_staging):
        answer = alice.get(link)
        assert answer.status_code == 412 and "was changed after you opened this" in answer.content.decode()
    assert alice.get(re.findall(r'hx-get="([^"]+/copy/[^"]+)"', _text(alice))[0]).status_code == 200, "of a page anew"


def test_it_tells_the_last_swap(domain: Domain, alice: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/swap/")
    domain.work(Operation.objects.latest("pk"))
    assert " UTC</time>, by alice." in _text(alice)


def test_looking_begins_nothing(alice: Client, contoso: Site) -> None:
    before = Operation.objects.count()
    _text(alice)
    assert Operation.objects.count() == before
    assert alice.post(ADDRESS).status_code == 405


def test_without_staging_there_is_nothing_to_compare(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam")
    answer = alice.get("/sites/fabrikam/compare/")
    assert answer.status_code == 409
    assert "Enable staged publishing" in answer.content.decode()


@pytest.mark.parametrize("address", [ADDRESS, "/sites/nothing/compare/"])
def test_a_stranger_learns_nothing(contoso: Site, charlie: Client, address: str) -> None:
    assert charlie.get(address).status_code == 404


def test_an_unknown_slot_is_nowhere(alice: Client, contoso: Site) -> None:
    assert alice.get(f"{ADDRESS}?with=other").status_code == 404


def test_production_is_not_compared_with_itself(alice: Client, contoso: Site) -> None:
    answer = alice.get(f"{ADDRESS}?with=production")
    assert answer.status_code == 409
    assert "with itself" in answer.content.decode()


def test_who_is_not_signed_in_is_sent_to_the_door(contoso: Site, browser: object) -> None:
    assert browser(None).get(ADDRESS)["Location"].startswith("/sign-in/")


def test_the_number_of_queries_does_not_grow(
    domain: Domain, alice: Client, contoso: Site, django_assert_max_num_queries: object
) -> None:
    _text(alice)
    with django_assert_max_num_queries(45) as few:
        _text(alice)
    domain.create("second")
    _save(domain, contoso, "staging", "app_settings", *(Entry(f"KEY{number}", "1") for number in range(9)))
    Operation.objects.update(dismissed_at="2026-01-01T00:00Z")
    with django_assert_max_num_queries(len(few)):
        _text(alice)
