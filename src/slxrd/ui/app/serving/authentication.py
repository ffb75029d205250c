"""Authentication: only a browser that has the token of this run is admitted."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

#: Path that a browser without the token is redirected to.
REFUSED = "/closed"
_COOKIE = "slxrd-token"
#: Seconds after which an accepted connection is open.
OPEN_AFTER = 0.2


class TokenAuthentication(AuthProvider):
    """Admits requests that have the token in their address or in a cookie.

    ``slxrd app`` opens the address with the token, and the first answer sets the cookie. Other programs and
    other users of this machine can reach the port but do not know the token; pages of other origins get
    neither the cookie nor the socket.

    Parameters
    ----------
    token : str
        Token of this run.
    port : int
        Part of the cookie's name: cookies are shared between ports, and two runs must not overwrite each
        other's.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"{_COOKIE}-{port}"
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """Function that Bokeh calls for each page and each connection; it returns None to refuse."""
        return self._user

    def _user(self, request: RequestHandler) -> str | None:
        if isinstance(request, WebSocketHandler):
            IOLoop.current().call_later(OPEN_AFTER, _without_delay, request)
        given = request.get_query_argument("token", "")
        if given and self._is_token(given):
            if not request.request.headers.get("Upgrade"):
                request.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
            return "user"
        return "user" if self._is_token(request.get_cookie(self._cookie) or "") else None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    @property
    def login_url(self) -> str:
        """Path that other browsers are redirected to."""
        return REFUSED

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Handler of the page that other browsers see."""
        return _RefusedPage


def _without_delay(socket: WebSocketHandler) -> None:
    """Switch off Nagle's algorithm.

    Otherwise TCP delays the second part of a message by up to 40 ms, until the first is acknowledged, and the
    curve follows the slider that much later.
    """
    if socket.ws_connection is not None and not socket.ws_connection.is_closing():
        socket.set_nodelay(True)


class _RefusedPage(RequestHandler):
    def get(self, *_: Any) -> None:
        self.set_status(403)
        self.write(
            "<!doctype html><html lang='en'><title>slxrd</title>"
            "<body style='font:16px sans-serif;margin:3em'><h1>slxrd</h1>"
            "<p>This page opens only with the full address that <code>slxrd app</code> printed, including "
            "the part after <code>token=</code>. Each start of slxrd has a new address."
        )
