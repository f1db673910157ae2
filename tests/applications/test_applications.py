"""Real applications are served right as they are, or their publication ends with a sentence that says why not.

Each is published to staging and swapped into production while visitors ask both, who notice nothing but the new page.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from pytest_django import DjangoDbBlocker

from sites.general_settings import START_COMMAND
from sites.management.welcome import administrator
from sites.models import Category, HostNameKind, Operation, Site, Slot
from sites.services.settings import Entry, save_settings
from sites.services.sites import create_site, delete_site
from sites.services.slots import enable_staged_publishing
from sites.services.subscriptions import ensure_default
from sites.services.swaps import request_swap
from tests.applications.catalogue import APPLICATIONS, Application
from tests.live.archives import zipped
from tests.live.stage import using
from tests.live.system import System
from tools.demo.operations import OperationFailed, wait_for
from tools.demo.publishing import PublishingRefused, publish
from tools.prober.client import Exam, HttpClient
from tools.prober.http import Answer, Call
from tools.prober.load import Load
from tools.prober.records import Record

pytestmark = pytest.mark.applications
FORMER = "the former version"
FORMER_SITE = zipped(index__html=f"<p>{FORMER}</p>", greenroom__toml='output = "."\nfallback_page = "index.html"\n')
MARK = "SLOT_MARK"
"""App setting that sticks to its slot, so that a swap starts the application once more, as production has it."""
AFTER = 30
"""So many requests are sent after a swap, to see what its new instances answer."""


@pytest.fixture(scope="module")
def one(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    system = System(settings.DATA_DIR, django_db_blocker)
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@dataclass
class Staged:
    """A site that serves a page of its own in production, and what is tried in staging."""

    name: str
    system: System
    user: User

    def set_up(self, start_command: str) -> None:
        created = create_site(acting_user=self.user, subscription=ensure_default(owner=self.user), name=self.name)
        site = wait_for(created).site
        wait_for(enable_staged_publishing(acting_user=self.user, site=site))
        for slot in (self.slot("production"), self.slot("staging")):
            self._save(slot, Category.APP_SETTINGS, Entry(MARK, slot.name, is_sticky=True))
        self.publish(self.slot("production"), FORMER_SITE)
        if start_command:
            self._save(self.slot("staging"), Category.GENERAL, Entry(START_COMMAND, start_command))

    def publish(self, slot: Slot, archive: bytes) -> None:
        """Raises OperationFailed, PublishingRefused."""
        operation = publish(slot, archive, self.name, port=self.system.port)
        wait_for(Operation.objects.get(public_id=operation))

    def swap(self, path: str, text: str) -> list[Record]:
        """What visitors of both slots were answered while it was swapped. Raises OperationFailed."""
        with Load(self._visitors(path, text)) as load:
            slots = (self.slot("staging"), self.slot("production"))
            wait_for(request_swap(acting_user=self.user, source=slots[0], target=slots[1]))
            after = load.count
            while load.count < after + AFTER:
                time.sleep(0.02)
        return load.records

    def delete(self) -> None:
        site = Site.objects.get(name=self.name)
        wait_for(delete_site(acting_user=self.user, site=site, typed_name=self.name))

    def slot(self, name: str) -> Slot:
        """As it is now."""
        return Slot.objects.select_related("site", "workload").get(site__name=self.name, name=name)

    def host(self, name: str) -> str:
        """Of a slot, without the port."""
        return self.slot(name).host_names.get(kind=HostNameKind.DEFAULT).name

    def _save(self, slot: Slot, category: Category, entry: Entry) -> None:
        wait_for(save_settings(acting_user=self.user, slot=slot, category=category, entries=[entry]))

    def _visitors(self, path: str, text: str) -> list[HttpClient]:
        address = ("127.0.0.1", self.system.port)
        hosts = [f"{self.host(name)}:{self.system.port}" for name in ("production", "staging")]

        def choose(number: int) -> Exam:
            return Exam(Call(hosts[number % 2], path), check)

        def check(answer: Answer) -> str:
            body = answer.body.decode(errors="replace")
            return "" if text in body or FORMER in body else f"neither version: {body[:60]}"

        ways = [("keep-alive", True), ("keep-alive too", True), ("connection per request", False)]
        return [HttpClient(name, name, address, choose, pause_seconds=0.02, keeps_alive=keeps) for name, keeps in ways]


@pytest.fixture
def staged(one: System) -> Iterator[Callable[[Application], Staged]]:
    """Makes the site of an application, and removes it in the end with everything that runs for it."""
    made: list[Staged] = []

    def make(application: Application) -> Staged:
        made.append(Staged(application.name, one, administrator()))
        made[-1].set_up(application.start_command)
        return made[-1]

    with using(one):
        yield make
        for site in made:
            site.delete()


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)
def test_it_is_served_and_swapped_or_its_publication_says_why_not(
    application: Application,
    staged: Callable[[Application], Staged],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    application.make(folder)
    archive = Path(shutil.make_archive(str(tmp_path / "site"), "zip", folder)).read_bytes()
    site = staged(application)
    began = time.monotonic()
    sentence, records, wrong, published, swapped = "", [], {}, 0.0, 0.0
    try:
        site.publish(site.slot("staging"), archive)
        published = time.monotonic() - began
        wrong = wrong_answers(site, "staging", application)
        if not wrong:
            records = site.swap(*next(iter(application.answers.items())))
            swapped = time.monotonic() - began - published
            wrong = wrong_answers(site, "production", application)
    except (OperationFailed, PublishingRefused) as error:
        sentence = str(error)
    failed = [record for record in records if record.trouble]
    is_right = application.says in sentence if application.says else not (sentence or wrong or failed)
    said = sentence.replace("\n", " ")[:200] or ", ".join(f"{path}: {text[:60]!r}" for path, text in wrong.items())
    said = said or ", ".join(f"{record.kind}: {record.detail[:80]}" for record in failed[:3])
    columns = [application.name, f"`{application.start_command}`" if application.start_command else ""]
    columns += ["yes" if is_right else "no", f"{published or time.monotonic() - began:.0f}"]
    columns += [f"{len(failed)} / {len(records)} ({swapped:.1f} s)" if records else "", said]
    record_property("application", f"| {' | '.join(columns)} |")
    assert is_right, f"{sentence}\n{wrong}\n{failed[:5]}"


def wrong_answers(site: Staged, slot: str, application: Application) -> dict[str, str]:
    """Status and beginning of the answers that are not right, by path."""
    with site.system.client(follow_redirects=True) as client:
        client.headers["Host"] = f"{site.host(slot)}:{site.system.port}"
        got = {path: client.get(path) for path in application.answers}
    found = {path: f"{answer.status_code} {answer.text}" for path, answer in got.items()}
    return {path: text for path, text in found.items() if not _is_right(application.answers[path], text)}


def _is_right(wanted: str, found: str) -> bool:
    if found.startswith("5"):
        return False
    return wanted[1:] not in found if wanted.startswith("!") else wanted in found
