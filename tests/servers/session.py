"""Temporary keys of an S3 server: a role whose keys come with a session token, and expire."""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from minio.credentials import Credentials as Signer
from minio.helpers import sha256_hash
from minio.signer import sign_v4_sts

from storage.credentials import Credentials

_FORM = "application/x-www-form-urlencoded"


def assumed(endpoint: str, owner: Credentials, role: str, seconds: int) -> Credentials:
    """The keys of somebody who takes on the role, an ARN, for so long: AssumeRole, signed by the owner."""
    asked = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "tests"}
    body = urlencode({**asked, "DurationSeconds": seconds})
    address, now = urlsplit(f"{endpoint}/"), datetime.now(UTC)
    headers = sign_v4_sts(
        method="POST",
        url=address,
        region="us-east-1",
        headers={"Content-Type": _FORM, "Host": address.netloc, "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ")},
        credentials=Signer(owner.access_key, owner.secret_key),
        content_sha256=sha256_hash(body),
        date=now,
    )
    request = urllib.request.Request(address.geturl(), body.encode(), headers)  # noqa: S310 - the test's own server
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        told = {part.tag.rpartition("}")[2]: part.text or "" for part in ElementTree.parse(answer).iter()}  # noqa: S314
    return Credentials(
        access_key=told["AccessKeyId"], secret_key=told["SecretAccessKey"], session_token=told["SessionToken"]
    )
