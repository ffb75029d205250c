"""Authentication: only a browser that has the token of this run is admitted."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

#: Path of the address that the program prints; a browser without the cookie is redirected to it.
ENTRY = "/open"
_COOKIE = "slxrd-token"
#: Seconds after which an accepted connection is open.
OPEN_AFTER = 0.2


class TokenAuthentication(AuthProvider):
    """Admits browsers that have the cookie, which they get at the address with the token.

    That address is replaced by one without the token, which remains neither in the history of the browser nor
    in links. Other programs and other users of this machine can reach the port but do not know the token;
    pages of other origins get neither the cookie nor the socket, and names of other hosts are refused.

    Parameters
    ----------
    token : str
        Token of this run.
    port : int
        Part of the cookie's name: cookies are shared between ports, and two runs must not overwrite each
        other's.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token, self._value = token, secrets.token_urlsafe(24)
        self._tickets: set[str] = set()
        shown = "" if port == 80 else f":{port}"  # browsers leave out the usual port
        self._hosts = {f"127.0.0.1{shown}", f"localhost{shown}"}
        self._cookie = f"{_COOKIE}-{port}"
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """Function that Bokeh calls for each page and each connection; it returns None to refuse."""
        return self._user

    def _user(self, request: RequestHandler) -> str | None:
        if isinstance(request, WebSocketHandler):
            IOLoop.current().call_later(OPEN_AFTER, _without_delay, request)
        cookie = request.get_cookie(self._cookie) or ""
        return "user" if self._is_own_host(request) and _are_equal(cookie, self._value) else None

    def _is_own_host(self, request: RequestHandler) -> bool:
        """Whether the address has this host; another name may have been made to lead here by its owner."""
        return request.request.host in self._hosts

    def make_ticket(self) -> str:
        """Return a token that is valid once, for the argument of a browser, which other users can see."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    def admit(self, request: RequestHandler) -> bool:
        """Set the cookie if the request has the token, or a ticket that was not used yet.

        Parameters
        ----------
        request : tornado.web.RequestHandler
            Request of the entry page.
        """
        given = request.get_query_argument("token", "")
        used = next((ticket for ticket in self._tickets if _are_equal(ticket, given)), None)
        if not self._is_own_host(request) or not (_are_equal(given, self._token) or used is not None):
            return False
        self._tickets.discard(used or "")
        request.set_cookie(self._cookie, self._value, httponly=True, samesite="Strict")
        return True

    @property
    def login_url(self) -> str:
        """Path that other browsers are redirected to."""
        return ENTRY

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Handler of the page that exchanges the token for the cookie, or refuses a browser without it."""
        return _EntryPage


def _are_equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _without_delay(socket: WebSocketHandler) -> None:
    """Switch off Nagle's algorithm.

    Otherwise TCP delays the second part of a message by up to 40 ms, until the first is acknowledged, and the
    curve follows the slider that much later.
    """
    if socket.ws_connection is not None and not socket.ws_connection.is_closing():
        socket.set_nodelay(True)


class _EntryPage(RequestHandler):
    def get(self, *_: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        if self.application.auth_provider.admit(self):
            # A redirection would not get the cookie if the address was opened from another page.
            self.write(
                "<!doctype html><html lang='en'><title>slxrd</title><style>:root{color-scheme:light dark}"
                "body{font:16px system-ui,sans-serif;margin:48px}</style><body><h1>slxrd</h1>"
                "<p>Preparing the <a href='/'>page</a> …</p>"
                "<script>const dark = matchMedia('(prefers-color-scheme: dark)').matches\n"
                "location.replace(dark ? '/?theme=dark' : '/')</script>"
            )
            return
        self.set_status(403)
        self.write(
            "<!doctype html><html lang='en'><title>slxrd</title>"
            "<body style='font:16px sans-serif;margin:3em'><h1>slxrd</h1>"
            "<p>This page opens only with the full address that <code>slxrd app</code> printed, including "
            "the part after <code>token=</code>. Each start of slxrd has a new address."
        )
