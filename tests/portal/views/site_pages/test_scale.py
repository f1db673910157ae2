"""The Scale tab: instance counts, the mode, and the way from UPGRADE to staged publishing."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sites.jobs import autoscale
from sites.models import SIZES, Autoscale, Mode, Operation, Site, Slot
from sites.services import slots
from sites.services.certificates import add_certificate
from sites.services.domains import add_domain
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.conftest import Address
from tests.sites.tls.uploads import upload


def _chosen(page: str) -> tuple[str, bool]:
    """The chosen mode, and whether it is the saved one."""
    tag = next(tag for tag in re.findall(r'<input type="radio"[^>]*>', page) if " checked" in tag)
    return re.search(r'value="(\w+)"', tag).group(1), 'data-saved="1"' in tag


def test_a_count_is_saved(domain: Domain, alice: Client, production: Slot, address: Address) -> None:
    answer = alice.post(address("scale", production), {"mode": "standard", "count": "3"})
    assert answer.status_code == 303
    assert answer["Location"] == address("scale", production)
    domain.work(Operation.objects.get(kind="scale"))
    production.refresh_from_db()
    assert production.instance_count == 3


def test_a_count_that_is_being_brought_about_counts_as_saved(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    slots.scale(acting_user=domain.alice, slot=production, count=4)
    page = alice.get(address("scale", production)).content.decode()
    assert 'data-saved="4"' in page
    assert "setting--changed" not in page


@pytest.mark.parametrize("count", ["0", "11", "many", ""])
def test_a_count_that_is_none_is_refused_with_a_sentence(
    alice: Client, production: Slot, address: Address, count: str
) -> None:
    answer = alice.post(address("scale", production), {"mode": "standard", "count": count}, headers=HTMX)
    assert answer.status_code == 400
    assert "a whole number from 1 to 10" in answer.content.decode()
    assert answer["HX-Retarget"] == "#notification"


def test_the_limit_of_the_mode_is_told(domain: Domain, alice: Client, address: Address) -> None:
    slot = domain.create("small", mode="free").slots.get()
    answer = alice.post(address("scale", slot), {"mode": "free", "count": "2"})
    assert answer.status_code == 409
    assert "Free mode has 1 to 1" in answer.content.decode()


def test_each_mode_says_what_it_allows_where_it_is_chosen(alice: Client, production: Slot, address: Address) -> None:
    page = alice.get(address("scale", production)).content.decode()
    for mode in Mode:
        assert mode.limits.sentence in page
    assert Mode.FREE.limits.sentence == (
        "1 instance and no custom domain names for each slot, no certificates, Small instances, "
        "and no staged publishing."
    )


def test_what_a_mode_puts_out_of_force_is_said_before(
    alice: Client, production: Slot, address: Address, settings: Settings, domain: Domain
) -> None:
    settings.DOMAIN_PROOF = False
    add_domain(acting_user=domain.alice, slot=production, text="www.fabrikam.example")
    upload_of = {"acting_user": domain.alice, "slot": production, "password": ""}
    add_certificate(**upload_of, content=upload("www.fabrikam.example"))
    free, shared, standard = (
        alice.get(address("mode", production) + f"?mode={mode}").content.decode() for mode in Mode
    )
    assert "do not answer in this mode: www.fabrikam.example." in free
    assert "do not answer" not in shared + standard
    assert (
        "does not use its certificates in this mode" in free and "does not use its certificates in this mode" in shared
    )


def test_a_change_of_mode_is_asked_about(alice: Client, production: Slot, address: Address) -> None:
    answer = alice.post(address("scale", production), {"mode": "shared", "count": "1"}, follow=True)
    page = answer.content.decode()
    assert "Are you sure you want to change the web site 'contoso' to Shared mode?" in page
    assert Site.objects.get().mode == "standard"


def test_mode_and_count_are_saved_by_one_operation(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    question = alice.post(address("scale", production), {"mode": "shared", "count": "4"}, follow=True)
    assert "contoso has 4 instances then" in question.content.decode()
    saved = alice.post(reverse("site-mode", args=["contoso", "production"]), {"mode": "shared", "count": "4"})
    assert saved.status_code == 303
    domain.work(Operation.objects.get(kind="change_mode"))
    production.refresh_from_db()
    assert (production.instance_count, production.site.mode) == (4, "shared")
    assert not Operation.objects.filter(kind="scale").exists()


def test_a_count_beyond_the_new_mode_is_refused(alice: Client, production: Slot) -> None:
    answer = alice.post(reverse("site-mode", args=["contoso", "production"]), {"mode": "shared", "count": "7"})
    assert answer.status_code == 409
    assert "Shared mode has 1 to 6" in answer.content.decode()
    assert Site.objects.get().mode == "standard"


def test_a_chosen_mode_is_not_saved_yet(domain: Domain, alice: Client, address: Address) -> None:
    slot = domain.create("small", mode="free").slots.get()
    page = alice.get(address("scale", slot) + "?mode=standard&then=enable&count=3").content.decode()
    assert _chosen(page) == ("standard", False)
    assert page.count("setting--changed") == 2
    assert _chosen(alice.get(address("scale", slot)).content.decode()) == ("free", True)


def test_upgrade_leads_to_the_question_of_staged_publishing(domain: Domain, alice: Client, address: Address) -> None:
    slot = domain.create("small", mode="free").slots.get()
    enable = reverse("site-enable", args=["small", "production"])
    refused = alice.get(enable)
    assert refused.status_code == 409
    upgrade = f"{address('scale', slot)}?mode=standard&amp;then=enable"
    assert "You must be in the standard mode to enable staged publishing" in refused.content.decode()
    assert upgrade in refused.content.decode()
    saved = alice.post(address("scale", slot), {"mode": "standard", "count": "1", "then": "enable"})
    assert (saved.status_code, saved["Location"]) == (303, enable)
    domain.work(Operation.objects.get(kind="change_mode"))
    question = alice.get(enable).content.decode()
    assert "Are you sure you want to enable staged publishing for the web site 'small'?" in question


def test_with_htmx_the_whole_page_goes_on_to_that_question(domain: Domain, alice: Client, address: Address) -> None:
    slot = domain.create("small", mode="free").slots.get()
    data = {"mode": "standard", "count": "1", "then": "enable"}
    answer = alice.post(address("scale", slot), data, headers=HTMX)
    assert answer["HX-Redirect"] == reverse("site-enable", args=["small", "production"])


def test_staging_says_that_autoscale_is_for_production(alice: Client, staged: list[Slot], address: Address) -> None:
    sentence = "AutoScale is not available for non-production slots"
    production, staging = staged
    assert sentence in alice.get(address("scale", staging)).content.decode()
    assert sentence not in alice.get(address("scale", production)).content.decode()


def test_each_size_says_its_figures_where_it_is_chosen(alice: Client, production: Slot, address: Address) -> None:
    page = alice.get(address("scale", production)).content.decode()
    for figures in SIZES.values():
        assert f"({figures.words})" in page
    assert '<option value="small" selected data-saved="1">Small (1 core and 1,792 MB of memory)</option>' in page


def test_what_a_choice_takes_of_the_machine_is_said_before_it_is_saved(
    domain: Domain, alice: Client, production: Slot, address: Address, settings: Settings
) -> None:
    settings.SITES_MEMORY_MB, settings.MEMORY_OVERCOMMIT = 10_000, 1
    domain.create("fabrikam")
    domain.settle()
    page = alice.get(address("scale", production) + "?count=3")
    assert "4 instances of this web site may take 7,168 MB of memory and 4 cores." in page.content.decode()
    part = alice.get(
        address("scale", production) + "?count=2&size=own&cpu_percent=50&memory_mb=512",
        headers=HTMX | {"HX-Target": "scale-cost"},
    ).content.decode()
    assert part.startswith('<div id="scale-cost"')
    assert (
        "3 instances of this web site may take 1,536 MB of memory and 1.5 cores. With all other web sites that" in part
    )
    assert "makes 3,328 MB and 2.5 cores. This machine has 10,000 MB" in part and "does not fit" not in part
    assert "This does not fit" in alice.get(address("scale", production) + "?count=5").content.decode()
    question = alice.get(
        "/sites/contoso/production/mode/?mode=standard&size=own&cpu_percent=50&memory_mb=4000", headers=HTMX
    )
    assert "This does not fit" in question.content.decode() and "answer-yes" not in question.content.decode()


def test_a_change_of_size_is_asked_about_and_made_without_javascript(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    own = {"mode": "standard", "count": "2", "size": "own", "cpu_percent": "50", "memory_mb": "512"}
    question = alice.post(address("scale", production), own, follow=True).content.decode()
    assert "change the instances of the web site 'contoso' to own figures?" in question.replace("&#x27;", "'")
    assert "Each instance becomes own figures (0.5 cores and 512 MB of memory); now it is Small" in question
    assert "3 instances of this web site may take 1,536 MB of memory and 1.5 cores." in question
    assert not Operation.objects.filter(kind="change_size").exists()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', question))
    alice.post(reverse("site-mode", args=["contoso", "production"]), {**own, **fields})
    assert domain.work(Operation.objects.get(kind="change_size")).state == "succeeded"
    production.refresh_from_db()
    assert (production.instance_count, production.site.size.figures.memory_mb) == (2, 512)


@pytest.mark.parametrize("figures", [("0", "512"), ("50", "1"), ("many", "512"), ("50", "9" * 500)])
def test_own_figures_that_are_none_are_refused(
    alice: Client, production: Slot, address: Address, figures: tuple[str, str]
) -> None:
    cpu, memory = figures
    data = {"mode": "standard", "count": "1", "size": "own", "cpu_percent": cpu, "memory_mb": memory}
    answer = alice.post(address("scale", production), data, headers=HTMX)
    assert answer.status_code == 400 and "own figures are " in answer.content.decode()
    looked = alice.get(address("scale", production), {"size": "own", "cpu_percent": cpu, "memory_mb": memory})
    assert looked.status_code == 200


def test_a_lesser_mode_says_what_size_the_instances_get(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    Site.objects.update(instance_size="medium")
    question = alice.get(address("mode", production) + "?mode=free").content.decode()
    assert "Each instance becomes Small (1 core and 1,792 MB of memory); now it is Medium" in question


RULE = {
    "mode": "standard",
    "count": "1",
    "auto-metric": "cpu",
    "auto-low": "50",
    "auto-high": "70",
    "auto-out_seconds": "30",
    "auto-in_seconds": "120",
    "auto-schedule": "times",
    "auto-time_zone": "Europe/Berlin",
    "auto-day_begins": "07:30",
    "auto-day_ends": "19:00",
    **{f"auto-least_{times}": "1" for times in ("always", "day", "night", "weekend")},
    **{f"auto-most_{times}": "3" for times in ("always", "night", "weekend")},
    "auto-most_day": "6",
}


def test_a_rule_of_autoscale_is_saved_and_shown(alice: Client, production: Slot, address: Address) -> None:
    answer = alice.post(address("scale", production), RULE)
    assert (answer.status_code, answer["Location"]) == (303, address("scale", production))
    rule = Autoscale.objects.get()
    assert (rule.is_on, rule.metric, rule.low, rule.high) == (True, "cpu", 50, 70)
    assert (str(rule.day_begins), rule.ranges["day"]) == ("07:30:00", [1, 6])
    page = alice.get(address("scale", production)).content.decode()
    assert 'name="auto-time_zone" value="Europe/Berlin"' in page and "setting--changed" not in page
    assert Operation.objects.latest("pk").kind == "autoscale_rule"


def test_a_count_that_the_rule_has_changed_meanwhile_is_not_set_back(
    alice: Client, production: Slot, address: Address
) -> None:
    alice.post(address("scale", production), RULE)
    Slot.objects.filter(pk=production.pk).update(instance_count=4)
    alice.post(address("scale", production), RULE | {"auto-high": "75"})
    assert Autoscale.objects.get().high == 75
    assert not Operation.objects.filter(kind="scale").exists()


def test_all_faults_of_a_rule_are_said_and_nothing_is_saved(alice: Client, production: Slot, address: Address) -> None:
    faulty = RULE | {"auto-low": "80", "auto-time_zone": "Mars/Olympus", "auto-least_day": "7"}
    answer = alice.post(address("scale", production), faulty, headers=HTMX)
    assert answer.status_code == 400
    said = answer.content.decode().replace("&#x27;", "'")
    assert "target of 80 to 70" in said and "'Mars/Olympus' is no time zone" in said and "From 7 to 6 instances" in said
    unreadable = alice.post(address("scale", production), RULE | {"auto-day_begins": "noon"}, headers=HTMX)
    assert "Beginning of the day cannot be saved: it needs another value" in unreadable.content.decode()
    both = alice.post(address("scale", production), faulty | {"count": "many"}, headers=HTMX).content.decode()
    assert "4 values cannot be saved. Instance count: it is a whole number from 1 to 10. Autoscale: From 7 to 6" in both
    assert not Autoscale.objects.exists()


def test_what_is_chosen_is_shown_as_not_saved(alice: Client, production: Slot, address: Address) -> None:
    page = alice.get(address("scale", production), RULE | {"auto-metric": "nonsense"}).content.decode()
    assert 'value="Europe/Berlin" maxlength="64" data-saved="UTC"' in page
    assert not Autoscale.objects.exists()


def test_decisions_and_what_keeps_from_them_are_shown(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    Autoscale.objects.create(slot=production, is_on=True, metric="none", ranges={"always": [2, 2]})
    assert domain.work(autoscale.run()[0]).state == "succeeded"
    Autoscale.objects.update(note="It wanted more than there is.")
    page = alice.get(address("scale", production)).content.decode().replace("&#x27;", "'")
    assert "'contoso' has 2 instances now, before 1: the minimum is 2." in page
    assert "It wanted more than there is." in page


def test_nothing_is_grey_while_an_automatic_scale_goes_on(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    Autoscale.objects.create(slot=production, is_on=True, metric="none", ranges={"always": [2, 2]})
    autoscale.run()
    commands = {command.key: command for command in alice.get(address("dashboard", production)).context["commands"]}
    assert (commands["swap"].reason, commands["restart"].reason) == ("", "")


def test_a_mode_without_autoscale_says_so_beside_the_count(domain: Domain, alice: Client, address: Address) -> None:
    slot = domain.create("small", mode="shared").slots.get()
    page = alice.get(address("scale", slot)).content.decode()
    assert "AutoScale is not available in Shared mode" in page and "auto-metric" not in page


def _fields(page: str) -> dict[str, str]:
    """What the tab would send, as a browser reads it."""
    settings = page.partition('id="scale-settings"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input [^>]*>", settings):
        if (name := re.search(r' name="([^"]+)"', tag)) and ('type="radio"' not in tag or " checked" in tag):
            found[name.group(1)] = html.unescape(re.search(r' value="([^"]*)"', tag).group(1))
    return found | {"size": re.search(r'<option value="(\w+)" selected', settings).group(1)}


def test_what_others_save_is_no_change_of_an_open_tab(
    domain: Domain, alice: Client, production: Slot, address: Address
) -> None:
    sent = _fields(alice.get(address("scale", production)).content.decode())
    Slot.objects.filter(pk=production.pk).update(instance_count=3)
    Site.objects.update(instance_size="medium")
    alice.post(address("scale", production), RULE | {"count": "3", "size": "medium"})
    again = alice.get(address("scale", production), sent, headers=HTMX).content.decode()
    assert "setting--changed" not in again
    assert (_fields(again)["count"], _fields(again)["size"]) == ("3", "medium")
    typed = alice.get(address("scale", production), sent | {"cpu_percent": "70", "size": "own"}, headers=HTMX)
    assert typed.content.decode().count("setting--changed") == 1 and _fields(typed.content.decode())["count"] == "3"


def test_own_figures_that_end_with_their_mode_are_no_change(alice: Client, production: Slot, address: Address) -> None:
    Site.objects.update(instance_size="own", own_cpu_percent=50, own_memory_mb=512)
    sent = _fields(alice.get(address("scale", production)).content.decode()) | {"mode": "free"}
    Site.objects.update(mode="free", instance_size="small")
    again = alice.get(address("scale", production), sent, headers=HTMX).content.decode()
    assert "setting--changed" not in again and _fields(again)["size"] == "small"


def test_save_does_not_undo_what_somebody_saved_meanwhile(alice: Client, production: Slot, address: Address) -> None:
    sent = _fields(alice.get(address("scale", production)).content.decode())
    Site.objects.update(instance_size="medium")
    answer = alice.post(address("scale", production), sent | {"count": "2"}, headers=HTMX)
    assert answer.status_code == 412
    assert (
        "was changed after you opened this, so yours was not saved. See what holds now by DISCARD"
        in answer.content.decode()
    )
    assert not Operation.objects.filter(kind__in=("scale", "change_size")).exists()
    sent = _fields(alice.get(address("scale", production)).content.decode())
    assert alice.post(address("scale", production), sent | {"count": "2"}).status_code == 303
    assert Operation.objects.filter(kind="scale").exists()
