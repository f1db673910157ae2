"""What receivers are sent: what strangers wrote in it stays text, and the signature is that of the standard."""

import json
import time
from datetime import UTC, datetime

import pytest

from sites.errors import HookRefused
from sites.models import Event, Subscription, TargetFormat
from sites.publishing import webhooks as receiving
from sites.webhooks.formats import body_of
from sites.webhooks.signing import new_secret, signed

SENTENCE = "Published '<!channel> *bold* <b>&' _now_ [x](https://evil.example)."


@pytest.fixture
def event() -> Event:
    return Event(
        type="publication.failed",
        subscription=Subscription(name="Default"),
        subject="contoso (staging)",
        sentence=SENTENCE,
        data={"site": "contoso", "slots": ["staging"]},
        at=datetime(2026, 11, 28, 6, 0, 0, 123000, tzinfo=UTC),
    )


def test_a_cloud_event_has_what_the_standard_wants(event: Event) -> None:
    body, content_type = body_of(event, TargetFormat.CLOUDEVENTS)
    said = json.loads(body)
    assert content_type == "application/cloudevents+json"
    assert (said["specversion"], said["type"], said["id"]) == (
        "1.0",
        "greenroom.publication.failed",
        str(event.public_id),
    )
    assert (said["subject"], said["time"]) == ("contoso (staging)", "2026-11-28T06:00:00.123000Z")
    assert said["source"].endswith(f"/subscriptions/{event.subscription.public_id}")
    assert said["data"] == {
        "title": "Publication failed",
        "severity": "error",
        "message": SENTENCE,
        "site": "contoso",
        "slots": ["staging"],
    }


def test_slack_shows_no_links_and_calls_nobody(event: Event) -> None:
    text = json.loads(body_of(event, TargetFormat.SLACK)[0])["text"]
    assert text.startswith("*❌ Publication failed: contoso (staging)*\n")
    assert "&lt;!channel&gt;" in text and "<" not in text


def test_teams_gets_a_card_in_which_nothing_is_markdown(event: Event) -> None:
    said = json.loads(body_of(event, TargetFormat.TEAMS)[0])
    (attachment,) = said["attachments"]
    assert said["type"] == "message" and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    heading, sentence = attachment["content"]["body"]
    assert heading["text"] == "❌ Publication failed: contoso \\(staging\\)"
    assert "\\[x\\]\\(https://evil\\.example\\)" in sentence["text"]


def test_matrix_gets_text_and_harmless_html(event: Event) -> None:
    said = json.loads(body_of(event, TargetFormat.MATRIX)[0])
    assert said["text"] == f"❌ Publication failed: contoso (staging)\n{SENTENCE}"
    assert "&lt;b&gt;&amp;" in said["html"] and "<b>" not in said["html"]


def test_a_signature_is_accepted_by_a_receiver_of_the_standard_and_by_none_with_another_secret() -> None:
    # https://github.com/standard-webhooks/standard-webhooks has this example
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = signed(body, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", seconds=1614265330, secret=secret)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_our_own_receiver_takes_it() -> None:

    secret = new_secret()
    headers = signed(b"{}", message_id="1", seconds=int(time.time()), secret=secret)
    given = {name.title(): value for name, value in headers.items()}
    receiving.ensure_signed(given, b"{}", secret)
    with pytest.raises(HookRefused):
        receiving.ensure_signed(given, b"{}", new_secret())
