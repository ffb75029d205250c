"""Who may come in: only a browser that was given the token of this run."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from bokeh.server.auth_provider import AuthProvider
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

#: Where a browser without the token is sent.
CLOSED = "/closed"
_COOKIE = "slxrd-token"
#: Seconds after which a connection that was let in stands.
SETTLED = 0.2


class Gate(AuthProvider):
    """Lets a request through that bears the token, in its address or in the cookie that the address set.

    The token is in the address that ``slxrd app`` opens. Other programs and other users of this machine
    can reach the port, but do not know it; pages of other origins get neither the cookie nor the socket.

    Parameters
    ----------
    token : str
        Of this run.
    port : int
        Cookies do not tell ports apart: two runs must not overwrite each other's.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"{_COOKIE}-{port}"
        super().__init__()

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        """What Bokeh asks for each page and each connection."""
        return self._user

    def _user(self, request: RequestHandler) -> str | None:
        if isinstance(request, WebSocketHandler):
            IOLoop.current().call_later(SETTLED, _without_delay, request)
        given = request.get_query_argument("token", "")
        if given and self._right(given):
            if not request.request.headers.get("Upgrade"):
                request.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
            return "user"
        return "user" if self._right(request.get_cookie(self._cookie) or "") else None

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    @property
    def login_url(self) -> str:
        """Where others are sent."""
        return CLOSED

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The page that they see."""
        return _Closed


def _without_delay(socket: WebSocketHandler) -> None:
    """Send each part of a message at once.

    TCP holds a part back until the one before is acknowledged, which takes 40 ms: a curve would follow a
    slider that much later.
    """
    if socket.ws_connection is not None and not socket.ws_connection.is_closing():
        socket.set_nodelay(True)


class _Closed(RequestHandler):
    def get(self, *_: Any) -> None:
        self.set_status(403)
        self.write(
            "<!doctype html><html lang='en'><title>slxrd</title>"
            "<body style='font:16px sans-serif;margin:3em'><h1>slxrd</h1>"
            "<p>This page opens only with the address that <code>slxrd app</code> printed: copy it as a "
            "whole, with what follows <code>token=</code>. If slxrd was started again, its address is a "
            "new one."
        )
