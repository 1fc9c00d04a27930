"""The page over HTTP: its static files, a door for the token, and one WebSocket a browser."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from fer_edge import words
from fer_edge.web.access import COOKIE
from fer_edge.web.doorkeeper import Tries
from fer_edge.web.visitor import Visitor, text

if TYPE_CHECKING:
    from fer_edge.web.access import Access
    from fer_edge.web.doorkeeper import Doorkeeper
    from fer_edge.web.hub import Hub

log = logging.getLogger(__name__)

STATIC = Path(__file__).with_name("static")
MOST_VISITORS = 16
ANSWER_S = 10.0
"""A request is read and answered in so long, or its connection is closed; a page that looks on is not meant."""
WRONG_TOKEN_S = 0.5
"""What a wrong token costs whoever tries."""
_KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_FILES = tuple(file.name for file in sorted(STATIC.iterdir()) if file.suffix in _KINDS)
_MONTH_S = 30 * 24 * 3600
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that a browser hides the Origin of our own form, too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The application; ``hub`` is told of every visitor. ``routes`` are further pages for those who may look."""

    def __init__(self, access: Access, hub: Hub, routes: Mapping[str, Handler] | None = None) -> None:
        self._access = access
        self._hub = hub
        self._tries = Tries()
        self.doorkeeper: Doorkeeper | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        self.app = web.Application(middlewares=[self._guard], client_max_size=4096)
        self.app.add_routes(
            [
                web.get("/", self._page),
                web.post("/enter", self._enter),
                web.get("/enter", _to_the_page),
                web.get("/live", self._live),
                *(web.get(f"/{name}", _file) for name in _FILES),
                web.get("/vocabulary.js", _vocabulary),
                *(web.get(path, self._for_visitors(handler)) for path, handler in (routes or {}).items()),
            ]
        )
        self.app.on_shutdown.append(self._say_goodbye)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses foreign host names; adds the headers that keep a browser strict; waits for nobody."""
        if self.doorkeeper is None:
            return await self._guarded(request, handler)
        with self.doorkeeper.serving(request.protocol):
            try:
                async with asyncio.timeout(None if request.path == "/live" else ANSWER_S):
                    return await self._guarded(request, handler)
            except TimeoutError:
                return _refused(408, f"the request was not complete within {ANSWER_S:g} s")

    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._access.host_allowed(request.headers.get("Host")):
            return _refused(403, "unknown host name; open the page by its address, or add the name to web.names")
        try:
            response = await handler(request)
        except web.HTTPException as fault:
            return _refused(fault.status, fault.reason)
        if not response.prepared:
            response.headers.update({name: value for name, value in _HEADERS.items() if name not in response.headers})
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        if not self._access.known(request.cookies.get(COOKIE)):
            return _door("", 401)
        return web.FileResponse(STATIC / "page.html")

    def _for_visitors(self, handler: Handler) -> Handler:
        """The same page for those who may look only; the others are shown the door."""

        async def known(request: web.Request) -> web.StreamResponse:
            if not self._access.known(request.cookies.get(COOKIE)):
                return _door("", 401)
            return await handler(request)

        return known

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        try:
            token = (await request.post()).get("token", "")
        except (LookupError, ValueError, web.RequestPayloadError):  # an unknown charset, no form, not packed as it says
            raise web.HTTPBadRequest(reason="not a form") from None
        if not self._tries.allowed:
            return _door("Too many wrong tokens. Please wait a moment.", 429)
        if not isinstance(token, str) or not self._access.right(token.strip()):
            self._tries.wrong()
            log.warning("live page: a wrong token from %s", request.remote)
            await asyncio.sleep(WRONG_TOKEN_S)
            return _door("Wrong token.", 401)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(COOKIE, self._access.cookie, max_age=_MONTH_S, httponly=True, samesite="Strict")
        return response

    async def _live(self, request: web.Request) -> web.StreamResponse:
        # These two first: a page that is not let in asks without a WebSocket, and so without Origin, what it is.
        if not self._access.known(request.cookies.get(COOKIE)):
            raise web.HTTPUnauthorized(reason="token required: open the page first")
        if len(self._hub.visitors) >= MOST_VISITORS:
            raise web.HTTPServiceUnavailable(reason=f"{MOST_VISITORS} browsers are already connected; close one")
        self._check_origin(request)
        # Compressing JPEG gains nothing, and a compressed message still being sent would outlive a closed page's task.
        socket = web.WebSocketResponse(heartbeat=15.0, max_msg_size=4096, timeout=0.2, compress=False)
        await socket.prepare(request)
        transport = request.transport
        visitor = Visitor(socket, transport.abort if transport else lambda: None)
        self._sockets.add(socket)
        try:
            with self._hub.visiting(visitor):
                await self._serve(socket, visitor)
        finally:
            self._sockets.discard(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, visitor: Visitor) -> None:
        """Send and listen until either ends."""
        sending = asyncio.create_task(visitor.keep_up())
        listening = asyncio.create_task(self._listen(socket, visitor))
        _, unfinished = await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
        for task in unfinished:
            task.cancel()
        results = await asyncio.gather(sending, listening, return_exceptions=True)
        for fault in results:
            # A browser that goes away in the middle of a message is nothing to tell.
            if isinstance(fault, Exception) and not isinstance(fault, ConnectionError):
                log.warning("live page: %r", fault)

    async def _listen(self, socket: web.WebSocketResponse, visitor: Visitor) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            said = _parsed(message.data)
            if "drawn" in said:
                visitor.drawn()
            if "look" in said:
                visitor.looking = said["look"] is True
                visitor.drawn()
                self._hub.pictures.look_again()
            if "ask" in said:
                values = {name: value for name, value in said.items() if name != "ask"}
                visitor.tell(text(await self._hub.carry_out(said["ask"], values)))

    def _check_origin(self, request: web.Request) -> None:
        if not self._access.origin_allowed(request.headers.get("Origin"), request.headers.get("Host")):
            raise web.HTTPForbidden(reason="only this node's own page may do that")

    async def _say_goodbye(self, _: web.Application) -> None:
        for socket in list(self._sockets):
            with suppress(ConnectionError):
                await socket.close(code=1001, message=b"the node stops")


class OneLine(logging.LoggerAdapter[logging.Logger]):
    """What aiohttp tells of faults, without tracebacks; a request that is no HTTP is its sender's."""

    def exception(self, msg: object, *args: object, exc_info: Any = None, **_more: Any) -> None:
        """One line of a fault."""
        fault = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1]
        level = logging.DEBUG if isinstance(fault, (HttpProcessingError, web.RequestPayloadError)) else logging.ERROR
        self.log(level, f"live page: {msg}: %r", *args, fault)


async def _file(request: web.Request) -> web.StreamResponse:
    path = STATIC / request.path.removeprefix("/")
    return web.FileResponse(path, headers={"Content-Type": _KINDS[path.suffix]})


async def _vocabulary(_: web.Request) -> web.StreamResponse:
    """The words of events, reasons and levels as a module, so that the page says what reports say."""
    lines = (f"export const {name} = {json.dumps(dict(said))};\n" for name, said in words.table().items())
    return web.Response(text="".join(lines), content_type="text/javascript")


async def _to_the_page(_: web.Request) -> web.StreamResponse:
    """Where a browser goes whose address still names the door: loaded again after a wrong token."""
    return web.Response(status=303, headers={"Location": "/"})


def _door(message: str, status: int) -> web.Response:
    text = (STATIC / "door.html").read_text("utf-8").replace("<!-- message -->", message)
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)


def _refused(status: int, reason: str) -> web.Response:
    return web.Response(text=f"{reason}\n", status=status, headers=_HEADERS)


def _parsed(text: str) -> Mapping[str, Any]:
    """What a browser says; anything but a JSON object says nothing."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
