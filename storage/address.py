"""Addresses: how one leads to what lies below it (`…/store/<archive-id>`, before a query), and how it is shown."""

from __future__ import annotations

import re

_WITH_QUERY = "s3://"  # a folder's name may hold a question mark
_AFTER_A_NAME = re.compile(r"(^[^:/@]*:(?!/)|:/{0,2}[^:/@]*:).*@", re.DOTALL)  # also where a slash was forgotten
_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/]*@", re.IGNORECASE)
_HIDDEN = r"passw|pwd|secret|token|api_?key|access_?key|signature"
_IN_A_QUERY = re.compile(rf"([?&][^=&]*(?:{_HIDDEN})[^=&]*=)[^&]*", re.IGNORECASE)


def redacted(address: str) -> str:
    """The address without its password, which may itself hold what separates an address: too much rather than less."""
    return _IN_A_QUERY.sub(r"\1***", _AFTER_A_NAME.sub(r"\1***@", address))


def without_user(address: str) -> str:
    """The address, shown, as it is for whoever asks there."""
    return _USER.sub(r"\1", redacted(address))


def below(address: str, path: str) -> str:
    """The address of `path` under a store's or an archive's address."""
    place, query = _parted(address)
    return f"{place}/{path}{query}"


def split(address: str) -> tuple[str, str]:
    """What `below` joined: the address above and the last name; empty where there is none."""
    place, query = _parted(address)
    above, _, name = place.rstrip("/").rpartition("/")
    if above + "/" == _WITH_QUERY:  # a bucket, with nothing below it
        return address, ""
    return above + query if above else "", name


def _parted(address: str) -> tuple[str, str]:
    if not address.startswith(_WITH_QUERY):
        return address, ""
    place, mark, query = address.partition("?")
    return place, mark + query
