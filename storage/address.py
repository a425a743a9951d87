"""How an address leads to what lies below it: `…/store/<archive-id>`, before the query where a store has one."""

from __future__ import annotations

_WITH_QUERY = "s3://"  # a folder's name may hold a question mark


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
