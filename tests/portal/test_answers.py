"""Where a question or a dialog leads back to."""

import pytest
from django.test import Client

from tests.domain import Domain

DASHBOARD = "/sites/contoso/production/dashboard/"


@pytest.mark.parametrize("page", ["maintenance", "visitors", "certificates", "domains"])
def test_a_dialog_opened_by_its_own_address_leads_to_the_dashboard_below_it(
    domain: Domain, alice: Client, page: str
) -> None:
    domain.create("contoso")
    answer = alice.get(f"/sites/contoso/production/{page}/")
    assert answer.context["back"] == DASHBOARD
    referring = {"Referer": "http://localhost/all/"}
    assert alice.get(f"/sites/contoso/production/{page}/", headers=referring).context["back"] == "/all/"
