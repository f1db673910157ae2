"""Sites that are probed while something happens to them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.conf import settings
from django.test import override_settings

from portal.celery import app as celery_app
from sites.management.welcome import administrator
from sites.models import Site
from sites.services.subscriptions import ensure_default
from tests.live import archives
from tests.live.system import System
from tools.demo.staged_site import StagedSite
from tools.prober import kinds
from tools.prober.analysis import Findings, analyse
from tools.prober.client import Client
from tools.prober.records import Record
from tools.prober.websocket import WebSocketClient

FOLDERS = ("CONTENT_DIR", "BUILD_DIR")


@contextmanager
def using(system: System) -> Iterator[None]:
    """Within it this process is a part of the system: its database, its contents, and its queue in place of one in
    memory."""
    former = celery_app.conf.broker_url
    folders = {name: system.data / getattr(settings, name).relative_to(settings.DATA_DIR) for name in FOLDERS}
    try:
        with system.database(), override_settings(**folders):
            _take_broker(f"redis+socket://{system.run_dir / 'redis.sock'}")
            yield
    finally:
        _take_broker(former)


def _take_broker(url: str) -> None:
    celery_app.conf.broker_url = celery_app.conf.broker_write_url = url
    celery_app._pool = celery_app.amqp._producer_pool = None  # else connections of the former one are used again


_STAGED: dict[tuple[str, str], StagedSite] = {}


def stage(
    system: System,
    name: str,
    *,
    instances: int = 2,
    is_marked: bool = True,
    archive: Callable[[str], bytes] = archives.probed,
    has_staging: bool = True,
) -> StagedSite:
    """A site with version 1 in production and 2 in staging; the same one for every test that names it.

    To be called within `using(system)`.
    """
    key = (str(system.data), name)
    if key not in _STAGED:
        user = administrator()
        site = StagedSite(name, user, ensure_default(owner=user), archive, system.port, instances, is_marked)
        site.set_up_production()
        if has_staging:
            site.set_up_staging()
        _STAGED[key] = site
    site = _STAGED[key]
    site.begin_anew()
    assert Site.objects.filter(name=name).exists()
    return site


def visitors(site: StagedSite, *, is_light: bool = False) -> list[Client]:
    """Who asks; the light crowd is for tests in which much else happens."""
    address = ("127.0.0.1", site.port)
    name, hosts = site.name, site.hosts
    light: list[Client] = [
        *(kinds.keep_alive(f"{name} keep-alive {n}", address, hosts) for n in range(3)),
        kinds.connection_per_request(f"{name} connection per request", address, hosts),
        kinds.post(f"{name} POST", address, hosts),
        WebSocketClient(f"{name} WebSocket", address, hosts, life_seconds=3.0),
    ]
    if is_light:
        return light
    return [
        *light,
        kinds.slow(f"{name} slow", address, hosts),
        kinds.streaming(f"{name} streaming", address, hosts),
        kinds.trickled_upload(f"{name} upload", address, hosts),
    ]


def judge(records: Iterable[Record], site: StagedSite, *, before: dict[str, str] | None = None) -> Findings:
    """What a load saw; `before` says what the hosts serve where that is not the site's own versions."""
    expected = site.expectation
    return analyse(records, replace(expected, before=before) if before else expected)


def assert_unnoticed(findings: Findings, *, at_least: int) -> None:
    """No visitor could have noticed anything, and there were enough of them for that to mean something."""
    assert findings.is_clean, findings
    assert findings.stale_after_ack == 0, findings
    assert findings.requests >= at_least, findings


def versions(system: System, site: StagedSite) -> tuple[str, str]:
    """What production and staging serve now, asked by HTTP."""
    return _told(system, site, "X-Version")


def marks(system: System, site: StagedSite) -> tuple[str, str]:
    """Whose sticky settings serve production's and staging's address now."""
    return _told(system, site, "X-Slot")


def _told(system: System, site: StagedSite, header: str) -> tuple[str, str]:
    found = []
    for host in site.hosts:
        with system.client(host.removesuffix(".localhost")) as client:
            answer = client.get("/")
            assert answer.status_code == 200, answer.text
            found.append(answer.headers[header])
    return found[0], found[1]
