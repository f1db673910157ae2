"""Real applications are served right as they are, or their publication ends with a sentence that says why not."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from sites.general_settings import START_COMMAND, START_SECONDS
from sites.management.welcome import administrator
from sites.models import Category, Operation, Slot
from sites.services.settings import Entry, save_settings
from sites.services.sites import create_site
from sites.services.subscriptions import ensure_default
from tests.applications.catalogue import APPLICATIONS, Application
from tests.live.stage import using
from tests.live.system import System
from tools.demo.operations import OperationFailed, wait_for
from tools.demo.publishing import PublishingRefused, publish

pytestmark = pytest.mark.applications
SECONDS_TO_START = "60"


@pytest.fixture(scope="module")
def _one(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    system = System(settings.DATA_DIR, django_db_blocker)
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@pytest.fixture
def published(_one: System) -> Iterator[Callable[[Application, bytes], str]]:
    """Publishes to a new site, and gives the sentence of a publication that failed."""

    def publish_it(application: Application, archive: bytes) -> str:
        user = administrator()
        site = wait_for(
            create_site(acting_user=user, subscription=ensure_default(owner=user), name=application.name)
        ).site
        slot = Slot.objects.select_related("site", "workload").get(site=site)
        entries = [Entry(START_SECONDS, SECONDS_TO_START)]
        if application.start_command:
            entries.append(Entry(START_COMMAND, application.start_command))
        wait_for(save_settings(acting_user=user, slot=slot, category=Category.GENERAL, entries=entries))
        try:
            wait_for(Operation.objects.get(public_id=publish(slot, archive, application.name, port=_one.port)))
        except (OperationFailed, PublishingRefused) as error:
            return str(error)
        return ""

    with using(_one):
        yield publish_it


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)
def test_it_is_served_or_its_publication_says_why_not(
    application: Application,
    published: Callable[[Application, bytes], str],
    _one: System,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    application.make(folder)
    archive = Path(shutil.make_archive(str(tmp_path / "site"), "zip", folder)).read_bytes()
    began = time.monotonic()
    sentence = published(application, archive)
    seconds = time.monotonic() - began
    found = {} if sentence else answers(_one, application)
    wrong = {path: text for path, text in found.items() if not _is_right(application.answers[path], text)}
    is_right = application.says in sentence if application.says else not sentence and not wrong
    said = sentence.replace("\n", " ")[:160] or ", ".join(f"{path}: {text[:60]!r}" for path, text in wrong.items())
    record_property("application", f"| {application.name} | {'yes' if is_right else 'no'} | {seconds:.0f} | {said} |")
    assert is_right, f"{sentence}\n{wrong}"


def answers(system: System, application: Application) -> dict[str, str]:
    """Status and beginning of what it answers."""
    with system.client(application.name, follow_redirects=True) as client:
        got = {path: client.get(path) for path in application.answers}
    return {path: f"{answer.status_code} {answer.text}" for path, answer in got.items()}


def _is_right(wanted: str, found: str) -> bool:
    if found.startswith("5"):
        return False
    return wanted[1:] not in found if wanted.startswith("!") else wanted in found
