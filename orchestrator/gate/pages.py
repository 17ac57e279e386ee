"""The gate's own plain answers: one sentence each, as a page for people and as JSON for programs."""

from __future__ import annotations

import html

from aiohttp import web

from .headers import own_headers

__all__ = ["is_navigation", "page", "redirect"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1.2rem/1.5 Arial,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}}</style></head>
<body><main><h1>{title}</h1><p>{sentence}</p>{more}</main></body></html>
"""


def is_navigation(request: web.BaseRequest) -> bool:
    """Tell whether a person's browser is opening this address as a page."""
    if request.method not in {"GET", "HEAD"}:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")


def page(
    request: web.BaseRequest,
    status: int,
    sentence: str,
    *,
    link: tuple[str, str] | None = None,
    retry: int | None = None,
) -> web.Response:
    """Return one sentence with a status: a page for a navigation, problem JSON for anything else."""
    headers = {**own_headers(scripts=False), "Cache-Control": "no-store"}
    if retry is not None:
        headers |= {"Retry-After": str(retry), "Refresh": str(retry)}
    if not is_navigation(request):
        body = {"status": status, "message": sentence}
        return web.json_response(body, status=status, headers=headers)
    more = f'<p><a href="{html.escape(link[0])}">{html.escape(link[1])}</a></p>' if link else ""
    text = _PAGE.format(title=_TITLES.get(status, "Not possible"), sentence=html.escape(sentence), more=more)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=headers)


def redirect(url: str, *, cookies: tuple[str, ...] = ()) -> web.Response:
    """Send the browser to ``url``, with the gate's own cookies."""
    response = web.Response(status=303, headers={**own_headers(scripts=False), "Cache-Control": "no-store"})
    response.headers["Location"] = url
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


_TITLES = {
    401: "Sign on first",
    403: "Refused",
    404: "Not found",
    413: "Too large",
    421: "Wrong host",
    424: "Not running",
    502: "No proper answer",
    503: "Not ready",
}
