"""Every command there is, in one list; what any of them raises ends here, as a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from migrator.cli.commands import (
    admin,
    archive,
    demo,
    doctor,
    inspect,
    map_,
    migrate,
    rehearse,
    report,
    restore,
    rollback,
    runs,
    scope,
    serve,
    snapshot,
    verify,
    worker,
)
from migrator.cli.followed import Told
from migrator.cli.output import show_asking, show_error, show_queued, stderr
from migrator.remote.asking import Asking
from migrator.runs.queued import Queued
from migrator.settings import said
from storage.errors import Fault, MigratorError, Misuse, Parked
from storage.system import fault_of

app = typer.Typer(
    name="migrator",
    help="A tenant's data out of one platform, into an archive that proves itself, and into another platform:"
    " verified value by value, undoable to the last row.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    demo,
    inspect,
    doctor,
    scope,
    snapshot,
    rehearse,
    migrate,
    verify,
    rollback,
    restore,
    report,
    worker,
    serve,
):
    app.command(name=module.__name__.rpartition(".")[2])(module.command)
app.add_typer(archive.app, name="archive")
app.add_typer(map_.app, name="map")
app.add_typer(runs.app, name="runs")
app.add_typer(admin.app, name="admin")


@app.callback()
def main(
    context: typer.Context,
    server: Annotated[
        str | None,
        typer.Option(
            "--server", metavar="URL", help="Ask this server, instead of doing it here; else MIGRATOR_SERVER."
        ),
    ] = None,
) -> None:
    if server is not None:
        context.with_resource(said(MIGRATOR_SERVER=server))


def run(arguments: Sequence[str]) -> int:
    """The command's exit code. Whatever a person reads about an error, a program reads with --json."""
    as_json = "--json" in arguments
    try:
        code = app(_server_first(arguments), prog_name="migrator", standalone_mode=False)
    except MigratorError as error:
        return show_error(error, as_json=as_json)
    except Queued as queued:
        return show_queued(queued.record, as_json=as_json)
    except Asking as asking:
        return show_asking(asking, as_json=as_json)
    except KeyboardInterrupt:
        return show_error(_interrupted(), as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()  # the reader left: there is nobody to tell
        return 1
    except OSError as error:
        return show_error(fault_of(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug is told in one line, not in a traceback
        if type(error).__name__ == "NoArgsIsHelpError":
            stderr.print(str(error), markup=False)
            return Misuse.exit_code
        return show_error(_of_click(error), as_json=as_json)
    if code == Parked.exit_code and not isinstance(code, Told):  # Typer makes it of a KeyboardInterrupt, wordlessly
        return show_error(_interrupted(), as_json=as_json)
    return int(code or 0)


def _server_first(arguments: Sequence[str]) -> list[str]:
    """`--server URL` is of every command, and may stand behind any."""
    given = list(arguments)
    for place, argument in enumerate(given):
        if argument == "--server" or argument.startswith("--server="):
            end = place + (2 if argument == "--server" else 1)
            return given[place:end] + given[:place] + given[end:]
    return given


def _interrupted() -> Parked:
    """Outside a run: it had not begun, or was done and about to be told."""
    next_ = "`migrator runs list` shows whether the run was done; if not, give the same command again"
    return Parked("interrupted while no run was under way", where="command line", next=next_)


def _of_click(error: Exception) -> MigratorError:
    """Typer carries its own copy of click, of no public name: its errors are known by what they offer."""
    message = getattr(error, "format_message", None)
    if message is not None:
        return Misuse(message(), where="command line", next="see migrator --help")
    if type(error).__name__ == "Abort":
        return _interrupted()
    return Fault(
        f"a bug: {type(error).__name__}: {error}", where="migrator", next="report it, with the command and the run's id"
    )
