"""A store that speaks S3, in threads of the tests: moto's server, which looks at credentials."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import httpx
from moto.server import ThreadedMotoServer

BUCKET = "kept"
REGION = "us-east-1"


@dataclass(frozen=True)
class FakeStore:
    """Where it is, and the one pair of credentials that may do everything there."""

    endpoint: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use it."""
        return {
            "BACKUP_STORE_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    @cached_property
    def client(self) -> Any:
        """Of the owner of the bucket."""
        return _client("s3", self.endpoint, self.access_key, self.secret_key)

    def keys(self) -> list[str]:
        """All objects of the bucket."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]

    def parts(self) -> int:
        """How many parts the uploads that are not complete have."""
        begun = self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())
        sent = [self.client.list_parts(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"]) for one in begun]
        return sum(len(one.get("Parts", ())) for one in sent)

    def uploads(self) -> list[str]:
        """The keys of uploads that are not complete."""
        return [entry["Key"] for entry in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]


@contextmanager
def running_store() -> Iterator[FakeStore]:
    """Run one with an empty bucket on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        for question, content in (("reset-auth", b"inf"), ("reset", b"")):  # of another one in this process
            httpx.post(f"{endpoint}/moto-api/{question}", content=content).raise_for_status()
        iam = _client("iam", endpoint, "nobody", "nothing")
        iam.create_user(UserName="greenroom")
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        iam.put_user_policy(
            UserName="greenroom",
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
        )
        made = iam.create_access_key(UserName="greenroom")["AccessKey"]
        store = FakeStore(endpoint, made["AccessKeyId"], made["SecretAccessKey"])
        httpx.post(f"{endpoint}/moto-api/reset-auth", content=b"0").raise_for_status()
        store.client.create_bucket(Bucket=BUCKET)
        yield store
    finally:
        server.stop()


def _client(service: str, endpoint: str, access_key: str, secret_key: str) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
