"""Webhooks of hosts of repositories: whether one is signed with the slot's secret, and what it says.

GitHub, Gitea, Forgejo, Gogs and Bitbucket send an HMAC-SHA256 of the body. GitLab sends the secret itself, or a
signature as Standard Webhooks defines it (standardwebhooks.com), which holds for some minutes only. What a webhook says
decides only whether something is fetched, never what: so one that is sent twice does nothing twice.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from sites.errors import HookRefused, PublicationRefused

HEX_OF_BODY = ("X-Gitea-Signature", "X-Forgejo-Signature", "X-Gogs-Signature")
PREFIXED = ("X-Hub-Signature-256", "X-Hub-Signature")
PREFIX = "sha256="
TOKEN, STANDARD = "X-Gitlab-Token", "Webhook-Signature"
SIGNATURES = (*HEX_OF_BODY, *PREFIXED, TOKEN, STANDARD)
EVENTS = ("X-GitHub-Event", "X-Gitlab-Event", "X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event", "X-Event-Key")
PUSHES = ("push", "Push Hook", "repo:push")
PING = "ping"
SENDERS = (
    ("X-Forgejo-Event", "Forgejo"),
    ("X-Gitea-Event", "Gitea"),
    ("X-Gogs-Event", "Gogs"),
    ("X-Gitlab-Event", "GitLab"),
    ("X-GitHub-Event", "GitHub"),
    ("X-Event-Key", "Bitbucket"),
)
"""By what tells them apart; some send the header of GitHub beside their own."""
HOLDS_SECONDS = 300.0
KEY_BEGINS = "whsec_"
BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a webhook says."""

    sender: str
    """For people: 'GitHub'."""
    event: str
    """Its name for it; empty for a plain one."""
    branches: frozenset[str] | None
    """Those that were pushed; None: it names none, so all are meant."""

    def why_ignored(self, branch: str) -> str | None:
        """The sentence for its sender when nothing is to be fetched; None when `branch` is to be."""
        if self.event == PING:
            return f"The secret is right. A push to '{branch}' will be fetched."
        if self.event and self.event not in PUSHES:
            return f"Ignored: '{self.event[:40]}' is no push."
        if self.branches is not None and branch not in self.branches:
            return f"Ignored: it is no push to '{branch}', the branch that is deployed here."
        return None


def is_webhook(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a host of repositories, or is signed as theirs are."""
    return any(name in headers for name in (*SIGNATURES, *EVENTS))


def ensure_signed(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    """Raises HookRefused unless every signature that is there is right, and one is there."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    expected = dict.fromkeys(HEX_OF_BODY, digest) | dict.fromkeys(PREFIXED, PREFIX + digest) | {TOKEN: secret}
    given = {name: headers[name] for name in SIGNATURES if name in headers}
    if given.get("X-Hub-Signature", PREFIX).startswith("sha1="):
        del given["X-Hub-Signature"]  # sent along for older receivers
    if not given:
        raise HookRefused(reason="it is not signed with HMAC-SHA256")
    for name, value in given.items():
        if name == STANDARD:
            _ensure_standard(headers, body, secret)
        elif not hmac.compare_digest(value.encode(), expected[name].encode()):
            raise HookRefused(reason="it is not signed with the secret of this slot")


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    """What a webhook says that is known to be genuine. Raises PublicationRefused for a body that is no JSON object."""
    sender = next((name for header, name in SENDERS if header in headers), "Webhook")
    event = next((headers[name] for name in EVENTS if name in headers), "")
    return Delivery(sender, event, _branches(payload(headers, body)))


def payload(headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    """The object in a body of JSON, or in the field `payload` of a form. Raises PublicationRefused."""
    try:
        text = body.decode()
        if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            text = parse_qs(text, max_num_fields=10).get("payload", [""])[0]
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PublicationRefused("The body of a webhook is a JSON object. Nothing was fetched; send one, or no body.")
    return found


def _branches(said: dict[str, object]) -> frozenset[str] | None:
    """The branches that a push has moved; none of those that it has deleted."""
    if isinstance(push := said.get("push"), dict):  # Bitbucket
        changes = push.get("changes")
        news = (
            [change.get("new") for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
        )
        return frozenset(str(new.get("name")) for new in news if isinstance(new, dict) and new.get("type") == "branch")
    ref = said.get("ref")
    if ref is None:
        return None if said.get("branch") is None else frozenset({str(said["branch"])})
    is_deletion = said.get("deleted") is True or not str(said.get("after", "1")).strip("0")
    if is_deletion or not str(ref).startswith(BRANCHES):
        return frozenset()
    return frozenset({str(ref).removeprefix(BRANCHES)})


def _ensure_standard(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    moment = headers.get("Webhook-Timestamp", "")
    if not (moment.isascii() and moment.isdecimal()) or abs(time.time() - int(moment[:12])) > HOLDS_SECONDS:
        raise HookRefused(reason="its time is not that of this server, or it was sent before")
    try:
        key = base64.b64decode(secret.removeprefix(KEY_BEGINS), validate=True)
    except binascii.Error:
        key = secret.encode()
    signed = f"{headers.get('Webhook-Id', '')}.{moment}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    versions = (one.partition(",") for one in headers[STANDARD].split())
    if not any(
        version == "v1" and hmac.compare_digest(value.encode(), expected.encode()) for version, _, value in versions
    ):
        raise HookRefused(reason="it is not signed with the secret of this slot")
