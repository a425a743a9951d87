"""Two firms in one database, and people who write about each other: whose words are whose is known beforehand.

Every value that is another person's has a mark in it, so that a single byte of it is found wherever it went.
"""

from __future__ import annotations

HER = 1
EMAIL, PHONE = "ada@ours.example", "+33 6 12 34 56 78"
OTHERS = "THEIRS"
"""Stands in each value that is about somebody else."""

HOSTILE = (
    """<script>alert(1)</script><img src=x onerror=alert(1)> "quoted" 'too' & </td><a href="javascript:alert(1)">"""
)
LARGE = "une longue vie " * 90_000
"""More than a cell holds."""

TABLES = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);
CREATE TABLE people (
    id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id), email VARCHAR(80) NOT NULL,
    first_name VARCHAR(40), last_name VARCHAR(40), phone VARCHAR(40), bio {text},
    boss_id INTEGER REFERENCES people (id), town_id INTEGER);
CREATE TABLE towns (id INTEGER PRIMARY KEY, name VARCHAR(40));
CREATE TABLE profiles (person_id INTEGER PRIMARY KEY REFERENCES people (id), hobby VARCHAR(80) NOT NULL);
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES people (id), name VARCHAR(80) NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES people (id), body {text} NOT NULL);
CREATE TABLE remarks (
    id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES notes (id),
    author_id INTEGER NOT NULL REFERENCES people (id), body {text} NOT NULL);
CREATE TABLE stamps (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES notes (id), label VARCHAR(80));
CREATE TABLE letters (
    id INTEGER PRIMARY KEY, sender_id INTEGER NOT NULL REFERENCES people (id),
    recipient_id INTEGER NOT NULL REFERENCES people (id), body {text});
CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer_id INTEGER NOT NULL REFERENCES people (id), placed VARCHAR(20));
CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), what VARCHAR(80));
CREATE TABLE visits (person_id INTEGER NOT NULL REFERENCES people (id), page VARCHAR(80));
CREATE TABLE prices (id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id), what VARCHAR(80));
"""
ROWS: dict[str, list[tuple[object, ...]]] = {
    "firms": [(1, "Ours"), (2, "THEIRS firm")],
    "towns": [(1, "Lyon"), (2, "THEIRS town")],
    "people": [
        (2, 1, "THEIRS-ben@ours.example", "THEIRS-Ben", "THEIRS", "THEIRS 1", "THEIRS, boss of ADA  BYRON", None, 2),
        (1, 1, EMAIL, "Ada", "Byron", PHONE, HOSTILE, 2, 1),
        (3, 2, "THEIRS-cleo@else.example", "THEIRS-Cleo", "THEIRS", None, "THEIRS, knows Ada Byron", None, 2),
        (4, 2, EMAIL, "THEIRS-Ada", "THEIRS", None, "THEIRS: the same address in another firm", None, 2),
        (5, 1, "THEIRS-eve@ours.example", "THEIRS-Eve", "THEIRS", None, "THEIRS: Mada Byronne is nobody", 1, 2),
    ],
    "profiles": [(1, "écrire"), (2, "THEIRS hobby")],
    "contacts": [(1, 1, "THEIRS: somebody she knows"), (2, 2, "THEIRS: Ada Byron")],
    "notes": [
        (1, 1, LARGE),
        (2, 2, f'THEIRS {{"to": "{EMAIL}"}}'),
        (3, 3, f"THEIRS of another firm {EMAIL}"),
        (4, 2, "THEIRS 0033 is not +33.6.12-34(56)78, or is it"),
    ],
    "remarks": [
        (1, 2, 1, "hers on his note"),
        (2, 1, 2, "THEIRS on her note"),
        (3, 3, 1, "THEIRS by the other firm's note, though she wrote it"),
    ],
    "stamps": [(1, 1, "THEIRS stamp on her note"), (2, 2, "THEIRS stamp")],
    "letters": [
        (1, 1, 2, "hers to him"),
        (2, 2, 1, "THEIRS to her"),
        (3, 3, 1, "THEIRS from the other firm"),
        (4, 1, 3, None),
    ],
    "orders": [(1, 1, "2026-01-02"), (2, 2, "THEIRS")],
    "order_lines": [(1, 1, "ink"), (2, 2, "THEIRS"), (3, 1, "paper")],
    "visits": [(1, "/ink"), (1, "/ink"), (2, "/THEIRS")],
    "prices": [(1, 1, "THEIRS: no person's"), (2, 2, "THEIRS")],
}
HERS: dict[str, list[int]] = {
    "people": [1],
    "towns": [0],
    "profiles": [0],
    "notes": [0],
    "remarks": [0],
    "letters": [0, 3],
    "orders": [0],
    "order_lines": [0, 2],
    "visits": [0, 1],
}
"""The answer key: of each table the places in ROWS of what is about her."""

MENTIONED = {
    ("people", "boss_id", "reference"): {"5"},
    ("people", "bio", "name"): {"2"},
    ("contacts", "owner_id", "reference"): {"1"},
    ("contacts", "name", "name"): {"2"},
    ("notes", "body", "e-mail"): {"2"},
    ("notes", "body", "phone"): {"4"},
    ("letters", "recipient_id", "reference"): {"2"},
}
PLAN = """\
plan: hers
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
    shared: [towns]
    references:
      - {table: people, column: town_id, to: towns.id}
    paths:
      people: [firm_id]
      letters: [sender_id]
      remarks: [note_id]
    foreign: {remarks.author_id: stub, letters.recipient_id: stub, people.firm_id: stub}
    subjects:
      people:
        excluded: {contacts: "they are other people", stamps: "the firm's"}
store: ${STORE_URL}
mapping: nothing.yaml
"""
