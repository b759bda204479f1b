"""`retrain ui CONFIG`: the web page of a pipeline, on this machine."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
from pathlib import Path

import uvicorn

from pipeline.diagnosis.diagnose import all_causes
from pipeline.errors import UsageError
from pipeline.locate import place_of
from pipeline.ui.actions import Actions
from pipeline.ui.app import compile_templates, make_app
from pipeline.ui.guard import Guard
from pipeline.ui.index import CachingWorkspace
from pipeline.ui.views import Views
from schemas.config import ConfigError

#: From so many runs on, reading them takes more than a moment.
MANY = 200


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: when the address is not of this machine, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        # From here on, who opens the printed address waits for an answer and is not refused.
        made.listen(128)
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: {error.strerror}. --port 0 takes any free port.") from None
    return made


def address_of(guard: Guard) -> str:
    """The address to open first, with the token."""
    host = f"[{guard.host}]" if ":" in guard.host else guard.host
    return f"http://{host}:{guard.port}/?token={guard.token}"


def _ahead(views: Views) -> None:
    """Does or begins what takes long before somebody asks for it; what cannot be used now is said on its page."""
    if (runs := len(views.workspace.run_ids())) >= MANY:
        print(f"{views.name}: reading {runs:,} runs ...", file=sys.stderr)
    # The history stays: what collects garbage need not go through it again and again, nor in the middle of an answer.
    gc.disable()
    views.index.lines()
    compile_templates()
    all_causes()
    gc.collect()
    gc.freeze()
    # A page may read fifty records: looked for every 700 objects, cycles took as long as reading, and there are none.
    gc.set_threshold(20_000)
    gc.enable()
    with contextlib.suppress(ConfigError, UsageError, OSError):
        views.schema()


def ui_command(*, config: Path, host: str, port: int, workspace: Path | None) -> int:
    """Serves until it is stopped."""
    place = place_of(config, workspace)
    cached = CachingWorkspace(place.workspace.root)
    views = Views(config.resolve(), cached, workspace, str(place.name))
    made = listening(host, port)
    guard = Guard(host=host, port=int(made.getsockname()[1]))
    _ahead(views)
    print(f"{place.name}: open {address_of(guard)}", file=sys.stderr)
    if guard.local:
        print("Only this machine can open it. Stop with Ctrl-C.", file=sys.stderr)
    else:
        print(
            f"WARNING: --host {host} lets other machines open it, unencrypted; whoever has the address above may change what is served. "
            "Stop with Ctrl-C.",
            file=sys.stderr,
        )
    app = make_app(views, Actions(config.resolve(), cached, workspace, str(place.name)), guard)
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[made])
    return 0
