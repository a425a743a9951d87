"""How an address leads to what lies below it: `…/store/<archive-id>`, before the query where a store has one."""

from __future__ import annotations

_WITH_QUERY = "s3://"  # a folder's name may hold a question mark


def below(address: str, path: str) -> str:
    """The address of `path` under a store's or an archive's address."""
    place, query = _parted(address)
    return f"{place}/{path}{query}"


def split(address: str) -> tuple[str, str]:
    """What `below` joined: the address above, empty where there is none, and the last name of the path."""
    place, query = _parted(address)
    above, _, name = place.rstrip("/").rpartition("/")
    return above + query if above else "", name


def _parted(address: str) -> tuple[str, str]:
    if not address.startswith(_WITH_QUERY):
        return address, ""
    place, mark, query = address.partition("?")
    return place, mark + query
