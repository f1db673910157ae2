"""What a slot is configured with reaches its instances, is cloned, can be edited and travels; asked by HTTP."""

import json
from collections.abc import Iterator

import pytest

from sites.general_settings import START_COMMAND
from sites.management.welcome import administrator
from sites.models import Category, Operation, Slot
from sites.services.handler_mappings import to_value
from sites.services.settings import Entry, save_settings
from sites.services.sites import create_site
from sites.services.slots import enable_staged_publishing
from sites.services.subscriptions import ensure_default
from sites.services.swaps import request_swap
from tests.live.archives import WEB, zipped
from tests.live.stage import using
from tests.live.system import System
from tools.demo.operations import wait_for
from tools.demo.publishing import publish

pytestmark = pytest.mark.live

TELLING = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"env": dict(os.environ), "arguments": sys.argv[1:]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
SCRIPT = "printf 'Content-Type: text/plain\\r\\n\\r\\nmapped'\n"


@pytest.fixture
def live(system: System) -> Iterator[System]:
    """The system, with its database and queue."""
    with using(system):
        yield system


def save(slot: Slot, category: Category, *entries: Entry) -> None:
    """Save one category of a slot, until its instances run with it."""
    wait_for(save_settings(acting_user=administrator(), slot=slot, category=category, entries=list(entries)))


def put(system: System, slot: Slot, archive: bytes) -> None:
    """Publish, until it is served."""
    wait_for(Operation.objects.get(public_id=publish(slot, archive, "telling", port=system.port)))


def staged(system: System, name: str, archive: bytes, **before: tuple[Category, Entry]) -> tuple[Slot, Slot]:
    """Production and staging with the archive in both; `before` is set in production ahead of the cloning."""
    user = administrator()
    site = wait_for(create_site(acting_user=user, subscription=ensure_default(owner=user), name=name)).site
    production = Slot.objects.select_related("site", "workload").get(site=site)
    for category, entry in before.values():
        save(production, category, entry)
    put(system, production, archive)
    wait_for(enable_staged_publishing(acting_user=user, site=site))
    staging = Slot.objects.select_related("site", "workload").get(site=site, is_production=False)
    put(system, staging, archive)
    return production, staging


def swap(production: Slot, staging: Slot) -> None:
    """Exchange the two, and read them anew."""
    wait_for(request_swap(acting_user=administrator(), source=staging, target=production))
    for slot in (production, staging):
        slot.refresh_from_db()


def told(system: System, name: str) -> dict:
    """Environment and arguments of the instance that answers there."""
    with system.client(name) as client:
        return json.loads(client.get("/").text)


def test_cloned_settings_and_those_edited_since_reach_each_slots_instances(live: System) -> None:
    archive = zipped(app__py=TELLING, Procfile=WEB)
    greeting = (Category.APP_SETTINGS, Entry("GREETING", "hello"))
    production, staging = staged(live, "cloned", archive, greeting=greeting)
    assert told(live, "cloned-staging")["env"]["GREETING"] == "hello"
    save(staging, Category.APP_SETTINGS, Entry("GREETING", "good day"))
    assert told(live, "cloned-staging")["env"]["GREETING"] == "good day"
    assert told(live, "cloned")["env"]["GREETING"] == "hello"
    save(production, Category.APP_SETTINGS, Entry("GREETING", "good evening"))
    assert told(live, "cloned")["env"]["GREETING"] == "good evening"
    assert told(live, "cloned-staging")["env"]["GREETING"] == "good day"


def test_general_settings_and_connection_strings_travel_with_a_swap(live: System) -> None:
    archive = zipped(app__py=TELLING, Procfile=WEB)
    production, staging = staged(live, "travelling", archive)
    save(staging, Category.GENERAL, Entry(START_COMMAND, "python3 app.py next"))
    put(live, staging, archive)  # how content is started is settled when it is built
    save(staging, Category.CONNECTION_STRINGS, Entry("ORDERS", "host=db.example;database=next", "Custom"))
    assert "CUSTOMCONNSTR_ORDERS" not in told(live, "travelling")["env"]
    swap(production, staging)
    now = told(live, "travelling")
    assert now["arguments"] == ["next"]
    assert now["env"]["CUSTOMCONNSTR_ORDERS"] == "host=db.example;database=next"
    former = told(live, "travelling-staging")
    assert former["arguments"] == []
    assert "CUSTOMCONNSTR_ORDERS" not in former["env"]


def test_handler_mappings_travel_with_a_swap(live: System) -> None:
    production, staging = staged(live, "mapped", zipped(index__html="<p>static</p>", hello__cgi=SCRIPT))
    save(staging, Category.HANDLER_MAPPINGS, Entry(".cgi", to_value("/bin/sh")))

    def answers() -> tuple[bool, bool]:
        found = []
        for name in ("mapped", "mapped-staging"):
            with live.client(name) as client:
                found.append(client.get("/hello.cgi").text == "mapped")
        return found[0], found[1]

    assert answers() == (False, True)
    swap(production, staging)
    assert answers() == (True, False)
