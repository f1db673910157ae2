"""docs/events.md names every type, its figures are those of the code, and its receiver knows what is genuine."""

import re
import time
from pathlib import Path

from sites.api import event_stream
from sites.events import order
from sites.events.types import TYPES
from sites.jobs import deliveries, old_events
from sites.outgoing.request import KEPT_BYTES, SECONDS
from sites.services.event_targets import MAX_TARGETS
from sites.throttling.buckets import SPAN_SECONDS
from sites.webhooks.signing import new_secret, signed

TEXT = (Path(__file__).resolve().parents[3] / "docs/events.md").read_text()

IN_AN_HOUR = 3600 // SPAN_SECONDS
TO_ONE = deliveries.TO_ADDRESS.most * (IN_AN_HOUR + 1)  # all at once, and what runs out meanwhile
OF_KEEPER = deliveries.OF_KEEPER.most * (IN_AN_HOUR + 1)


def test_every_type_stands_in_the_table() -> None:
    table = TEXT.partition("<!-- types -->")[2].partition("<!-- /types -->")[0]
    assert re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", table) == list(TYPES)


def test_its_figures_are_those_of_the_code() -> None:
    plain = " ".join(TEXT.split())
    for said in (
        f"kept for {old_events.KEPT.days} days, and the newest {old_events.KEPT_OF_SUBSCRIPTION:,}",
        f"newest {old_events.KEPT_OF_TARGET:,} ended deliveries",
        f"While {order.MAX_WAITING:,} deliveries wait",
        f"can have {event_stream.MAX_OF_ONE} streams, an installation {event_stream.MAX_STREAMS}",
        f"After {event_stream.QUIET_SECONDS:.0f} quiet seconds",
        f"has {MAX_TARGETS} targets at most",
        f"within {SECONDS:.0f} seconds",
        f"first {KEPT_BYTES:,} bytes",
        f"{deliveries.MAX_ATTEMPTS} attempts in 23 hours",
        f"nothing more after {deliveries.SLOW_SECONDS:.0f} seconds",
        "nothing for three days",
        f"gets {deliveries.TO_ADDRESS.most} mails at once",
        f"so {TO_ONE} an hour at most",
        f"send {OF_KEEPER} an hour at most",
    ):
        assert said in plain, said
    assert deliveries.PATIENCE.days == 3


def test_its_receiver_takes_what_we_sign_and_nothing_else() -> None:
    code = re.search(r"<!-- file: verify.py -->\n```python\n(.*?)```", TEXT, re.S)
    assert code is not None
    names: dict = {}
    exec(code[1], names)  # noqa: S102 - it is our own page
    secret, moment = new_secret(), int(time.time())
    headers = signed(b"{}", message_id="1", seconds=moment, secret=secret)
    assert names["is_genuine"](headers, b"{}", secret)
    assert not names["is_genuine"](headers, b"{ }", secret)
    assert not names["is_genuine"](headers, b"{}", new_secret())
    old = signed(b"{}", message_id="1", seconds=moment - 600, secret=secret)
    assert not names["is_genuine"](old, b"{}", secret)
