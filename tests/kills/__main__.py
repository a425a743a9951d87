"""Hundreds of strikes at random moments, between every pair of platforms; each must end as if nobody had disturbed it.

    python -m tests.kills 200
    python -m tests.kills 200 sqlite-postgresql mariadb-mariadb --seed 7 --figures trials.csv --minutes 60
    python -m tests.kills 20 postgresql-sqlite --strike "SIGTERM" --phase rollback
    python -m tests.kills --trial "7 sqlite-mariadb 13"
    python -m tests.kills --tables trials.csv

Commands are forked from a process that has read the program in, but in one of nine trials (`tests/kills/warm.py`).

ROUNDS is how many strikes each pair gets, those that the file of figures tells of included: a soak that was stopped
goes on. A broken promise is printed with its seed, and the pair goes on with a new scene; the script ends with 1 if
there was any. A seed repeats strikes and moments, not what the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
import time
from pathlib import Path

from tests.kills.figures import Figures, tables
from tests.kills.moments import PHASES
from tests.kills.scene import PAIRS
from tests.kills.sides import grounds
from tests.kills.soak import Soak, Wanted
from tests.soak.promise import ending, require


def main() -> None:
    given = _given()
    if given.tables:
        print("\n".join(tables(Figures(path=given.tables))))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers and the small disks are to go, too
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it, and so would commands
    until = time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as folder, grounds(Path(folder)) as running:
        seed, pair, number = given.trial.split() if given.trial else (given.seed, "", 0)
        wanted = Wanted(
            rounds=given.rounds,
            pairs=given.pairs or PAIRS,
            seed=int(seed),
            rows=given.rows,
            strike=given.strike,
            phases=given.phase,
        )
        figures = Figures(path=given.figures or Path(folder) / "trials.csv")
        soak = Soak(grounds=running, wanted=wanted, figures=figures, is_over=lambda: time.monotonic() > until)
        if pair:
            soak.play(pair, int(number))
        else:
            print(f"--seed {given.seed}", flush=True)
            soak.run()
        print("\n".join(tables(figures)))
        require(not soak.broken, "see above")


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=0)
    parser.add_argument("pairs", nargs="*", metavar="PAIR", help=", ".join(PAIRS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rows", type=int, default=1_000, help="of the tenant's, in the source")
    parser.add_argument("--strike", default="", help="only strikes with these words in their name")
    parser.add_argument("--phase", choices=PHASES, action="append", default=[])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no trial begins later")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="where trials are kept, and were")
    parser.add_argument("--trial", metavar="SEED", help="play one trial again, as it was printed")
    parser.add_argument("--tables", type=Path, metavar="FILE", help="what a file of figures says, as Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    ending(main)
