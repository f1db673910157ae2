"""Set up deployment credentials: the dialog that quick glance opens."""

from django.test import Client

from sites.models import DeploymentUser
from tests.domain import Domain
from tests.portal.accounts.conftest import Visitor, confirm

ADDRESS = "/settings/account/deployment/"
TYPED = {"user": "alice-ci", "password": "correct horse battery", "password_again": "correct horse battery"}


def test_a_session_alone_sets_up_no_credentials(domain: Domain, alice: Client) -> None:
    answer = alice.post(ADDRESS, TYPED)
    assert answer.status_code == 302 and "/settings/account/confirm/" in answer["Location"]
    assert not DeploymentUser.objects.exists()


def test_whoever_confirms_sets_them_up_and_changes_them(domain: Domain) -> None:
    visitor = Visitor()
    visitor.sign_in()
    confirm(visitor)
    assert "New user name and password" in visitor.get(ADDRESS).content.decode()
    assert visitor.post(ADDRESS, TYPED).status_code == 303
    assert DeploymentUser.objects.get().user == domain.alice
    again = visitor.get(ADDRESS).content.decode()
    assert 'value="alice-ci"' in again and "A new password replaces the one" in again
    assert TYPED["password"] not in again


def test_what_is_wrong_is_said_in_the_dialog_without_the_password(domain: Domain) -> None:
    visitor = Visitor()
    visitor.sign_in()
    confirm(visitor)
    for wrong in ({"password_again": "another one, by mistake"}, {"user": "$contoso"}):
        answer = visitor.post(ADDRESS, TYPED | wrong)
        page = answer.content.decode()
        assert answer.status_code == 400 and 'role="alert"' in page and "nothing was saved" in page
        assert TYPED["password"] not in page
    both = visitor.post(ADDRESS, {"user": "$contoso", "password": "short", "password_again": "other"}).content.decode()
    for field in ("deployment-user", "deployment-password", "deployment-password-again"):
        assert f'<a href="#{field}">' in both and f'aria-describedby="{field}-fault"' in both
    assert not DeploymentUser.objects.exists()


def test_quick_glance_leads_there(domain: Domain, alice: Client) -> None:
    domain.staged()
    page = alice.get("/sites/contoso/staging/dashboard/").content.decode()
    captions = [
        "View connection strings",
        "Download the publish profile",
        "Set up deployment credentials",
        "Reset your",
    ]
    places = [page.index(caption) for caption in captions]
    assert places == sorted(places), "in the order of 2014"
    assert f"{ADDRESS}?next=/sites/contoso/staging/dashboard/" in page
