"""What the server's error numbers mean to a person, and what to do next: one table for both client libraries."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from storage.errors import Fault, MigratorError, Misuse, Red, Refused, TransientFault


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    error: type[MigratorError]
    what: str
    next: str


_LOGIN = _Meaning(
    error=Misuse, what="the server refuses this user or password", next="check user and password of the address"
)
_NO_DATABASE = _Meaning(
    error=Misuse,
    what="no such database, or none this user may see",
    next="check the database name of the address, or grant the user SELECT on it",
)
_NO_HOST = _Meaning(error=Misuse, what="no such host", next="check the host name of the address")
_TLS = _Meaning(
    error=Misuse,
    what="no encrypted connection",
    next="name the server's certificate authority: ?ssl_ca=file (ssl_verify_identity=false for another host name)",
)
_REFUSED = _Meaning(
    error=TransientFault,
    what="the server does not answer",
    next="check host, port and firewall, and that the server is running; then repeat",
)
_LOST = _Meaning(
    error=TransientFault,
    what="the connection to the server was lost",
    next="repeat: a snapshot starts anew with a new fence, a load was rolled back",
)
_BUSY = _Meaning(
    error=TransientFault, what="the server takes no more connections now", next="repeat later, or lower max_connections"
)
_LOCKED = _Meaning(
    error=TransientFault,
    what="another transaction holds a lock for too long",
    next="wait for it to finish, then repeat",
)
_DEADLOCK = _Meaning(
    error=TransientFault, what="a deadlock with another transaction; ours was rolled back", next="repeat"
)
_DENIED = _Meaning(
    error=Refused, what="a privilege is missing", next="grant what is named; `migrator doctor` prints the whole script"
)
_FULL = _Meaning(error=Fault, what="the server has no space left", next="free space on the server, then repeat")
_TIMEOUT = _Meaning(
    error=Refused,
    what="a statement took longer than it may and was given up",
    next="raise statement_timeout_s in the plan, or the server's own limit, or read when the server is less busy",
)
_ALTERED = _Meaning(
    error=Fault,
    what="a table's definition changed while it was being used",
    next="repeat when nobody alters tables: the snapshot starts anew with a new fence",
)
_READ_ONLY = _Meaning(error=Fault, what="the server or the transaction is read-only", next="use a writable server")
_PACKET = _Meaning(
    error=Fault, what="a row or a statement is larger than the server takes", next="raise max_allowed_packet there"
)
_DUPLICATE = _Meaning(
    error=Red, what="duplicate", next="match rows that are there already (target.on_match), or reject one of the two"
)
_FOREIGN = _Meaning(
    error=Red, what="a foreign key is violated", next="map the parent row too, or reject the row with a reason"
)
_EMPTY = _Meaning(error=Red, what="a column that must be filled is empty", next="fill it in the mapping")
_CHECK = _Meaning(error=Red, what="a check of the target refuses the row", next="mend the value in the mapping")
_PARTITION = _Meaning(
    error=Red, what="no partition takes the row", next="make a partition for it, or reject the row with a reason"
)
_MISFIT = _Meaning(error=Red, what="a value does not fit its column", next="cast or shorten it in the mapping")
_WIDE = _Meaning(
    error=Red,
    what="a table of ours, staging or journal, would be wider than the server's rows may be",
    next="reject the rows of this table with a reason, or make the target table narrower",
)

_MEANINGS = {
    **dict.fromkeys((1045, 1698, 1862, 2061), _LOGIN),
    **dict.fromkeys((1044, 1049), _NO_DATABASE),
    2005: _NO_HOST,
    2026: _TLS,
    **dict.fromkeys((2002, 2003), _REFUSED),
    **dict.fromkeys((0, 1053, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2055, 4031), _LOST),
    **dict.fromkeys((1040, 1203, 1226), _BUSY),
    1205: _LOCKED,
    1213: _DEADLOCK,
    **dict.fromkeys((1142, 1143, 1227, 1370, 1410, 3118), _DENIED),
    **dict.fromkeys((1021, 1114, 1041), _FULL),
    **dict.fromkeys((1969, 3024, 1317), _TIMEOUT),
    1412: _ALTERED,
    **dict.fromkeys((1290, 1792, 1836), _READ_ONLY),
    1153: _PACKET,
    **dict.fromkeys((1062, 1169, 1586), _DUPLICATE),
    **dict.fromkeys((1216, 1217, 1451, 1452), _FOREIGN),
    **dict.fromkeys((1048, 1364), _EMPTY),
    **dict.fromkeys((3819, 4025), _CHECK),
    **dict.fromkeys((1526, 1748), _PARTITION),
    **dict.fromkeys((1117, 1118), _WIDE),
    **dict.fromkeys((1264, 1265, 1292, 1366, 1406, 1690), _MISFIT),
}
_OF_CLIENTS = (2000, 3000)  # numbers that no server gives
_CAUSE = "original_exception"  # PyMySQL's
_BENEATH = ((socket.gaierror, _NO_HOST), (ssl.SSLError, _TLS))
_BY_WORDS = {"Errcode: 28": _FULL, '"Too many columns"': _WIDE}
"""Of errors whose number says too little."""


def unusable(error: OSError, where: str) -> MigratorError:
    """The project's error for a certificate or key of the address that cannot be read, or is none."""
    return Misuse(f"the files of ssl_ca, ssl_cert or ssl_key do not serve: {error}", where=where, next=_TLS.next)


def fault_of(error: Exception, where: str) -> MigratorError:
    """The project's error for one that a client library raised; `args` are the server's number and its message."""
    number, said = (*error.args, "", "")[:2]
    meaning = _MEANINGS.get(number)
    if number == 2003:
        meaning = next((told for kind, told in _BENEATH if isinstance(getattr(error, _CAUSE, None), kind)), meaning)
    meaning = meaning or next((known for words, known in _BY_WORDS.items() if words in str(said)), None)
    if meaning is None:
        return Fault(f"the server reports {number}: {said}", where=where, next="see the message; nothing was kept")
    return meaning.error(f"{meaning.what}: {said}", where=where, next=meaning.next)


def is_refused(fault: MigratorError) -> bool:
    """Whether the server took exception to what a statement says, and to nothing outside of it."""
    number = (*getattr(fault.__cause__, "args", ()), None)[0]
    return isinstance(number, int) and number not in _MEANINGS and not _OF_CLIENTS[0] <= number < _OF_CLIENTS[1]
