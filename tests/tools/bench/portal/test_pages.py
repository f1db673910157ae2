"""Whether a page shows a swap is read from its parts, as a person would."""

import pytest
from django.test import Client

from sites.models import Site
from tests.domain import Domain
from tools.bench.portal import pages
from tools.bench.portal.pages import Truth
from tools.bench.portal.visit import _joined


@pytest.mark.parametrize(
    ("address", "shows"),
    [
        ("/sites/?q=con", pages.row_of_list),
        ("/sites/contoso/production/dashboard/", pages.overview),
        ("/sites/contoso/production/deployments/", pages.history),
        ("/operations/", pages.row_of_logs),
    ],
)
def test_a_page_shows_a_swap_once_it_has_ended(domain: Domain, address: str, shows: pages.Shows) -> None:
    production, staging = domain.staged()
    alice = Client(SERVER_NAME="localhost")
    alice.force_login(domain.alice)
    before = alice.get(address).content.decode()
    operation = domain.swap(staging, production)
    production = Site.objects.get().slots.get(is_production=True)
    truth = Truth("contoso", production.workload.active_deployment.short_id, str(operation.public_id), 0.0)
    assert not shows(before, truth)
    assert shows(alice.get(address).content.decode(), truth)


def test_names_in_files_are_read_from_where_they_stand() -> None:
    assert _joined("/static/css/a.css", "./blocks/b.css?x") == "/static/css/blocks/b.css"
    assert _joined("/static/css/blocks/a.css", "../../fonts/b.woff2") == "/static/fonts/b.woff2"
    assert _joined("/static/js/a.js", "/static/c.js") == "/static/c.js"
