"""The library azure-mgmt-web as it is, in process: what it sends is taken, and what it is answered it can read."""

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.web import WebSiteManagementClient
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from sites.models import Slot
from sites.models.clock import now
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of

GROUP, SITE, SLOT = "greenroom", "contoso", "staging"
INTO_PRODUCTION = {"targetSlot": "production", "preserveVnet": True}


class InProcess(BaseAdapter):
    """Hands requests to Django in place of a network."""

    def __init__(self, azure: Azure) -> None:
        super().__init__()
        self._azure = azure

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        parts = urlsplit(str(request.url))
        headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        kind = headers.pop("Content-Type", "application/json")
        asked = self._azure.client.generic(
            str(request.method), f"{parts.path}?{parts.query}", body, content_type=kind, headers=headers, secure=True
        )
        found = self._azure.settled(asked) if request.method != "GET" and asked.status_code != 202 else asked
        answer = requests.Response()
        answer.status_code, answer.request = found.status_code, request
        answer.raw = HTTPResponse(io.BytesIO(found.content), status=found.status_code, preload_content=False)
        answer.headers, answer.url = CaseInsensitiveDict(found.items()), str(request.url)
        return answer

    def close(self) -> None:
        """Nothing is open."""


class Transport(RequestsTransport):
    """While the library waits, the operations go on."""

    def __init__(self, azure: Azure) -> None:
        session = requests.Session()
        session.mount("https://", InProcess(azure))
        super().__init__(session=session, session_owner=False)
        self._azure = azure

    def sleep(self, duration: float) -> None:
        assert duration <= 1, "it asks again soon"
        self._azure.work()


class Credential:
    """A token that is known already."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken(self._token, int((now() + timedelta(hours=1)).timestamp()))


def library_of(azure: Azure) -> WebSiteManagementClient:
    return WebSiteManagementClient(
        Credential(azure.token),
        str(azure.domain.subscription.public_id),
        base_url="https://localhost",
        credential_scopes=["https://localhost/.default"],
        transport=Transport(azure),
        retry_total=0,
    )


class Here(threading.Thread):
    """What the library would do in a thread of its own is done at once: the database of a test has one connection."""

    def start(self) -> None:
        self.run()

    def join(self, timeout: float | None = None) -> None:
        """It has ended."""


@pytest.fixture
def library(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebSiteManagementClient]:
    names = SimpleNamespace(Thread=Here, Event=threading.Event)
    monkeypatch.setattr("azure.core.polling._poller.threading", names)
    with library_of(azure) as client:
        yield client


def test_a_web_site_and_its_slot_are_created_and_deleted(domain: Domain, library: WebSiteManagementClient) -> None:
    plan = library.app_service_plans.get(GROUP, "standard")
    assert (plan.sku.tier, [one.name for one in library.app_service_plans.list()]) == (
        "Standard",
        ["free", "shared", "standard"],
    )
    site = {"location": plan.location, "properties": {"serverFarmId": plan.id}}
    created = library.web_apps.begin_create_or_update(GROUP, SITE, site).result()
    assert (created.name, created.state, created.default_host_name.partition(":")[0]) == (
        SITE,
        "Running",
        "contoso.localhost",
    )
    assert library.web_apps.begin_create_or_update_slot(GROUP, SITE, SLOT, site).result().name == "contoso/staging"
    assert [slot.name for slot in library.web_apps.list_slots(GROUP, SITE)] == ["contoso/staging"]
    library.web_apps.delete_slot(GROUP, SITE, SLOT)
    library.web_apps.delete(GROUP, SITE)
    assert list(library.web_apps.list()) == []


def test_a_swap_is_polled_to_its_end(
    domain: Domain, library: WebSiteManagementClient, slots: tuple[Slot, Slot]
) -> None:
    library.web_apps.apply_slot_configuration_slot(GROUP, SITE, SLOT, INTO_PRODUCTION)
    library.web_apps.reset_production_slot_config(GROUP, SITE)
    assert domain.serves("contoso.localhost") == "one"
    library.web_apps.begin_swap_slot(GROUP, SITE, SLOT, INTO_PRODUCTION).result()
    assert domain.serves("contoso.localhost") == "two"
    assert library.web_apps.get(GROUP, SITE).slot_swap_status.destination_slot_name == "production"


def test_a_swap_that_fails_raises_with_its_sentence(
    domain: Domain, library: WebSiteManagementClient, slots: tuple[Slot, Slot]
) -> None:
    domain.answer_everything("503")
    with pytest.raises(HttpResponseError, match="answered 503"):
        library.web_apps.begin_swap_slot(GROUP, SITE, SLOT, INTO_PRODUCTION).result()


def test_refusals_are_the_errors_that_programs_catch(
    domain: Domain, library: WebSiteManagementClient, slots: tuple[Slot, Slot]
) -> None:
    with pytest.raises(ResourceNotFoundError, match="NotFound"):
        library.web_apps.get(GROUP, "missing")
    library.web_apps.begin_swap_slot(GROUP, SITE, SLOT, INTO_PRODUCTION, polling=False)
    with pytest.raises(ResourceExistsError) as caught:
        library.web_apps.begin_swap_slot(GROUP, SITE, SLOT, INTO_PRODUCTION, polling=False)
    assert caught.value.error.code == "SlotBusy" and "alice" in caught.value.error.message
    with library_of(Azure(domain, "wrong")) as stranger, pytest.raises(ClientAuthenticationError):
        stranger.web_apps.get(GROUP, SITE)
    with library_of(azure_of(domain, "read")) as reader, pytest.raises(HttpResponseError, match="ScopeMissing"):
        reader.web_apps.restart(GROUP, SITE)


def test_settings_are_read_and_written(library: WebSiteManagementClient, slots: tuple[Slot, Slot]) -> None:
    found = library.web_apps.list_application_settings_slot(GROUP, SITE, SLOT)
    assert not found.properties
    library.web_apps.update_application_settings_slot(GROUP, SITE, SLOT, {"properties": {"A": "1"}})
    assert library.web_apps.list_application_settings_slot(GROUP, SITE, SLOT).properties == {"A": "1"}
    config = library.web_apps.get_configuration_slot(GROUP, SITE, SLOT)
    config.auto_swap_slot_name = "production"
    assert library.web_apps.update_configuration_slot(GROUP, SITE, SLOT, config).auto_swap_slot_name == "production"
    credentials = library.web_apps.begin_list_publishing_credentials_slot(GROUP, SITE, SLOT).result()
    assert credentials.publishing_user_name == "$contoso__staging"
