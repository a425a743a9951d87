"""Times a snapshot of the social story as it is, and masked in all that says something of a person.

    python -m tests.benchmarks.masked --rows 1000000 --out-of postgresql

A measurement, not a test: it asserts nothing. The masked one is told with how many of its values are others.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.command import measure
from tests.benchmarks.servers import KINDS, SQLITE, servers
from tests.benchmarks.story import HEADING, SOCIAL, Step, Story

RULES = """
columns:
  members.email: email
  members.first_name: name
  members.last_name: name
  members.bio: removed
  members.created_at: date
  companies.name: name
  posts.title: removed
  posts.body: removed
  comments.body: removed
  messages.body: removed
"""
KEYS = "  members.id: code\n"
"""The people's numbers, which most tables point with."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE, help="the kind of the source")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, servers(Path(name)) as running:
        story = Story.made(Path(name), running, rows=given.rows, out_of=given.out_of)
        environment = {
            "MIGRATOR_HOME": str(story.folder / "home"),
            "SOURCE_URL": story.source.url,
            "TARGET_URL": story.target.url,
            "STORE_URL": (story.folder / "store").as_uri(),
        }
        print(HEADING)
        for called, rules in (("snapshot", ""), ("masked", RULES), ("masked, keys too", RULES + KEYS)):
            file = story.folder / "mask.yaml"
            file.write_text(rules, encoding="utf-8")
            mask = ("--mask", file) if rules else ()
            cost = measure("snapshot", SOCIAL / "plan.yaml", *mask, environment=environment, served=running.cpu_seconds)
            columns = cost.answer["masked"]["columns"] if rules else []
            changed = sum(column["changed"] for column in columns)
            print(Step(name=f"{called}: {changed:,} values" if rules else called, cost=cost).line(), flush=True)


if __name__ == "__main__":
    main()
