"""The web server of the page; it listens on this machine only, and requires the token."""

from __future__ import annotations

import contextlib
import inspect
import logging
import secrets
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import panel as pn
import platformdirs
from bokeh.models import CustomJS
from bokeh.server.connection import ServerConnection
from panel.io.server import get_server
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from slxrd.errors import SlxrdError
from slxrd.ui.app.controls.style import DOCUMENT, PageDesign
from slxrd.ui.app.plots.theme import colours
from slxrd.ui.app.serving.authentication import ENTRY, TokenAuthentication
from slxrd.ui.app.serving.headers import SecurityHeaders
from slxrd.ui.app.serving.layout_once import LAYOUT_ONCE
from slxrd.ui.app.serving.workspaces import Workspaces
from slxrd.ui.app.state.autosave_folder import AutosaveFolder
from slxrd.ui.app.views.page import STEPS, Page
from slxrd.ui.app.views.static_frame import page_template, static_frame_html

LOOPBACK = "127.0.0.1"
#: Signals that end the server, beside that of Ctrl-C; that of a closed terminal, which Windows does not have.
_HANGUP = getattr(signal, "SIGHUP", None)
_ENDING = tuple(number for number in (signal.SIGTERM, _HANGUP) if number is not None)
#: Largest message of a browser, in bytes; files are uploaded in smaller pieces.
_LARGEST_MESSAGE = 64_000_000
#: Runs in the browser, since the server cannot be reached any more.
_SHOW_CONNECTION_LOST = """
if (!document.getElementById('slxrd-lost')) {
  const message = document.createElement('div')
  message.id = 'slxrd-lost'
  message.setAttribute('role', 'alert')
  message.style = 'position:fixed;bottom:0;left:0;right:0;padding:12px;background:#b3350a;color:#fff;' +
    'font:15px sans-serif;z-index:99'
  message.textContent = 'The connection to slxrd is lost. If slxrd is still running, reload this page: ' +
    'your work is kept. If slxrd was stopped, unsaved work is in a file in the folder that it was started ' +
    'in, or the page offers it when slxrd app is started again.'
  document.body.append(message)
}
"""
#: Follows the theme of the operating system, unless another was chosen in this tab.
_FOLLOW_THEME = """
const dark = window.matchMedia('(prefers-color-scheme: dark)')
const query = () => new URL(window.location.href).searchParams
window.slxrdTheme = {
  shown: () => query().get('theme') === 'dark' ? 'dark' : 'light',
  set: theme => { sessionStorage.setItem('slxrd-theme', theme); slxrdTheme.apply() },
  apply: () => {
    const wanted = sessionStorage.getItem('slxrd-theme') ?? (dark.matches ? 'dark' : 'light')
    if (wanted === slxrdTheme.shown()) return
    const address = new URL(window.location.href)
    address.searchParams.set('theme', wanted)
    window.location.replace(address)
  },
}
document.documentElement.dataset.theme = slxrdTheme.shown()
dark.addEventListener('change', slxrdTheme.apply)
slxrdTheme.apply()
"""
_HIDE_CONNECTION_LOST = "document.getElementById('slxrd-lost')?.remove()"


class Unsaved(NamedTuple):
    """What became of the sessions with unsaved changes when the server ended.

    Parameters
    ----------
    written : list of Path
        Files in the working directory, one for each session that could be written.
    kept : int
        Number of autosaved sessions that the next page offers.
    """

    written: list[Path]
    kept: int


