"""Where it goes: the broker, and the browsers that may look at the live page."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fer_edge.commands.checkup.finding import Finding, fault
from fer_edge.errors import FerEdgeError, UnavailableError
from fer_edge.settings import Settings

BROKER_S = 6.0
"""A broker that has not accepted us after so long is called unreachable, seconds."""


def broker(settings: Settings) -> Iterator[Finding]:
    """The broker accepts us: name, TCP, TLS, user and password; one on this machine is open to others."""
    from fer_edge.commands import reach
    from fer_edge.sinks.subscriber import Subscriber

    mqtt = settings.mqtt
    where = f"{mqtt.host}:{mqtt.port}"
    if not mqtt.enabled:
        yield Finding("broker", "ok", "switched off (mqtt.enabled)")
        return
    reach.take_the_services_password()
    try:
        subscriber = Subscriber(mqtt, (f"{mqtt.topic_prefix}/{settings.node}/status",))
    except FerEdgeError as error:
        yield fault("broker", error)
        return
    ends = time.monotonic() + BROKER_S
    for _ in subscriber.messages(0.1):
        if subscriber.connected or subscriber.fault or time.monotonic() > ends:
            break
    if subscriber.connected:
        yield Finding("broker", "ok", f"{where}: accepts this node")
    else:
        why = subscriber.fault or f"{where}: no answer; check mqtt.host, mqtt.port and the network"
        why = reach.explained(mqtt, why.removeprefix("broker ").removesuffix("; reconnecting"))
        yield fault("broker", UnavailableError(why))
    up = subscriber.connected
    subscriber.close()
    if up and reach.is_here(mqtt.host) and (address := reach.own_address()) and not reach.listens(address, mqtt.port):
        says = f"{where}: reachable from this machine only (nothing listens on {address})"
        yield Finding("broker reach", "warn", says, f"fine if only this machine subscribes; otherwise {reach.GUIDE}")


def page(settings: Settings) -> Iterator[Finding]:
    """The live page is on: from where it can be opened, and whether its token lets the service start."""
    from fer_edge.commands import reach
    from fer_edge.web.access import Access, is_loopback

    web = settings.web
    if not web.enabled:
        return
    reach.take_the_services_token()
    try:
        Access.of(web)
    except FerEdgeError as error:
        finding = fault("page", error)
        if reach.hidden(reach.SERVICE_TOKEN):
            finding = Finding("page", "warn", finding.says, f"{finding.do}; if done: sudo fer-edge doctor")
        yield finding
        return
    says = "from other machines, with the token, unencrypted"
    if is_loopback(web.host):
        says = f"as {web.names[0]}, with the token" if web.names else "from this machine only, or through SSH"
    yield Finding("page", "ok", f"http://{web.host}:{web.port}/: {says} (docs/live-page.md)")
