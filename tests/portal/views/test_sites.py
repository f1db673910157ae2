"""The list of web sites: rows, selection, branches, search, order, pages, and how it stays true."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sites.models import HostName, Operation, Site, SlotHold, Subscription
from sites.services import slots
from tests.domain import Domain
from tests.portal.conftest import HTMX


def rows(client: Client, address: str = "/sites/", **options: object) -> list[str]:
    return [row.key for row in client.get(address, **options).context["tree"].rows]


def make_sites(subscription: Subscription, count: int, *, staged: bool = False) -> None:
    for number in range(count):
        site = Site.objects.create(subscription=subscription, name=f"site{number:03}")
        slots.create_slot(site, "production", is_production=True)
        if staged:
            slots.create_slot(site, "staging")


def test_an_empty_list_offers_a_site_and_a_sample(alice: Client) -> None:
    page = alice.get("/sites/").content.decode()
    assert "You have no web sites. Create one to get started!" in page
    assert "Create a web site" in page and "Create a sample web site" in page
    assert 'id="command-swap"' not in page and 'id="command-new"' in page


def test_who_may_not_create_is_told_whom_to_ask_and_offered_nothing(
    domain: Domain, bob: Client, charlie: Client, alice: Client
) -> None:
    reader, stranger = bob.get("/sites/").content.decode(), charlie.get("/sites/").content.decode()
    assert "the role of a contributor: alice" in reader and "has no role yet" in stranger
    for client, page in ((bob, reader), (charlie, stranger)):
        assert "Create a" not in page
        drawer = client.get("/new/").content.decode()
        assert "Your account may not create web sites" in drawer
        assert "new-sample" not in drawer and "new-create" not in drawer
    assert "new-sample" in alice.get("/new/").content.decode()


def test_the_staging_row_stands_below_its_site_with_its_own_status(
    domain: Domain, alice: Client, contoso: Site
) -> None:
    domain.work(slots.stop(acting_user=domain.alice, slot=contoso.slots.get(name="staging")))
    tree = alice.get("/sites/").context["tree"]
    assert [(row.slot.title, row.status) for row in tree.rows] == [
        ("contoso", "Running"),
        ("contoso (staging)", "Stopped"),
    ]


def test_the_navigation_counts_sites_and_not_slots(alice: Client, contoso: Site) -> None:
    assert alice.get("/sites/").context["frame"].sites == 1


def test_a_closed_branch_stays_closed_after_reload_until_it_is_opened(alice: Client, contoso: Site) -> None:
    answer = alice.post("/sites/tree/", {"close": "contoso"}, headers=HTMX)
    assert 'aria-expanded="false"' in answer.content.decode()
    assert rows(alice) == ["contoso/production"]
    assert rows(alice, "/all/") == ["contoso/production"]
    assert alice.post("/sites/tree/", {"open": "contoso", "next": "/sites/"}).status_code == 303
    assert rows(alice) == ["contoso/production", "contoso/staging"]


def test_a_new_staging_site_is_shown_and_selected_even_where_the_branch_was_closed(
    domain: Domain, alice: Client
) -> None:
    domain.create("fabrikam")
    site = Site.objects.get(name="fabrikam")
    alice.post("/sites/tree/", {"close": "fabrikam"})
    alice.post("/sites/fabrikam/production/enable/")
    domain.work(Operation.objects.latest("pk"))
    tree = alice.get("/sites/").context["tree"]
    assert [row.key for row in tree.rows] == ["fabrikam/production", "fabrikam/staging"]
    assert tree.selected == site.slots.get(name="staging")


def test_a_stranger_cannot_open_a_branch(contoso: Site, charlie: Client) -> None:
    assert charlie.post("/sites/tree/", {"close": "contoso"}).status_code == 404
    assert rows(charlie) == []


def test_the_commands_act_on_the_selected_row(alice: Client, contoso: Site) -> None:
    context = alice.get("/sites/?selected=contoso/staging").context
    commands = {command.key: command for command in context["commands"]}
    assert list(commands) == ["browse", "stop", "restart", "domains", "swap", "rollback", "delete", "publish"]
    assert commands["swap"].href == "/sites/contoso/staging/swap/"
    assert commands["browse"].href == "http://contoso-staging.localhost:8080/"
    assert [item.caption for item in commands["delete"].menu] == [
        "Delete both production and staging sites",
        "Delete staging site only",
    ]


def test_commands_are_grey_with_their_reason_and_never_gone(alice: Client, bob: Client, contoso: Site) -> None:
    unselected = alice.get("/sites/").context["commands"]
    assert {command.reason for command in unselected} == {"Select a web site in the list first."}
    reader = {command.key: command for command in bob.get("/sites/?selected=contoso/staging").context["commands"]}
    assert reader["browse"].reason == ""
    assert "not change it" in reader["swap"].reason
    page = bob.get("/sites/?selected=contoso/staging").content.decode()
    assert 'id="command-swap" aria-disabled="true" aria-describedby="why-swap"' in page


def test_without_staging_delete_asks_directly_and_swap_says_what_is_missing(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam")
    context = alice.get("/sites/?selected=fabrikam/production").context
    commands = {command.key: command for command in context["commands"]}
    assert commands["delete"].menu == () and commands["delete"].href == "/sites/fabrikam/production/delete/"
    assert "has no staging site" in commands["swap"].reason


@pytest.mark.parametrize("staged", [False, True], ids=["plain", "staged"])
def test_sixty_sites_cost_as_many_queries_as_two(
    domain: Domain, alice: Client, django_assert_num_queries: DjangoAssertNumQueries, staged: bool
) -> None:
    address = "/sites/?selected=site000/production"
    make_sites(domain.subscription, 2, staged=staged)
    with django_assert_num_queries(13) as captured:
        alice.get(address)
    for site in list(Site.objects.all()):
        site.delete()
    make_sites(domain.subscription, 60, staged=staged)
    with django_assert_num_queries(len(captured)):
        alice.get(address)


def test_search_sort_and_pages(domain: Domain, alice: Client) -> None:
    make_sites(domain.subscription, 52)
    assert len(rows(alice)) == 25
    assert rows(alice, "/sites/?page=3") == ["site050/production", "site051/production"]
    assert rows(alice, "/sites/?sort=-name")[0] == "site051/production"
    assert rows(alice, "/sites/?q=SITE04") == [f"site{number:03}/production" for number in range(40, 50)]
    assert rows(alice, "/sites/?sort=nonsense&page=zero")[0] == "site000/production"
    assert "No web site is called '&lt;b&gt;'" in alice.get("/sites/?q=<b>").content.decode()


@pytest.mark.parametrize("column", ["name", "status", "subscription", "location", "mode", "url"])
def test_every_column_sorts_both_ways(alice: Client, contoso: Site, column: str) -> None:
    for order, name in ((column, "ascending"), (f"-{column}", "descending")):
        assert f'aria-sort="{name}"' in alice.get(f"/sites/?sort={order}").content.decode()


def test_a_row_is_busy_until_its_operation_has_ended(domain: Domain, alice: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/restart/")
    assert "Restarting" in alice.get("/sites/").content.decode()
    operation = domain.work(Operation.objects.latest("pk"))
    SlotHold.objects.create(slot=contoso.slots.get(name="staging"), operation=operation)
    assert "Restarting" not in alice.get("/sites/").content.decode(), "a hold of an ended operation holds nothing"


def test_a_site_that_is_being_deleted_says_nothing_of_addresses_that_it_has_no_more(
    alice: Client, contoso: Site
) -> None:
    HostName.objects.filter(slot__site=contoso).delete()  # as its deletion begins
    contoso.slots.update(is_running=False)
    for address in ("/sites/", "/sites/contoso/dashboard/"):
        page = alice.get(address).content.decode()
        assert "contoso" in page
        assert 'href=""' not in page
        assert "Visitors get a page" not in page and "Publishing host" not in page
