"""Static sites on a real system: a swap under load loses no request and leaves no browser with the former version."""

import http.client
import threading
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from tests.live.archives import zipped
from tests.live.stage import stage, using
from tests.live.system import System

pytestmark = pytest.mark.live


def archive(version: str) -> bytes:
    """A static site whose two versions have files of the same names and sizes."""
    return zipped(
        index__html=f"version {version}", app__js=f"// {version}\n" * 1000, **{"404__html": f"lost {version}"}
    )


@dataclass
class Browser:
    """Keeps what it got and asks whether it is still good, as browsers do with `no-cache`."""

    address: tuple[str, int]
    host: str
    stop: threading.Event
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def browse(self) -> None:
        """Until it is told to stop, on one connection."""
        kept, text = "", ""
        with closing(http.client.HTTPConnection(*self.address, timeout=20)) as connection:
            while not self.stop.is_set():
                connection.request("GET", "/", headers={"Host": self.host, "If-None-Match": kept})
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status == 200:
                    kept, text = answer.headers["etag"], body
                elif answer.status != 304:
                    self.faults.append(f"{answer.status} {body}")
                self.seen.append(text)
                self.stop.wait(0.005)


def test_a_static_site_is_swapped_under_load(system: System) -> None:
    with using(system):
        site = stage(system, "static", is_marked=False, archive=archive)
        stop = threading.Event()
        browsers = [Browser(("127.0.0.1", site.port), host, stop) for host in site.hosts for _ in range(4)]
        threads = [threading.Thread(target=one.browse) for one in browsers]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                site.swap()
                now = [len(one.seen) for one in browsers]
                while any(
                    len(one.seen) < count + 5 and thread.is_alive()
                    for one, count, thread in zip(browsers, now, threads, strict=True)
                ):
                    stop.wait(0.01)
                for one in browsers:
                    expected = f"version {dict(zip(site.hosts, site.serves, strict=True))[one.host]}"
                    assert one.seen[-1] == expected, "a swap that has succeeded is what every browser shows"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert [one.faults for one in browsers] == [[]] * len(browsers)
        assert all({"version 1", "version 2"} == set(one.seen) for one in browsers)
        with system.client("static") as client:
            assert (client.get("/gone.png").status_code, client.get("/gone.png").text[:4]) == (404, "lost")
            assert client.put("/", content=b"x" * 100_000).status_code == 405
            assert client.get("/app.js").headers["content-encoding"] == "gzip"


def test_php_finds_its_configuration_and_its_extensions(system: System) -> None:
    def project(version: str) -> bytes:
        return zipped(
            index__php="<?php echo php_ini_loaded_file() ? 'configured ' : 'bare ', extension_loaded('posix');",
            fault__php="<?php nothing_of_that_name();",
            VERSION=version,
        )

    with using(system):
        stage(system, "php", instances=1, is_marked=False, archive=project, has_staging=False)
        with system.client("php") as client:
            assert client.get("/").text == "configured 1"
            fault = client.get("/fault.php")
            assert (fault.status_code, "Fatal error" in fault.text) == (500, False), "visitors see nothing of a fault"
