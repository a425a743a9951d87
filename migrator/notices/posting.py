"""Notices as webhooks: JSON by POST, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import urllib3

from migrator.notices.outbox import Delivery
from migrator.notices.subscriptions import Recipient
from storage.errors import Fault, Misuse

_PATIENCE = urllib3.Timeout(connect=5.0, read=10.0)
_GONE = 410  # whoever answers so wants nothing more


def post(recipient: Recipient, delivery: Delivery) -> None:
    """Send it once. Fault where it did not arrive; Misuse where whoever is there wants none any more."""
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "migrator",
        "webhook-id": delivery.notice,
        "webhook-timestamp": at,
        "webhook-signature": signature(recipient.secret, delivery.notice, at, delivery.body),
    }
    # neither led elsewhere nor asked twice: where it goes an admin said, and when it is tried again we do
    with urllib3.PoolManager(retries=False, timeout=_PATIENCE) as pool:
        try:
            answer = pool.request(
                "POST", recipient.url, body=delivery.body.encode(), headers=headers, redirect=False,
                preload_content=False,
            )  # fmt: skip
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise Fault(type(error).__name__, where=delivery.subscription, next="it is tried again") from error
    if answer.status == _GONE:
        raise Misuse(f"answered {answer.status}", where=delivery.subscription, next="remove the subscription")
    if not 200 <= answer.status < 300:
        raise Fault(f"answered {answer.status}", where=delivery.subscription, next="it is tried again")


def signature(secret: str, id: str, at: str, body: str) -> str:
    """What the receiver computes of the three and compares: HMAC-SHA256, base64, after `v1,`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.{body}".encode(), hashlib.sha256)).decode()
