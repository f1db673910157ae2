"""The dialog of who may visit a slot."""

from django.test import Client

from sites.models import Site, VisitorRule
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import states, text

ADDRESS = "/sites/contoso/staging/visitors/"


def test_the_rule_is_chosen_and_stands_in_the_dialog_again(contoso: Site, alice: Client) -> None:
    shown = text(alice.get(ADDRESS))
    assert 'value="everybody" checked' in shown
    sent = {"others": "password", "addresses": "192.0.2.7, 2001:db8::/32\n", "password": "correct horse"}
    assert alice.post(ADDRESS, sent).status_code == 303
    shown = text(alice.get(ADDRESS))
    assert 'value="password" checked' in shown and "192.0.2.7/32\n2001:db8::/32" in shown
    assert "the present one is kept" in shown and "correct horse" not in shown
    password = VisitorRule.objects.get().password
    alice.post(ADDRESS, {"others": "password", "addresses": "", "password": ""})
    assert (VisitorRule.objects.get().password, VisitorRule.objects.get().addresses) == (password, [])


def test_a_refusal_stands_in_the_dialog_with_what_was_typed(contoso: Site, alice: Client) -> None:
    answer = alice.post(ADDRESS, {"others": "refused", "addresses": "192.0.2.7\nexample.org"})
    assert answer.status_code == 400
    assert "'example.org' cannot be read as an address" in text(answer)
    assert "192.0.2.7\nexample.org" in text(answer) and 'value="refused" checked' in text(answer)
    assert not VisitorRule.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(contoso: Site, alice: Client) -> None:
    state = states(text(alice.get(ADDRESS)))
    alice.post(ADDRESS, {"others": "sign-in", "state": state})
    answer = alice.post(ADDRESS, {"others": "everybody", "state": state})
    assert answer.status_code == 412
    assert "was changed after you opened this, so yours was not saved. See what holds now below" in text(answer)
    assert "Now people who see this web site in the portal may visit" in text(answer)
    assert 'value="everybody" checked' in text(answer)
    assert VisitorRule.objects.get().others == "sign-in"


def test_a_second_save_puts_it_over_that_only_when_it_is_said(contoso: Site, alice: Client) -> None:
    state = states(text(alice.get(ADDRESS)))
    alice.post(ADDRESS, {"others": "sign-in", "state": state})
    hidden, chosen = states(text(alice.post(ADDRESS, {"others": "everybody", "state": state})))
    faulty = {"others": "everybody", "addresses": "example.org", "state": [hidden]}
    assert states(text(alice.post(ADDRESS, faulty))) == [hidden]
    assert alice.post(ADDRESS, {"others": "everybody", "state": [hidden]}).status_code == 412
    assert VisitorRule.objects.get().others == "sign-in"
    assert alice.post(ADDRESS, {"others": "everybody", "state": [hidden, chosen]}).status_code == 303
    assert VisitorRule.objects.get().others == "everybody"


def test_a_reader_looks_and_changes_nothing(contoso: Site, bob: Client) -> None:
    assert 'id="visitors-save"' not in text(bob.get(ADDRESS, headers=HTMX))
    assert bob.post(ADDRESS, {"others": "sign-in"}).status_code == 403
