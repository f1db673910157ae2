"""DELETE: one or both, each confirmed; production only when its name was typed."""

from django.test import Client

from sites.models import Operation, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX


def test_staging_alone_goes_and_production_is_not_touched(domain: Domain, alice: Client, contoso: Site) -> None:
    question = alice.get("/sites/contoso/staging/delete/", headers=HTMX).content.decode().replace("&#x27;", "'")
    assert "delete the web site 'contoso (staging)'? Production is not touched." in question
    assert "typed_name" not in question
    alice.post("/sites/contoso/staging/delete/", headers=HTMX)
    domain.work(Operation.objects.latest("pk"))
    assert [slot.name for slot in contoso.slots.all()] == ["production"]
    assert domain.serves("contoso.localhost") == "one"


def test_both_go_when_the_name_was_typed(domain: Domain, alice: Client, contoso: Site) -> None:
    question = alice.get("/sites/contoso/production/delete/", headers=HTMX).content.decode()
    assert 'data-matches="contoso"' in question
    assert "contoso-staging.localhost:8080/ stops answering" in question
    answer = alice.post("/sites/contoso/production/delete/", {"typed_name": "Contoso "}, headers=HTMX)
    assert answer.status_code == 200
    domain.look(Operation.objects.latest("pk"))
    assert domain.router.answer("contoso.localhost") is None
    assert {row.status for row in alice.get("/sites/").context["tree"].rows} == {"Deleting"}
    assert alice.get("/sites/?selected=contoso/production").status_code == 200


def test_a_wrong_name_is_refused_by_the_server_too(alice: Client, contoso: Site) -> None:
    answer = alice.post("/sites/contoso/production/delete/", {"typed_name": "contos"}, headers=HTMX)
    assert answer.status_code == 400
    assert "Type contoso to delete the production and the staging site." in answer.content.decode()
    assert Site.objects.filter(name="contoso").exists()


def test_from_a_page_of_the_site_the_way_leads_to_the_list(alice: Client, contoso: Site) -> None:
    here = {**HTMX, "HX-Current-URL": "http://localhost/sites/contoso/staging/dashboard/"}
    answer = alice.post("/sites/contoso/staging/delete/", headers=here)
    assert answer["HX-Redirect"] == "/sites/"


def test_what_is_opened_by_its_own_address_has_its_page_below(alice: Client, contoso: Site) -> None:
    for question in (
        "staging/swap/",
        "staging/delete/",
        "production/stop/",
        "production/domains/",
        "staging/visitors/",
    ):
        page = alice.get(f"/sites/contoso/{question}").content.decode()
        assert 'id="overview"' in page and 'id="glance-links"' in page, question
        assert 'id="question"' in page or 'id="sheet-title"' in page, question
        assert 'id="overview"' not in alice.get(f"/sites/contoso/{question}", headers=HTMX).content.decode(), question
