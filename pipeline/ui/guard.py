"""What keeps the UI to the person who started it: addresses, tokens, and headers. Pure functions, and one ASGI layer of them.

Reading needs no token while only this machine is listened to; everything that changes something needs the cookie of the first
visit with the token, a form that this server made, and the address of this server as the origin.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

#: No scripts, styles or connections but our own; nobody may frame a page, and no form sends elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": browsers then send no origin with a form.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The host of a Host header, without its port and brackets; empty when it is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True)
class Guard:
    """The rules of one server.

    Attributes:
        host: the address that is listened to.
        port: its port; part of the cookie's name, as browsers give a cookie to all ports of a host.
        token: what proves that a visitor may change things; printed once with the address.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def local(self) -> bool:
        """Whether only this machine is listened to."""
        return is_loopback(self.host)

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return f"retrain_ui_{self.port}"

    @property
    def form_token(self) -> str:
        """What every form of ours carries."""
        return hmac.new(self.session.encode(), b"form", hashlib.sha256).hexdigest()

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this server: an address, never a name that somebody else's name server may point here.

        The port is free, so that a forwarded port works.
        """
        host = host_of(header)
        if is_loopback(host) or host == self.host:
            return True
        try:
            return not self.local and bool(ipaddress.ip_address(host))
        except ValueError:
            return False

    def may_act(self, cookies: str) -> bool:
        """Whether a visitor has come with the token before."""
        try:
            morsel = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return morsel is not None and hmac.compare_digest(morsel.value.encode(), self.session.encode())

    def is_token(self, given: str) -> bool:
        """Whether it is the token of this server."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def why_not(self, host: str, origin: str, cookies: str, form_token: str) -> str | None:
        """Why a request that changes something is refused, in a sentence; None when it may pass."""
        if not self.may_act(cookies):
            return "This needs the token: open the address that `retrain ui` printed, with its ?token=, once."
        if urlsplit(origin).netloc != host or not host or urlsplit(origin).scheme != "http":
            return "This form was sent from another page. Open the page here and send it again."
        if not hmac.compare_digest(form_token.encode(), self.form_token.encode()):
            return "This form is not of this server, or of an earlier start of it. Load the page again."
        return None


class GuardLayer:
    """Refuses requests for other hosts, and puts the headers on every response."""

    def __init__(self, app: Any, guard: Guard):
        self._app, self._guard = app, guard

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                there = {k.lower() for k, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        if self._guard.knows_host(headers.get("host", "")):
            await self._app(scope, receive, guarded)
            return
        body = b"This server answers only to its own address.\n"
        start = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await guarded({"type": "http.response.start", "status": 421, "headers": start})
        await guarded({"type": "http.response.body", "body": body})
