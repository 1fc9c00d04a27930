"""Settings of the live page."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from pydantic import Field

from fer_edge.settings.base import Section


class WebSettings(Section):
    """The live page (extra web). Plain HTTP: from outside your network, use SSH, a VPN or a TLS proxy."""

    enabled: bool = Field(False, description="show the live page")
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        max_length=253,
        description="address it listens on; anything other than 127.0.0.1, ::1 or localhost requires a token",
    )
    port: int = Field(8060, ge=0, le=65535, description="port it listens on; 0: any free port, written to the log")
    token_file: str | None = Field(
        None,
        description="file with the access token (16 characters or more); "
        "a credential web-token or FER_EDGE_WEB_TOKEN takes precedence",
    )
    names: list[str] = Field(
        [],
        description="additional host names of the page, for example [cab7.lan], besides addresses and this machine; "
        "they require a token",
    )
    fps: float = Field(
        10.0, gt=0, le=10, description="maximum pictures per second, encoded only while somebody is looking"
    )
    width: int = Field(640, ge=160, le=1920, description="wider pictures are scaled down to this width, pixels")
    quality: int = Field(75, ge=20, le=95, description="JPEG quality of the pictures")
    history_s: float = Field(300.0, ge=30, le=3600, description="length of the timeline, seconds")

    def url(self, hostname: str) -> str | None:
        """Where other machines find the page of the machine of that name; None where they do not."""
        if not self.enabled or not self.port or self.host.lower() == "localhost":
            return None
        name = self.host
        with suppress(ValueError):
            address = ipaddress.ip_address(self.host)
            if address.is_loopback:
                return None
            if address.is_unspecified:  # every address: by name then
                name = self.names[0] if self.names else f"{hostname.lower()}.local"
            elif address.version == 6:
                name = f"[{self.host}]"
        return f"http://{name}:{self.port}/"
