"""The swap's bar: the seed's question and lists, what each address will serve, and the answer."""

import re

from django.test import Client, override_settings

from sites.models import Operation, Site
from sites.services import slots
from tests.domain import Domain
from tests.portal.conftest import HTMX

WORDS = (
    "Are you sure you want to swap web site deployments?",
    "What is website swapping?",
    "Configuration that will change",
    "General Settings",
    "Connection Strings",
    "Handler Mappings",
    "Monitoring and Diagnostic Settings",
    "Configuration that will not change",
    "Publishing endpoints",
    "Custom Domain Names",
    "SSL Certificates and bindings",
    "Scale settings",
)


def test_the_bar_speaks_the_words_of_the_seed(alice: Client, contoso: Site) -> None:
    bar = alice.get("/sites/contoso/staging/swap/", headers=HTMX).content.decode()
    assert all(words in bar for words in WORDS)


def test_the_bar_is_the_same_from_either_side(alice: Client, contoso: Site) -> None:
    sides = [alice.get(f"/sites/contoso/{slot}/swap/", headers=HTMX).context for slot in ("staging", "production")]
    assert sides[0]["description"].addresses == sides[1]["description"].addresses
    serves = {
        address.host: (address.serves_now[:3], address.will_serve[:3]) for address in sides[0]["description"].addresses
    }
    assert serves == {"contoso.localhost": ("one", "two"), "contoso-staging.localhost": ("two", "one")}


def test_yes_swaps_from_either_side(domain: Domain, alice: Client, contoso: Site) -> None:
    for slot, expected in (("staging", "two"), ("production", "one")):
        alice.post(f"/sites/contoso/{slot}/swap/", headers=HTMX)
        domain.work(Operation.objects.latest("pk"))
        assert domain.serves("contoso.localhost") == expected


def served(client: Client) -> str:
    """What the question shows that the slots serve, as its form sends it back."""
    return str(client.get("/sites/contoso/staging/swap/", headers=HTMX).context["served"])


def test_the_answer_of_a_second_tab_swaps_nothing_back(domain: Domain, alice: Client, contoso: Site) -> None:
    shown = served(alice)
    alice.post("/sites/contoso/staging/swap/", {"served": shown}, headers=HTMX)
    domain.work(Operation.objects.latest("pk"))
    answer = alice.post("/sites/contoso/staging/swap/", {"served": shown}, headers=HTMX)
    assert "Nothing was swapped" in answer.content.decode()
    assert answer["HX-Retarget"] == "#confirmation"
    assert domain.serves("contoso.localhost") == "two"
    assert Operation.objects.filter(kind="swap").count() == 1
    assert served(alice) in answer.content.decode(), "the new question is about what they serve now"


def test_what_was_published_after_the_question_is_not_swapped_in(domain: Domain, alice: Client, contoso: Site) -> None:
    shown = served(alice)
    domain.publish(contoso.slots.get(name="staging"), "three")
    answer = alice.post("/sites/contoso/staging/swap/", {"served": shown, "preview": "1"}, headers=HTMX)
    assert "Nothing was swapped" in answer.content.decode()
    assert domain.serves("contoso.localhost") == "one"
    assert not Operation.objects.filter(kind="swap").exists()


def test_what_cannot_be_swapped_is_refused_before_the_question(domain: Domain, alice: Client, contoso: Site) -> None:
    domain.work(slots.stop(acting_user=domain.alice, slot=contoso.slots.get(name="staging")))
    answer = alice.get("/sites/contoso/production/swap/", headers=HTMX)
    assert answer.status_code == 409
    assert "is stopped, so nothing can be warmed up" in answer.content.decode()


def test_a_site_without_staging_has_nothing_to_swap_with(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam")
    for answer in (
        alice.get("/sites/fabrikam/production/swap/"),
        alice.post("/sites/fabrikam/production/swap/"),
        alice.get("/sites/fabrikam/production/swap/?with=production"),
        alice.post("/sites/fabrikam/production/swap/", {"with": "nothing"}),
    ):
        assert answer.status_code in (404, 409)
    assert not Operation.objects.filter(kind="swap").exists()


def second_staging(domain: Domain, site: Site) -> None:
    operation = slots.enable_staged_publishing(acting_user=domain.alice, site=site)
    assert domain.work(operation).state == "succeeded", operation.outcome


@override_settings(STAGING_SLOTS_PER_SITE=2)
def test_with_several_staging_slots_production_says_which_and_swaps_with_it(
    domain: Domain, alice: Client, contoso: Site
) -> None:
    one = alice.get("/sites/contoso/production/swap/", headers=HTMX).content.decode()
    assert 'id="with-' not in one
    second_staging(domain, contoso)
    domain.publish(contoso.slots.get(name="staging2"), "three")
    bar = alice.get("/sites/contoso/production/swap/?with=staging2")
    links = re.findall(r'id="with-(\w+)" href="([^"]+)"[^>]*?( aria-current="true")?>', bar.content.decode())
    assert [(name, bool(current)) for name, _, current in links] == [("staging", False), ("staging2", True)]
    back = alice.get(links[0][1].replace("&amp;", "&"))
    assert (
        back.context["swap"].other.name == "staging" and back.context["next"] == "/sites/contoso/production/dashboard/"
    )
    alice.post("/sites/contoso/production/swap/", {"with": "staging2"}, headers=HTMX)
    domain.work(Operation.objects.latest("pk"))
    assert domain.serves("contoso.localhost") == "three" and domain.serves("contoso-staging.localhost") == "two"
    assert 'id="with-' not in alice.get("/sites/contoso/staging2/swap/", headers=HTMX).content.decode()


@override_settings(STAGING_SLOTS_PER_SITE=2)
def test_the_bar_begins_with_a_staging_slot_that_can_be_swapped(domain: Domain, alice: Client, contoso: Site) -> None:
    second_staging(domain, contoso)
    domain.publish(contoso.slots.get(name="staging2"), "three")
    domain.work(slots.stop(acting_user=domain.alice, slot=contoso.slots.get(name="staging")))
    assert alice.get("/sites/contoso/production/swap/", headers=HTMX).context["swap"].other.name == "staging2"
    commands = alice.get("/sites/?selected=contoso/production").context["commands"]
    assert next(command.reason for command in commands if command.key == "swap") == ""
