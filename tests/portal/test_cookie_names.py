"""The names of the portal's cookies, by where the portal is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SAY = """
import json
from portal import settings
names = [value for name, value in vars(settings).items() if name.endswith("_COOKIE_NAME")]
secure = [value for name, value in vars(settings).items() if name.endswith("_COOKIE_SECURE")]
print(json.dumps([names, secure, settings.CSRF_TRUSTED_ORIGINS]))
"""
TEAM = {"GREENROOM_SUFFIX": "sites.example.org", "GREENROOM_PORTAL_HOST": "portal.sites.example.org"}
PROXY = "https://portal.sites.example.org"


@pytest.mark.parametrize(
    ("environment", "is_secure"),
    [({}, True), (TEAM, False), ({**TEAM, "GREENROOM_PORTAL_URL": f"{PROXY}/"}, True)],
)
def test_no_site_can_set_the_portals_cookies_where_browsers_allow_names_for_that(
    tmp_path: Path, environment: dict[str, str], is_secure: bool
) -> None:
    environment = {"PATH": os.environ["PATH"], "GREENROOM_DATA": str(tmp_path), **environment}
    done = subprocess.run([sys.executable, "-c", SAY], cwd=ROOT, env=environment, capture_output=True, text=True)
    names, secure, origins = json.loads(done.stdout)
    assert len(names) >= 2 and all(name.startswith("__Host-") == is_secure for name in names)
    assert set(secure) == {is_secure}
    assert (PROXY in origins) == ("GREENROOM_PORTAL_URL" in environment)
