"""The publish profile: what programs read in it, who gets it, and that getting it is recorded."""

from xml.etree import ElementTree

from django.test import Client

from sites.models import Operation, Slot
from tests.portal.views.site_pages.conftest import Address

ATTRIBUTES = (
    "profileName publishMethod publishUrl userName userPWD destinationAppUrl SQLServerDBConnectionString "
    "mySQLDBConnectionString hostingProviderForumLink controlPanelLink webSystem"
).split()


def test_it_holds_what_publishes_to_the_slot(alice: Client, staging: Slot, address: Address) -> None:
    answer = alice.post(address("publish-profile", staging))
    assert answer["Content-Disposition"] == 'attachment; filename="contoso-staging.PublishSettings"'
    data = ElementTree.fromstring(answer.content)  # noqa: S314  our own
    assert data.tag == "publishData"
    (profile,) = data.findall("publishProfile")
    assert list(profile.attrib) == ATTRIBUTES
    assert profile.attrib["profileName"] == "contoso-staging - Zip Deploy"
    assert profile.attrib["publishMethod"] == "ZipDeploy"
    assert profile.attrib["publishUrl"] == "contoso-staging.scm.localhost:8080"
    assert profile.attrib["userName"] == "$contoso__staging"
    assert profile.attrib["userPWD"] == staging.publishing_password
    assert profile.attrib["destinationAppUrl"] == "http://contoso-staging.localhost:8080"
    assert [child.tag for child in profile] == ["databases"]


def test_getting_it_is_recorded_and_looking_does_not_give_it(alice: Client, staging: Slot, address: Address) -> None:
    before = Operation.objects.count()
    assert alice.get(address("publish-profile", staging)).status_code == 405
    assert Operation.objects.count() == before
    alice.post(address("publish-profile", staging))
    record = Operation.objects.latest("pk")
    assert "The publish profile of 'contoso (staging)' was downloaded." in record.outcome
    assert record.actor.username == "alice"
    assert staging.publishing_password not in record.outcome


def test_a_new_password_makes_former_profiles_useless(alice: Client, staging: Slot, address: Address) -> None:
    former = alice.post(address("publish-profile", staging)).content
    alice.post(address("credentials-reset", staging))
    assert alice.post(address("publish-profile", staging)).content != former
