"""migrator serve"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.logs import log_to_stderr, say
from migrator.cli.options import Json
from migrator.cli.output import print_json

if TYPE_CHECKING:
    from migrator.settings import LogForm

_SLOT = (sys.executable, "-P", "-m", "migrator.cli.slot")
_STREAMS_END_S = 5


def command(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 for a free one.")] = 8080,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, help="Runs performed here at once; 0 leaves all to workers.")
    ] = 1,
    grace: Annotated[
        int, typer.Option("--grace", metavar="SECONDS", min=0, help="How long its runs may take to stop, at its end.")
    ] = 20,
    proxy: Annotated[
        str,
        typer.Option("--proxy", metavar="ADDRESS", help="The address of the proxy whose X-Forwarded-… is believed."),
    ] = "",
    json: Json = False,
) -> None:
    """Serve the API and the pages, and perform the runs that are asked for there, until it is stopped.

    Stopped by SIGTERM or Ctrl-C, it answers what was asked, and puts its runs back for whoever performs them next.
    """
    import uvicorn

    from migrator.runs.liveness.slots import Slots
    from migrator.wiring import here

    # uvicorn gives the signal back when it has ended: it must not end us before our runs have stopped
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = here().settings
    form = settings.log
    log_to_stderr(form)
    config = uvicorn.Config(
        "api.server:application",
        factory=True,
        host=host,
        port=port,
        log_config=None,
        server_header=False,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        timeout_graceful_shutdown=_STREAMS_END_S,
    )
    server = uvicorn.Server(config)
    server.config.load()
    listening = config.bind_socket()
    listening.listen()  # whoever reads the address below may come at once, and waits until we are ready
    address = settings.public_url or f"http://{host}:{listening.getsockname()[1]}"
    slots = Slots(command=_SLOT, count=workers)
    performing = threading.Thread(target=slots.serve, daemon=True)
    in_time = False
    try:
        _welcome(address, form)  # whoever reads it may stop us at once
        performing.start()
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        say(f"… ending: its runs have {grace} s to stop", form)
        in_time = slots.end(grace)
    if json:
        print_json({"address": address, "workers": workers, "stopped_in_time": in_time})
    if not in_time:
        say("… what did not stop in time was killed: a worker goes on with it", form)


def _welcome(address: str, form: LogForm) -> None:
    """Where it is; on a server that nobody has an account of, the way in for the first admin."""
    from migrator.access.invitations import FIRST_ADMIN, THE_SERVER
    from migrator.wiring import served

    say(f"serving at {address}", form)
    with served() as offered:
        if offered.accounts.any():
            return
        key = offered.invitations.make(grants=FIRST_ADMIN, made_by=THE_SERVER)
    say("nobody has an account yet: this link makes the first admin's, once, within an hour", form)
    say(f"  {address}/welcome/{key}", form)
