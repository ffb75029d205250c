"""What the page passes on and runs: headers, host, token, and texts of files that contain markup."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

SAVED = Path(__file__).parents[2] / "files" / "v0.1" / "fits" / "faint" / "result.json"
MARKUP = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"


def _get(server: str, path: str, **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(server)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", path, headers=headers)
    with contextlib.closing(connection), connection.getresponse() as answer:
        answer.read()
        return answer


def test_every_answer_has_the_headers(server: str) -> None:
    for path in ("/", "/open", "/static/js/bokeh.min.js", "/nothing"):
        answer = _get(server, path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "'unsafe-inline'" not in re.sub("style-src[^;]*;", "", policy)
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_only_the_own_host_with_the_token_gets_the_cookie(server: str) -> None:
    parts = urlsplit(server)
    entry = f"{parts.path}?{parts.query}"
    for host in ("evil.example", f"evil.example:{parts.port}", f"127.0.0.1.evil.example:{parts.port}"):
        answer = _get(server, entry, Host=host)
        assert (answer.status, answer.headers["Set-Cookie"]) == (403, None)
    answer = _get(server, entry)
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    token = parts.query.removeprefix("token=")
    assert token not in cookie
    value = cookie.split(";")[0]
    assert _get(server, "/", Cookie=value).status == 200
    assert _get(server, "/", Cookie=value, Host=f"evil.example:{parts.port}").status == 302
    assert _get(server, f"/?token={token}").status == 302


def test_the_token_is_not_in_the_address_nor_in_the_history(user: Any, server: str) -> None:
    token = urlsplit(server).query.removeprefix("token=")
    assert token not in user.page.url
    assert not any(token in request for request in user.requests[1:])
    assert token not in user.page.evaluate("document.referrer + document.cookie + document.body.innerHTML")
    user.page.go_back()
    assert token not in user.page.url


def test_a_ticket_is_valid_once() -> None:
    pytest.importorskip("panel")
    from slxrd.ui.app.serving.authentication import TokenAuthentication

    authentication = TokenAuthentication("token", 5000)

    def admit(given: str, host: str = "127.0.0.1:5000") -> bool:
        request = SimpleNamespace(
            request=SimpleNamespace(host=host),
            get_query_argument=lambda *_: given,
            set_cookie=lambda *_, **__: None,
        )
        return authentication.admit(request)  # type: ignore[arg-type]

    ticket = authentication.make_ticket()
    assert not admit("")
    assert not admit("ticket")
    assert not admit(ticket, "evil.example:5000")
    assert admit(ticket)
    assert not admit(ticket)
    assert admit("token")
    assert admit("token")


@pytest.mark.slow
def test_texts_of_a_saved_fit_are_not_run(user: Any, tmp_path: Path) -> None:
    document = json.loads(SAVED.read_text(encoding="utf-8"))
    document["regions"][0]["name"] = MARKUP
    document["printed"] = MARKUP
    document["notes"] = [MARKUP]
    document["log"] = [MARKUP]
    document["why_stopped"] = MARKUP
    document["input"]["file"] = f"{MARKUP.replace('/', '')}.csv"
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    user.drop(path)
    user.sees("The measured file is missing")
    for step in ("2 Regions", "3 Model", "4 Fit", "5 Save"):
        user.press(step)
        user.page.wait_for_timeout(500)
        assert user.page.title() == "slxrd"
        assert user.page.locator("img[onerror]").count() == 0
    assert user.errors == []
    # The second line of defence: markup that a writer forgot to escape does not run.
    user.page.evaluate("markup => { document.body.insertAdjacentHTML('beforeend', markup) }", MARKUP)
    user.page.wait_for_timeout(500)
    assert user.page.title() == "slxrd"
    assert user.errors
    user.errors.clear()
