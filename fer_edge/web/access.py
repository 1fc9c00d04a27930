"""Who may look: the token, the names the page may be opened by, and the pages that may speak to it.

A browser lets any web page send requests to this machine. So a host name that is not ours is
refused (a foreign name can be pointed at 127.0.0.1), and what changes or reveals anything must
come from our own page.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from fer_edge.errors import ConfigError
from fer_edge.rights import readable_by_others
from fer_edge.settings import WebSettings

log = logging.getLogger(__name__)

CREDENTIAL = "web-token"
VARIABLE = "FER_EDGE_WEB_TOKEN"
COOKIE = "fer-edge"
SHORTEST = 16
"""Least characters of a token: what cannot be guessed at a few tries a second."""
HOW_TO_MAKE_ONE = (
    "head -c 18 /dev/urandom | base64 | sudo install -D -m 600 /dev/stdin /etc/credstore/fer-edge.web-token, "
    "then sudo systemctl restart fer-edge"
)


@dataclass(frozen=True)
class Access:
    """The rules for one page. ``token`` None lets everybody on this machine in."""

    token: str | None
    names: frozenset[str]

    @classmethod
    def of(cls, settings: WebSettings, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises ConfigError for an unreadable or short token, and for none where others could reach the page."""
        token = read_token(settings, environ)
        if token is None and reached_from_elsewhere(settings):
            reached = f"web.host: {settings.host} is reachable from other machines"
            if is_loopback(settings.host):
                reached = f"web.names: {settings.names[0]} is a name for other machines (a proxy)"
            raise ConfigError(
                [
                    f"{reached}, so a token is required; "
                    f"{HOW_TO_MAKE_ONE} (without the service: into FILE, with web.token_file: FILE)"
                ]
            )
        if token is not None and len(token) < SHORTEST:
            raise ConfigError([f"web.token_file: the token needs {SHORTEST} characters or more (has {len(token)})"])
        own = socket.gethostname().lower()
        return cls(token, frozenset({"localhost", own, f"{own}.local", *map(str.lower, settings.names)}))

    def host_allowed(self, host: str | None) -> bool:
        """Whether a Host header names this machine: an address, or one of our names."""
        name = _name(f"//{host}") if host else None
        return name is not None and (name in self.names or _address(name) is not None)

    def origin_allowed(self, origin: str | None, host: str | None) -> bool:
        """Whether an Origin header is that of our own page. A browser always sends one where it matters."""
        if not origin or not host:
            return False
        scheme, _, netloc = origin.partition("://")
        return scheme in ("http", "https") and netloc.lower() == host.lower()

    def right(self, token: str) -> bool:
        """Whether this is the token, in a time that tells nothing."""
        return self.token is not None and _same(token, self.token)

    def known(self, cookie: str | None) -> bool:
        """Whether a visitor may look: no token is needed, or the cookie was given for it."""
        return self.token is None or _same(cookie or "", self.cookie)

    @property
    def cookie(self) -> str:
        """What a visitor who gave the token carries: nothing that gives the token away."""
        return hashlib.sha256(f"fer-edge page {self.token}".encode()).hexdigest()


def read_token(settings: WebSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """From systemd's credential, else the environment, else ``token_file``; None where there is none."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory and (Path(directory) / CREDENTIAL).is_file():
        return _read(Path(directory) / CREDENTIAL)
    if environ.get(VARIABLE):
        return environ[VARIABLE].strip()
    return _read(Path(settings.token_file).expanduser()) if settings.token_file else None


def reached_from_elsewhere(settings: WebSettings) -> bool:
    """Whether other machines get to the page, by its address or by a name: whoever comes through a proxy on this
    machine seems to come from here.
    """
    return not is_loopback(settings.host) or bool(settings.names)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _same(given: str, ours: str) -> bool:
    # What a visitor sends may hold bytes that are no UTF-8, as lone surrogates.
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())


def _read(path: Path) -> str:
    if open_to := readable_by_others(path):
        log.warning("web.token_file: %s", open_to)
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "not UTF-8 text"
        raise ConfigError([f"web.token_file: {path} cannot be read ({why}); check name and permissions"]) from None


def _name(address: str) -> str | None:
    """The host of a URL in lower case without its port; None where it has none."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
