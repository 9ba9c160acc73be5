"""Every page: headers, caching, methods, hosts. A new route fails here until it is in the table."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from tests.security.desk import Desk

#: Route -> what a plain GET answers, and how it may be cached.
PAGES = {
    "/healthz": ((200,), "no-store"),
    "/readyz": ((200, 503), "no-store"),
    "/metrics": ((200, 403, 404), "no-store"),
    "/status": ((200,), "public"),
    "/status.json": ((200,), "public"),
    "/status/feed": ((200,), "public"),
    "/status.css": ((200,), "public"),
    "/slack/events": ((405,), "no-store"),
}
#: Pages that exist on this machine only; under any other name there is nothing.
LOCAL = {
    "/local", "/local/sign-in", "/local/sign-out", "/local/open", "/local/local.css",
    "/local/{number}", "/local/{number}/{verb}", "/local/{number}/question",
}  # fmt: skip
ODD = ["/", "/static/", "/status/", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/.env", "/.git/config",
       "//evil.example/x", "/status.css/../../bootstrap.py", "/slack", "/status%00", "/status?x=<script>"]  # fmt: skip


def _routes(desk: Desk) -> set[str]:
    app = desk.http._transport.app  # type: ignore[attr-defined]
    return {route.path for route in app.routes if isinstance(route, Route)}


async def test_every_route_is_in_the_table(desk: Desk) -> None:
    known = set(PAGES) | LOCAL
    assert _routes(desk) - known == set(), "say in this file how the new page answers"


@pytest.mark.parametrize("path", sorted(LOCAL - {"/local/local.css"}))
async def test_pages_of_this_machine_are_not_there_for_others(desk: Desk, path: str) -> None:
    path = path.replace("{number}", "1").replace("{verb}", "note")
    for headers in (
        {},
        {"x-forwarded-for": "127.0.0.1", "host": "localhost"},
        {"host": "evil.example"},
    ):
        for method in ("GET", "POST"):
            answer = await desk.http.request(method, path, headers=headers)
            assert answer.status_code in (404, 405) and "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", [*PAGES, *ODD])
async def test_headers_that_every_answer_carries(desk: Desk, path: str) -> None:
    answer = await desk.http.get(path)
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "script" not in policy and "unsafe" not in policy and "*" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers and "server" not in headers
    assert "access-control-allow-origin" not in headers
    if path in PAGES:
        statuses, caching = PAGES[path]
        assert answer.status_code in statuses
        if answer.status_code == 200:
            assert caching in headers["cache-control"]
    elif "?" not in path:
        assert answer.status_code in (307, 404) and "Index of" not in answer.text
    location = headers.get("location", "")
    assert "evil.example" not in location


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/metrics"])
async def test_other_methods(desk: Desk, path: str) -> None:
    if path == "/slack/events":
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"):
            assert (await desk.http.request(method, path)).status_code == 405
        return
    head = await desk.http.head(path)
    assert head.status_code in PAGES[path][0] and head.text == ""
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        answer = await desk.http.request(method, path)
        assert answer.status_code == 405 and answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:1", "127.0.0.1", "a" * 300, "x y", ""]
)
async def test_no_page_believes_the_host_header(desk: Desk, host: str) -> None:
    for path in PAGES:
        answer = await desk.http.get(path, headers={"host": host, "x-forwarded-host": host})
        assert "evil.example" not in answer.text + str(answer.headers)
        assert answer.status_code < 500 or path == "/readyz"


async def test_over_tls_browsers_are_told_to_stay(desk: Desk) -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from bot.web.headers import SecurityHeaders

    for tls in (True, False):
        with TestClient(SecurityHeaders(Starlette(), tls=tls)) as client:  # type: ignore[arg-type]
            answer = client.get("/")
        assert ("strict-transport-security" in answer.headers) is tls