def serve(
    file: str | Path | None = None,
    *,
    port: int = 0,
    ready: Callable[[str, str], object] | None = None,
) -> Unsaved:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    file : path-like, optional
        A measured file or a saved session to open.
    port : int
        Port of 127.0.0.1; 0 takes a free one.
    ready : callable, optional
        Called once the server listens, with the address of the page, including the token, and with one that
        is valid once.

    Returns
    -------
    Unsaved
        What became of the sessions with unsaved changes.

    Raises
    ------
    SlxrdError
        If the file cannot be read, or the port is in use.
    """
    for logger in ("asyncio", "tornado.application", "bokeh.server.protocol_handler"):
        logging.getLogger(logger).addFilter(_is_failure)
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)  # it warns about closed tabs
    workspaces = Workspaces(_autosave_folder())
    first = workspaces.open(file) if file is not None else None
    port = _free_port(port)
    token = secrets.token_urlsafe(24)
    authentication = TokenAuthentication(token, port)
    pn.extension("filedropper", inline=False, design=PageDesign, raw_css=[DOCUMENT])

    def page() -> pn.Column:
        return _make_page(workspaces, first)

    origins = [f"{LOOPBACK}:{port}", f"localhost:{port}"]
    server = get_server(
        {"/": page},
        port=port,
        address=LOOPBACK,
        websocket_origin=origins,
        title="slxrd",
        show=False,
        start=False,
        auth_provider=authentication,
        websocket_max_message_size=_LARGEST_MESSAGE,
    )
    server._tornado.add_transform(SecurityHeaders)
    address = f"http://{LOOPBACK}:{port}{ENTRY}?token="
    if ready is not None:
        server.io_loop.add_callback(ready, address + token, address + authentication.make_ticket())
    ended_by: list[int] = []

    def end(number: int, _: object) -> None:
        ended_by.append(number)
        server.io_loop.add_callback_from_signal(server.io_loop.stop)

    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    threading.Thread(target=_preload, daemon=True).start()
    server.start()
    server.io_loop.start()
    workspaces.cancel_jobs()
    # Nobody reads where the files are when the terminal was closed: the next page offers the sessions, too.
    written = workspaces.save_unsaved(Path.cwd(), keep=_HANGUP in ended_by)
    return Unsaved(written, workspaces.close())


def _autosave_folder() -> AutosaveFolder | None:
    """Return the folder of autosaved sessions: of the user, or in the working directory, or None."""
    for root in (platformdirs.user_state_path("slxrd", appauthor=False), Path(".slxrd").absolute()):
        with contextlib.suppress(SlxrdError):
            return AutosaveFolder(root / "autosaved")
    return None


def _is_failure(record: logging.LogRecord) -> bool:
    """Log filter: closing a page while data are sent to it is not an error."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, WebSocketClosedError | StreamClosedError) and not _is_lost_already(error)


def _is_lost_already(error: BaseException | None) -> bool:
    """Whether something arrives from a connection that Bokeh has found closed by its ping."""
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, AssertionError) else []
    return bool(frames) and frames[-1].filename == inspect.getfile(ServerConnection)


def _preload() -> None:
    """Import what the first curve needs, while the user sees the first step."""
    from slxrd.fitting.search import initial_guess as initial_guess
    from slxrd.ui.app.plots import curves as curves


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            raise SlxrdError(f"port {port} cannot be used; choose another, or none for a free one") from None
        return int(probe.getsockname()[1])


def _make_page(workspaces: Workspaces, first: str | None) -> pn.Column:
    query = pn.state.session_args
    requested = query.get("session", [b""])[0].decode(errors="replace")
    dark = query.get("theme", [b""])[0] == b"dark"
    key = workspaces.find_or_create(requested or first)
    location = pn.state.location
    if location is not None:
        # With the key, the page finds its workspace again when it is reloaded.
        search = f"?session={key}" + ("&theme=dark" if dark else "")
        pn.state.onload(lambda: location.param.update(search=search))
    workspace, document = workspaces.get(key), pn.state.curdoc
    if document is not None:
        document.template = page_template()
        document.template_variables["static_frame"] = static_frame_html(
            workspace.session.state.file, STEPS, colours(dark)
        )
        document.js_on_event("document_ready", CustomJS(code=_FOLLOW_THEME))
        document.js_on_event("document_ready", CustomJS(code=LAYOUT_ONCE))
        document.js_on_event("connection_lost", CustomJS(code=_SHOW_CONNECTION_LOST))
        document.js_on_event("client_reconnected", CustomJS(code=_HIDE_CONNECTION_LOST))
    return Page(workspace, dark, workspaces.other_files(key), workspaces.autosaves).view
