"""TRUSTED PIPELINES."""

import pytest

from sites.models import Membership, Role, Site, Trust
from sites.services import trusts
from tests.domain import Domain
from tests.portal.accounts.conftest import Visitor, confirm

PAGE = "/sites/contoso/production/trusts/"
TYPED = {
    "name": "deploy",
    "issuer": trusts.GITHUB,
    "audience": "greenroom",
    "claims": "repository=acme/site\r\nref=refs/heads/main",
    "scopes": ["publish"],
}


@pytest.fixture
def site(domain: Domain) -> Site:
    return domain.create("contoso")


@pytest.fixture
def alice_in(domain: Domain) -> Visitor:
    """Alice, who has just signed in by her password."""
    visitor = Visitor("192.0.2.100")
    assert visitor.sign_in().status_code == 303
    return visitor


def test_a_session_alone_trusts_nobody(alice_in: Visitor, site: Site) -> None:
    assert "/confirm/" in alice_in.get(PAGE)["Location"]
    alice_in.post(PAGE, TYPED)
    assert not Trust.objects.exists()


def test_a_trust_is_made_shown_and_removed_after_a_question(alice_in: Visitor, site: Site) -> None:
    confirm(alice_in)
    assert alice_in.post(PAGE, TYPED)["Location"] == PAGE
    trust = Trust.objects.get()
    page = alice_in.get(PAGE).content.decode()
    assert "<code>repository=acme/site</code>" in page and "never used" in page and "Confirm" not in page
    question = alice_in.get(f"{PAGE}{trust.pk}/remove/").content.decode()
    assert "Are you sure you want to remove the trust 'deploy'" in question.replace("&#x27;", "'")
    assert alice_in.post(f"{PAGE}{trust.pk}/remove/").status_code == 303
    assert not Trust.objects.exists()
    assert alice_in.get(f"{PAGE}{trust.pk}/remove/").status_code == 404


def test_what_was_typed_is_kept_with_the_fault(alice_in: Visitor, site: Site) -> None:
    confirm(alice_in)
    refused = alice_in.post(PAGE, {**TYPED, "claims": "ref=<main>", "scopes": ["swap"]})
    page = refused.content.decode()
    assert refused.status_code == 400 and "one claim must be repository or" in page
    assert "ref=&lt;main&gt;" in page and 'value="swap" checked' in page and 'value="publish" checked' not in page


def test_somebody_else_confirms_what_nothing_comes_by_any_more(alice_in: Visitor, domain: Domain, site: Site) -> None:
    typed = {**TYPED, "claims": "sub=x"}
    Membership.objects.filter(user=domain.bob).update(role=Role.CONTRIBUTOR)
    trusts.create(acting_user=domain.bob, site=site, **typed)
    Membership.objects.filter(user=domain.bob).update(role=Role.READER)
    confirm(alice_in)
    assert "bob may no longer change this web site" in alice_in.get(PAGE).content.decode()
    number = Trust.objects.get().pk
    assert alice_in.post(f"{PAGE}{number}/confirm/").status_code == 303
    assert Trust.objects.get().person == domain.alice
    assert alice_in.post(f"{PAGE}{number}/confirm/").status_code == 400
    assert alice_in.post(f"{PAGE}{number + 1}/confirm/").status_code == 404
