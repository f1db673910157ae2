"""What a connection string says, and which are refused without repeating them."""

import pytest

from sites.errors import ResourceRefused
from sites.resources.address import POSTGRESQL, REDIS, parse


def test_both_forms_of_postgresql_are_read() -> None:
    for text in (
        "postgresql://ann:s%40cret@db.example.org:6543/shop?sslmode=require",
        "host=DB.example.org port=6543 user=ann password='s@cret' dbname=shop sslmode=require",
    ):
        address = parse(POSTGRESQL, text)
        assert (address.place, address.user, address.password) == ("db.example.org:6543", "ann", "s@cret")
        assert (address.database, address.tls) == ("shop", "require") and "s@cret" not in repr(address)
    usual = parse(POSTGRESQL, "postgres://ann@10.0.0.7/shop")
    assert (usual.port, usual.tls, usual.password) == (5432, "prefer", "")


def test_redis_is_read_with_and_without_tls() -> None:
    address = parse(REDIS, "rediss://:s%40cret@cache.example.org/3")
    assert (address.place, address.user, address.password) == ("cache.example.org:6379", "", "s@cret")
    assert (address.database, address.tls) == ("3", "verify-full")
    plain = parse(REDIS, "redis://[fd00::7]:7000")
    assert (plain.place, plain.database, plain.tls) == ("[fd00::7]:7000", "0", "disable")


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        (POSTGRESQL, ""),
        (POSTGRESQL, "Server=db;Password=hunter2"),
        (POSTGRESQL, "postgresql://ann:hunter2@db:x/shop"),
        (POSTGRESQL, "postgresql://ann:hunter2@db:70000/shop"),
        (POSTGRESQL, "postgresql://ann:hunter2@db,other/shop"),
        (POSTGRESQL, "postgresql://ann:hunter2@%2Fvar%2Frun/shop"),
        (POSTGRESQL, "postgresql://:hunter2@db/shop"),
        (POSTGRESQL, "postgresql://ann:hunter2@db"),
        (POSTGRESQL, "postgresql://ann:hunter2@db/shop?sslmode=none"),
        (POSTGRESQL, "host=db password=hunter2 user=ann dbname='shop"),
        (REDIS, "db:6379,password=hunter2"),
        (REDIS, "redis://:hunter2@/0"),
        (REDIS, "redis://:hunter2@db:0/0"),
        (REDIS, "redis://:hunter2@db:x/0"),
        (REDIS, "redis://:hunter2@db/shop"),
        (REDIS, "redis://:hunter2%0d%0aFLUSHALL@db/0"),
        (REDIS, "redis://:hunter2@db/0\n" + "x" * 2000),
        ("mysql", "mysql://ann:hunter2@db/shop"),
    ],
)
def test_what_leads_to_no_database_is_refused_and_never_repeated(engine: str, text: str) -> None:
    with pytest.raises(ResourceRefused) as caught:
        parse(engine, text)
    assert "hunter2" not in str(caught.value)
