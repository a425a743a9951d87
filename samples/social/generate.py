"""Writes the two databases of the story; the same rows and seed give the same values, to the byte.

ruche.db   what the customers of Ruche wrote: about `rows` rows of the tenant's (company 3), as many of its neighbours'
agora.db   what Agora holds already: another customer, one of whose people also works for the tenant

Ids of all companies interleave, as in any shared database, and are computed rather than remembered: memory is flat.
The first rows of a company carry the odd values, whatever the size; README.md lists them.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
WORDS: dict[str, Any] = json.loads((HERE / "vocabulary.json").read_text(encoding="utf-8"))
COMPANIES = {company["id"]: company for company in WORDS["companies"]}
TENANT = 3
CYCLE = (3, 1, 3, 2, 3, 1, 3, 4, 3, 5)  # whose the next id is, in every table
SLOTS = {company: tuple(slot for slot, owner in enumerate(CYCLE) if owner == company) for company in COMPANIES}
GUESTS = {3: (5, (0, 1)), 1: (3, (2, 3))}  # in the first group of a company: the home and the ranks of its guests
PARTNERS = {3: 1, 1: 3}  # whose first two members a company's people also write to

OPENED = datetime(2017, 1, 9, 7, 30)  # naive: the products write UTC and say so with a Z
SECONDS = 8 * 365 * 86_400
ODD_TEXTS: list[str] = WORDS["odd_texts"]
ODD_LABELS = (None, "", " ", "\\N", "NULL", "منشور", "🎉")
ODD_BADGES = (12, "A-0042", "007", 3.5, None, "")
ODD_SCORES = (0.1 + 0.2, -5e-324, 12.0, 1.7976931348623157e308, None)

Option = TypeVar("Option")
Row = tuple[Any, ...]


# ── ids, chance, time and text ──────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Ring:
    """The ids 1 to `total` (a multiple of ten) of one table, and whose each is."""

    total: int

    @classmethod
    def for_tenant(cls, rows: int, *, least: int) -> Ring:
        """A ring with about `rows` rows of the tenant's, and never fewer than `least`."""
        return cls(max(rows, least) // 5 * len(CYCLE))

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Every id with its company and its rank among the company's."""
        for id_ in range(1, self.total + 1):
            turn, slot = divmod(id_ - 1, len(CYCLE))
            slots = SLOTS[CYCLE[slot]]
            yield id_, CYCLE[slot], turn * len(slots) + slots.index(slot)

    def count(self, company: int) -> int:
        return self.total // len(CYCLE) * len(SLOTS[company])

    def id(self, company: int, rank: int) -> int:
        turn, place = divmod(rank, len(SLOTS[company]))
        return turn * len(CYCLE) + SLOTS[company][place] + 1

    def moment(self, id_: int) -> str:
        return moment(SECONDS * id_ // self.total)


class Chance:
    """A stream of chances of its own for each table: one table's rows do not depend on another's."""

    def __init__(self, seed: int, stream: str) -> None:
        # random() is the one method whose numbers Python promises to keep
        self.number = random.Random(f"{seed}/{stream}").random  # noqa: S311

    def below(self, limit: int) -> int:
        return int(self.number() * limit)

    def skewed(self, limit: int) -> int:
        """Low numbers often, high ones rarely: few large groups, few busy people."""
        return int(self.number() ** 3 * limit)

    def pick(self, options: Sequence[Option]) -> Option:
        return options[int(self.number() * len(options))]


def moment(seconds: int) -> str:
    return (OPENED + timedelta(seconds=seconds)).isoformat() + "Z"


def odd(options: Sequence[Option], rank: int, usual: Option) -> Option:
    """The first ranks take every odd value once, later ones now and then."""
    if rank < len(options):
        return options[rank]
    return options[rank % len(options)] if rank % 97 == 0 else usual


class Prose:
    """HTML paragraphs from a fixed pool, some of them with a link to what people talk about."""

    def __init__(self, seed: int, links: Sequence[tuple[str, int]]) -> None:
        self.chance = Chance(seed, "prose")
        self.links = links
        self.pool = [self._paragraph() for _ in range(2048)]

    def _paragraph(self) -> str:
        return f"<p>{' '.join(self.chance.pick(WORDS['sentences']) for _ in range(1 + self.chance.below(4)))}</p>"

    def __call__(self) -> str:
        text = self.chance.pick(self.pool)
        if self.chance.number() < 0.15:
            prefix, limit = self.chance.pick(self.links)
            text += f'<p>→ <a href="{prefix}{1 + self.chance.below(limit)}">à voir</a></p>'
        return text


def name_of(company: int, rank: int) -> tuple[str, str, str]:
    """First name, last name and mailbox of a company's member; the mailbox is unique in the whole product."""
    serial, place = divmod(rank + 101 * (company - TENANT), len(WORDS["first_names"]) * len(WORDS["last_names"]))
    first = WORDS["first_names"][place % len(WORDS["first_names"])]
    last = WORDS["last_names"][place % len(WORDS["last_names"])]
    number = f".{serial}" if serial else ""
    return first, last, f"{_spelled(first)}.{_spelled(last)}{number}@{COMPANIES[company]['domain']}"


def _spelled(name: str) -> str:
    plain = WORDS["spellings"].get(name) or unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-")


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────
def _png(shade: int) -> bytes:
    """One grey square, valid; stored and not compressed, so that every zlib writes the same bytes."""
    pixels = zlib.compress((b"\0" + bytes([shade]) * 16) * 16, 0)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b""))
    framed = (struct.pack(">I", len(body)) + kind + body + _crc(kind + body) for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def _pdf(number: int, pages: int) -> bytes:
    return b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + f"% plan {number}\n".encode() * pages + b"%%EOF\n"


def file_of(rank: int) -> tuple[str, str, bytes | None]:
    """Name, media type and content of a company's file; the sixth is the fifth again, some are lost."""
    number = rank // 7
    return (
        (f"photo {number}.png", "image/png", _png(number % 256)),
        (f"../plans/Plan n° {number} « final ».pdf", "application/pdf", _pdf(number, 16_000 if number == 0 else 40)),
        ("lisez-moi.txt", "text/plain", f"Compte rendu n° {number}\r\nÀ relire.\n".encode()),
        ("vide.dat", "application/octet-stream", b""),
        (f"pièces-{number}.csv", "text/csv", f"pièce;quantité\r\n{4471 + number};12\r\n".encode("cp1252")),
        (f"Copie de pièces-{number}.csv", "text/csv", f"pièce;quantité\r\n{4471 + number};12\r\n".encode("cp1252")),
        (f"notes {number}.md", "text/markdown", f"# Notes {number}\n".encode() if number % 20 else None),
    )[rank % 7]


# ── Ruche ───────────────────────────────────────────────────────────────────────────────────────────────────
class Circle:
    """A group's members: a stretch of the company's, long for the first groups, short for the many others."""

    def __init__(self, members: Ring, company: int, rank: int) -> None:
        everyone = members.count(company)
        self.members, self.company, self.everyone = members, company, everyone
        self.first = rank * 7919 % everyone
        self.size = min(everyone, max(3, everyone // (2 * (rank + 1))))

    def member(self, place: int) -> int:
        return self.members.id(self.company, (self.first + place) % self.everyone)


class Ruche:
    """The rows of every table, table by table, as a stream."""

    def __init__(self, rows: int, seed: int) -> None:
        self.seed = seed
        self.members = Ring.for_tenant(rows * 3 // 100, least=20)
        self.groups = Ring.for_tenant(rows // 250, least=5)
        self.messages = Ring.for_tenant(rows * 8 // 100, least=15)
        self.log = Ring.for_tenant(rows * 2 // 100, least=5)
        self.files = Ring.for_tenant(min(rows // 100, 400), least=10)
        self.tags = Ring.for_tenant(20, least=20)
        rings = (self.members, self.groups, self.messages, self.log, self.files, self.tags)
        others = sum(ring.count(TENANT) for ring in rings) + sum(
            Circle(self.members, TENANT, rank).size for rank in range(self.groups.count(TENANT))
        )
        self.posts = Ring.for_tenant(int((rows - others) / Talk.ROWS_A_POST), least=20)

    def links(self) -> list[tuple[str, int]]:
        """What a text may link to: the prefix of the address and the highest id."""
        rings = (("/members/", self.members), ("/posts/", self.posts), ("/groups/", self.groups))
        return [(prefix, ring.total) for prefix, ring in rings]

    def country_rows(self) -> Iterator[Row]:
        for id_, (code, name) in enumerate(WORDS["countries"], start=1):
            yield id_, code, name

    def _country(self, code: str) -> int:
        return 1 + [country[0] for country in WORDS["countries"]].index(code)

    def company_rows(self) -> Iterator[Row]:
        for id_, company in COMPANIES.items():
            settings = json.dumps({"theme": "miel", "langue": company["locales"][0]})
            country, owner = self._country(company["country"]), self.members.id(id_, 0)
            yield id_, company["name"], country, owner, "premium", settings, moment(id_ * 3600)

    def member_rows(self) -> Iterator[Row]:
        chance = Chance(self.seed, "members")
        for id_, company, rank in self.members:
            first, last, mailbox = name_of(company, rank)
            locale = chance.pick(COMPANIES[company]["locales"])
            status = odd(("active", "invited", "suspended", "left"), rank, "active")
            yield (
                id_,
                company,
                mailbox,
                None if rank == 6 else first,
                last,
                odd(ODD_LABELS, rank, chance.pick(WORDS["job_titles"])),
                odd((None, *ODD_TEXTS), rank, chance.pick(WORDS["bios"])),
                None if rank == 7 else locale,
                self._country(locale[3:]),
                None if rank == 0 else self.members.id(company, chance.skewed(rank)),
                odd(ODD_BADGES, rank, 1000 + rank),
                odd(ODD_SCORES, rank, round(chance.number() * 100, 3)),
                status,
                int(status == "active"),
                f"pbkdf2${chance.below(1 << 48):012x}",
                None if status == "invited" else moment(SECONDS + chance.below(86_400 * 30)),
                self.members.moment(id_),
            )

    def group_rows(self) -> Iterator[Row]:
        topics, places = WORDS["topics"], WORDS["places"]
        for id_, company, rank in self.groups:
            number = rank // (len(topics) * len(places))
            name = f"{topics[rank % len(topics)]} – {places[rank % len(places)]}{f' {number}' if number else ''}"
            visibility = WORDS["visibilities"][rank % len(WORDS["visibilities"])]
            creator = Circle(self.members, company, rank).member(0)
            description = odd((*ODD_LABELS, *ODD_TEXTS), rank, f"Tout sur : {name}")
            yield id_, company, name, description, visibility, None, creator, self.groups.moment(id_)

    def membership_rows(self) -> Iterator[Row]:
        for id_, company, rank in self.groups:
            circle, joined = Circle(self.members, company, rank), self.groups.moment(id_)
            for place in range(circle.size):
                yield id_, circle.member(place), ("owner", "moderator", "member")[min(place, 2)], joined
            for guest in self.guests(company, rank):
                yield id_, guest, "guest", joined

    def guests(self, company: int, group_rank: int | None) -> list[int]:
        """The people of another company in this group."""
        if group_rank != 0 or company not in GUESTS:
            return []
        home, ranks = GUESTS[company]
        return [self.members.id(home, rank) for rank in ranks]

    def message_rows(self) -> Iterator[Row]:
        chance = Chance(self.seed, "messages")
        for id_, company, rank in self.messages:
            everyone, second = self.members.count(company), SECONDS * id_ // self.messages.total
            sender = chance.skewed(everyone)
            recipient = self.members.id(company, (sender + 1 + chance.below(everyone - 1)) % everyone)
            if company in PARTNERS and (rank == 0 or chance.number() < 0.02):
                recipient = self.members.id(PARTNERS[company], chance.below(2))
            yield (
                id_,
                self.members.id(company, sender),
                recipient,
                odd((None, *ODD_TEXTS), rank, chance.pick(WORDS["sentences"])),
                moment(second),
                moment(second + chance.below(90_000)) if chance.number() < 0.9 else None,
                moment(second + 86_400) if rank % 40 == 14 else None,
            )

    def tag_rows(self) -> Iterator[Row]:
        for id_, company, rank in self.tags:
            yield id_, company, WORDS["tags"][rank], None if rank % 4 == 3 else f"#{(rank * 660_301) % (1 << 24):06x}"

    def file_rows(self) -> Iterator[Row]:
        chance = Chance(self.seed, "files")
        for id_, company, rank in self.files:
            name, media_type, content = file_of(rank)
            post = None if rank % 3 == 1 else self.posts.id(company, chance.below(self.posts.count(company)))
            uploader = self.members.id(company, chance.below(self.members.count(company)))
            yield id_, post, uploader, name, media_type, len(content or b""), content, self.files.moment(id_)

    def log_rows(self) -> Iterator[Row]:
        chance = Chance(self.seed, "log")
        for id_, company, _ in self.log:
            actor = self.members.id(company, chance.below(self.members.count(company)))
            yield id_, company, actor, chance.pick(WORDS["audit_actions"]), None, self.log.moment(id_)


@dataclass
class Lot:
    """Some posts with all that hangs on them, ready to be written."""

    posts: list[Row] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    reactions: list[Row] = field(default_factory=list)
    post_tags: list[Row] = field(default_factory=list)


class Talk:
    """Every post once, with on average 2.3 comments, 1.9 reactions and 0.5 tags, made in one go."""

    ROWS_A_POST = 5.7

    def __init__(self, ruche: Ruche) -> None:
        self.ruche = ruche
        self.chance = Chance(ruche.seed, "talk")
        self.prose = Prose(ruche.seed, ruche.links())
        self.comments = self.reactions = 0
        self.lot = Lot()

    def lots(self, posts_at_once: int = 2000) -> Iterator[Lot]:
        posts = iter(self.ruche.posts)
        while some := list(islice(posts, posts_at_once)):
            self.lot = Lot()
            for id_, company, rank in some:
                self._post(id_, company, rank)
            yield self.lot

    def _post(self, post: int, company: int, rank: int) -> None:
        ruche, chance = self.ruche, self.chance
        group = 0 if rank == 0 else None if chance.number() < 0.12 else chance.skewed(ruche.groups.count(company))
        circle = Circle(ruche.members, company, group or 0)
        second = SECONDS * post // ruche.posts.total
        self.lot.posts.append(
            (
                post,
                company,
                None if group is None else ruche.groups.id(company, group),
                circle.member(chance.skewed(circle.size)),
                odd(ODD_LABELS, rank, chance.pick(WORDS["titles"])),
                odd(ODD_TEXTS, rank, self.prose()),
                int(rank % 50 == 5),
                chance.skewed(400),
                moment(second),
                moment(second + 3600) if chance.number() < 0.1 else None,
            )
        )
        self._tag(post, company, rank)
        guests = ruche.guests(company, group) if rank == 0 or chance.number() < 0.2 else []
        self._react(("post", post), [*guests[:1], *self._some(circle, int(5 * chance.number() ** 2))], second)
        self._comment(post, circle, guests, second)

    def _tag(self, post: int, company: int, rank: int) -> None:
        tags, chance = self.ruche.tags, self.chance
        for place in range(3 if rank == 0 else int(2.2 * chance.number() ** 2)):
            tag = tags.id(company, (rank + place * 3) % tags.count(company))
            twice = place == 0 and (rank == 0 or chance.number() < 0.02)
            self.lot.post_tags.extend([(post, tag)] * (1 + twice))

    def _comment(self, post: int, circle: Circle, guests: Sequence[int], second: int) -> None:
        chance, first = self.chance, self.comments + 1
        number = 40 if chance.number() < 0.01 else int(7 * chance.number() ** 2)
        for place in range(max(number, len(guests))):
            self.comments += 1
            parent = first + chance.below(place) if place and chance.number() < 0.4 else None
            author = guests[place] if place < len(guests) else circle.member(chance.skewed(circle.size))
            body, written = odd(ODD_TEXTS, self.comments, self.prose()), second + 600 * (place + 1)
            self.lot.comments.append((self.comments, post, parent, author, body, moment(written)))
            self._react(("comment", self.comments), self._some(circle, int(1.4 * chance.number())), written)

    def _some(self, circle: Circle, number: int) -> list[int]:
        start = self.chance.below(circle.size)
        return [circle.member((start + place) % circle.size) for place in range(number)]

    def _react(self, target: tuple[str, int], members: Sequence[int], second: int) -> None:
        for member in dict.fromkeys(members):
            self.reactions += 1
            kind = self.chance.pick(WORDS["reactions"])
            self.lot.reactions.append((self.reactions, member, *target, kind, moment(second + 60)))


# ── databases ───────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _database(path: Path, script: str) -> Iterator[sqlite3.Connection]:
    """A new file with the tables of a script, filled in one transaction, indexed afterwards."""
    path.unlink(missing_ok=True)
    tables, _, indexes = (HERE / script).read_text(encoding="utf-8").partition("-- indexes\n")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
        connection.executescript(tables)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.executescript(indexes)
    finally:
        connection.close()


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    width = len(connection.execute(f"SELECT * FROM {table} LIMIT 0").description)
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)


def _fill_ruche(connection: sqlite3.Connection, ruche: Ruche) -> None:
    _insert(connection, "countries", ruche.country_rows())
    _insert(connection, "companies", ruche.company_rows())
    _insert(connection, "members", ruche.member_rows())
    _insert(connection, "groups", ruche.group_rows())
    _insert(connection, "memberships", ruche.membership_rows())
    for lot in Talk(ruche).lots():
        _insert(connection, "posts", lot.posts)
        _insert(connection, "comments", lot.comments)
        _insert(connection, "reactions", lot.reactions)
        _insert(connection, "post_tags", lot.post_tags)
    _insert(connection, "messages", ruche.message_rows())
    _insert(connection, "tags", ruche.tag_rows())
    _insert(connection, "files", ruche.file_rows())
    _insert(connection, "audit_log", ruche.log_rows())


def _pin(connection: sqlite3.Connection) -> None:
    """Some groups pin the first post written in them: with posts.group_id, a cycle of foreign keys."""
    connection.execute(
        "UPDATE groups SET pinned_post_id = (SELECT min(id) FROM posts WHERE group_id = groups.id) WHERE id % 3 = 1"
    )


def generate(folder: Path, *, rows: int = 2_000, seed: int = 20260101) -> None:
    """Write folder/ruche.db and folder/agora.db, replacing what was there; `rows` is the tenant's, from 200 upwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with _database(folder / "ruche.db", "source.sql") as connection:
        _fill_ruche(connection, Ruche(rows, seed))
    with sqlite3.connect(folder / "ruche.db") as connection:
        _pin(connection)
    connection.close()
    with _database(folder / "agora.db", "target.sql") as connection:
        for statement in (HERE / "neighbour.sql").read_text(encoding="utf-8").split(";\n"):
            connection.execute(statement)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the two databases of the story into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2_000, help="rows of the tenant's, about (default 2000)")
    parser.add_argument("--seed", type=int, default=20260101)
    arguments = parser.parse_args()
    generate(arguments.folder, rows=arguments.rows, seed=arguments.seed)


if __name__ == "__main__":
    main()
