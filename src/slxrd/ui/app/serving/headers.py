"""Headers of every answer: what a page may load and run, and what it passes on to other pages."""

from __future__ import annotations

import secrets

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

#: Functions of Bokeh's properties are compiled in the browser, which needs ``unsafe-eval``.
_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{host}; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class SecurityHeaders(OutputTransform):
    """Adds the headers; of the scripts in a page only those that the server wrote are run.

    Parameters
    ----------
    request : tornado.httputil.HTTPServerRequest
        The request that is answered.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        self._host = request.host

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the headers, and the nonce of this answer to its scripts."""
        nonce = secrets.token_urlsafe(16)
        headers["Referrer-Policy"] = "no-referrer"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce, host=self._host)
        if finishing and headers.get("Content-Type", "").startswith("text/html"):
            chunk = chunk.replace(b"<script", f'<script nonce="{nonce}"'.encode())
            headers["Content-Length"] = str(len(chunk))
        return status_code, headers, chunk
