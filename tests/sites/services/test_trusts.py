"""Which pipelines a web site trusts: made, confirmed and removed by people who may change it."""

from typing import Any

import pytest

from sites.errors import NotAllowed, NotFound, Refused, SettingRefused, TrustRefused
from sites.models import Membership, Role, Site, Trust
from sites.services import trusts
from tests.domain import Domain


@pytest.fixture
def site(domain: Domain) -> Site:
    return domain.create("contoso")


def asked(**more: Any) -> dict[str, Any]:
    return {
        "name": "deploy",
        "issuer": trusts.GITHUB,
        "audience": "greenroom",
        "claims": "repository=acme/site\n ref = refs/heads/main \n",
        "scopes": ["swap", "publish"],
        **more,
    }


def test_a_trust_is_made_confirmed_by_somebody_else_and_removed(domain: Domain, site: Site) -> None:
    made = trusts.create(acting_user=domain.alice, site=site, **asked())
    trust = Trust.objects.get()
    assert trust.claims == {"repository": "acme/site", "ref": "refs/heads/main"}
    assert (made.kind, made.site, trust.person) == ("trusts", site, domain.alice)
    assert "repository=acme/site" in made.outcome
    with pytest.raises(SettingRefused, match="acts for you already"):
        trusts.confirm(acting_user=domain.alice, site=site, number=trust.pk)
    Membership.objects.filter(user=domain.bob).update(role=Role.CONTRIBUTOR)
    trusts.confirm(acting_user=domain.bob, site=site, number=trust.pk)
    trust.refresh_from_db()
    assert trust.person == domain.bob
    trusts.remove(acting_user=domain.alice, site=site, number=trust.pk)
    assert not Trust.objects.exists()
    with pytest.raises(NotFound):
        trusts.remove(acting_user=domain.alice, site=site, number=trust.pk)


def test_readers_and_strangers_decide_nothing(domain: Domain, site: Site) -> None:
    trusts.create(acting_user=domain.alice, site=site, **asked())
    number = Trust.objects.get().pk
    for person, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        with pytest.raises(refusal):
            trusts.create(acting_user=person, site=site, **asked(name="other"))
        for change in (trusts.confirm, trusts.remove):
            with pytest.raises(refusal):
                change(acting_user=person, site=site, number=number)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"audience": " "},
        {"claims": ""},
        {"claims": "repository"},
        {"claims": "repository="},
        {"claims": "iss=https://evil.example"},
        {"claims": "sub=a\nsub=b"},
        {"claims": "\n".join(f"c{number}=1" for number in range(17))},
        {"claims": "ref=refs/heads/main"},
        {"issuer": "https://gitlab.com/", "claims": "ref=main"},
        {"scopes": []},
        {"scopes": ["king"]},
    ],
    ids=str,
)
def test_what_trusts_nobody_or_everybody_is_refused(domain: Domain, site: Site, wrong: dict[str, Any]) -> None:
    with pytest.raises(TrustRefused):
        trusts.create(acting_user=domain.alice, site=site, **asked(**wrong))
    assert not Trust.objects.exists()


def test_names_are_there_once_and_a_site_has_so_many(
    domain: Domain, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusts.create(acting_user=domain.alice, site=site, **asked())
    with pytest.raises(TrustRefused, match="has a trust of the name 'deploy' already"):
        trusts.create(acting_user=domain.alice, site=site, **asked())
    monkeypatch.setattr(Trust, "MOST", 1)
    with pytest.raises(Refused, match="trusts 1 identities"):
        trusts.create(acting_user=domain.alice, site=site, **asked(name="other"))
