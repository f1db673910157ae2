"""A build whose result cannot be kept ends its publication with a sentence, and leaves nothing behind."""

import zipfile

import pytest
from django.conf import settings

from sites.runtime import trees
from sites.services import deployments
from tests.domain import Domain

FILES = {"app.py": "app = None\ndef application(e, s): ...\n", "requirements.txt": "./pkg", "a/b/c.py": ""}


def test_a_build_with_folders_without_end_fails_with_the_reason(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _staging = domain.staged()
    archive = domain.folder / "deep.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, text in FILES.items():
            zipped.writestr(name, text)
    monkeypatch.setattr(trees, "DEEPEST", 2)
    published = deployments.publish_zip(
        acting_user=domain.alice, author="alice", slot=production, archive=archive, message="deep", deployer="Portal"
    )
    operation = domain.work(published)
    assert operation.state == "failed"
    assert "The build of 'deep' failed: what it made cannot be kept (more than 2 folders" in operation.outcome
    assert list(settings.BUILD_DIR.iterdir()) == []
