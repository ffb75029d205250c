"""The server of the page: on this machine only, for who knows the token.

The page as a component: in a notebook, or served.
"""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import panel as pn
from bokeh.models import CustomJS
from panel.io.server import get_server
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from slxrd.errors import SlxrdError
from slxrd.ui.app.plots.theme import Readable
from slxrd.ui.app.serving.authentication import Gate
from slxrd.ui.app.serving.workspaces import Room
from slxrd.ui.app.state.background_work import warm
from slxrd.ui.app.state.workspace import Bench
from slxrd.ui.app.views.page import Page
from slxrd.ui.session.controller import Session


def component(file: str | Path | Session | None = None, *, dark: bool = False) -> pn.Column:
    """Make the page for a notebook; the same as ``slxrd app`` opens.

    Parameters
    ----------
    file : path-like or Session, optional
        A measured file, ``"example:NAME"``, or a session to go on with.
    dark : bool
        Light letters on a dark ground.

    Returns
    -------
    panel.Column
        Shown where it is the last thing in a cell.

    Raises
    ------
    SlxrdError
        If the file cannot be read.
    """
    pn.extension("filedropper", inline=True, design=Readable)
    if isinstance(file, Session):
        bench = Bench(file)
    else:
        bench = Bench()
        if file is not None:
            session = Session()
            session.open_file(file)
            bench = Bench(session)
    view = Page(bench, dark).view
    view.sizing_mode, view.height = "stretch_width", 820
    return view


LOOPBACK = "127.0.0.1"
#: Bytes that one message of a browser may have; files come in pieces that are smaller.
_LARGEST_MESSAGE = 64_000_000
#: Said by the browser itself, since nothing else can be reached any more.
_LOST = """
if (!document.getElementById('slxrd-lost')) {
  const told = document.createElement('div')
  told.id = 'slxrd-lost'
  told.setAttribute('role', 'alert')
  told.style = 'position:fixed;bottom:0;left:0;right:0;padding:12px;background:#b3350a;color:#fff;' +
    'font:15px sans-serif;z-index:99'
  told.textContent = 'The connection to slxrd is lost. While slxrd runs, your work is kept: load this page ' +
    'again. If slxrd was stopped, what had not been saved is in a file in the folder that it was started in.'
  document.body.append(told)
}
"""
_FOUND = "document.getElementById('slxrd-lost')?.remove()"


def serve(
    file: str | Path | None = None,
    *,
    port: int = 0,
    ready: Callable[[str], object] | None = None,
) -> list[Path]:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    file : path-like, optional
        A measured file or a saved session to begin with.
    port : int
        0: one that is free.
    ready : callable, optional
        Called with the page's address, which holds the token, when it can be opened.

    Returns
    -------
    list of Path
        Sessions that had not been saved, and were written into the working directory at the end.

    Raises
    ------
    SlxrdError
        If the file cannot be read, or the port is taken.
    """
    logging.getLogger("asyncio").addFilter(_worth_telling)
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)  # it warns of tabs that were closed
    room = Room()
    first = room.open(file) if file is not None else None
    port = _checked(port)
    token = secrets.token_urlsafe(24)
    pn.extension("filedropper", inline=False, design=Readable)

    def page() -> pn.Column:
        return _page(room, first)

    origins = [f"{LOOPBACK}:{port}", f"localhost:{port}"]
    server = get_server(
        {"/": page},
        port=port,
        address=LOOPBACK,
        websocket_origin=origins,
        title="slxrd",
        show=False,
        start=False,
        auth_provider=Gate(token, port),
        websocket_max_message_size=_LARGEST_MESSAGE,
    )
    address = f"http://{LOOPBACK}:{port}/?token={token}"
    if ready is not None:
        server.io_loop.add_callback(ready, address)
    signal.signal(signal.SIGTERM, lambda *_: server.io_loop.add_callback_from_signal(server.io_loop.stop))
    threading.Thread(target=_warm, daemon=True).start()
    server.start()
    server.io_loop.start()
    room.stop()
    return room.rescue(Path.cwd())


def _worth_telling(record: logging.LogRecord) -> bool:
    """A page that was closed while something was sent to it is no mistake."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, WebSocketClosedError | StreamClosedError)


def _warm() -> None:
    """Load what the first curve needs while the user looks at the first page."""
    from slxrd.ui.app.plots import curves as curves

    warm()


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            raise SlxrdError(f"port {port} cannot be used; choose another, or none for a free one") from None
        return int(probe.getsockname()[1])


def _page(room: Room, first: str | None) -> pn.Column:
    given = pn.state.session_args
    asked = given.get("session", [b""])[0].decode(errors="replace")
    dark = given.get("theme", [b""])[0] == b"dark"
    key = room.key(asked or first)
    bench: Bench = room.bench(key)
    location = pn.state.location
    if location is not None:
        # The cookie lets the browser in from now on; the token need not stay in its history.
        search = f"?session={key}" + ("&theme=dark" if dark else "")
        pn.state.onload(lambda: location.param.update(search=search))
    document = pn.state.curdoc
    if document is not None:
        document.js_on_event("connection_lost", CustomJS(code=_LOST))
        document.js_on_event("client_reconnected", CustomJS(code=_FOUND))
    others = room.others(key)
    return Page(bench, dark, others).view
