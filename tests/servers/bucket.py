"""A bucket on a server of the tests: its address, its owner, and a client of other people's to look into it."""

from __future__ import annotations

from dataclasses import dataclass

from minio import Minio

from storage.credentials import Credentials
from storage.s3.address import S3Address
from storage.s3.store import S3Store


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """An empty bucket, how to reach it, and who owns it."""

    name: str
    endpoint: str
    credentials: Credentials

    def url(self, prefix: str = "") -> str:
        return f"s3://{self.name}{'/' * bool(prefix)}{prefix}?endpoint={self.endpoint}"

    @property
    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": self.credentials.access_key, "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key}
        token = self.credentials.session_token
        return {**keys, "AWS_SESSION_TOKEN": token} if token else keys

    def store(self, prefix: str = "") -> S3Store:
        return S3Store(S3Address.parse(self.url(prefix)), self.credentials)

    @property
    def client(self) -> Minio:
        """A client that shares nothing with ours, to look from outside."""
        scheme, _, host = self.endpoint.partition("://")
        keys = self.credentials.access_key, self.credentials.secret_key
        return Minio(host, *keys, secure=scheme == "https", region="us-east-1")
