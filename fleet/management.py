"""RabbitMQ's management interface: users, access rules, definitions."""

from __future__ import annotations

import base64
import http
import http.client
import json
import ssl
from typing import Any
from urllib.parse import quote

from fer_edge.errors import UnavailableError
from fleet.settings import FleetSettings


class Management:
    """Calls any member that answers. Raises UnavailableError where none does, or the broker refuses."""

    def __init__(self, settings: FleetSettings) -> None:
        self._broker = settings.broker
        token = base64.b64encode(f"{settings.broker.user}:{settings.broker.password()}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer as JSON, None where there is none."""
        payload = None if body is None else json.dumps(body)
        faults = []
        for member in self._broker.members:
            try:
                return self._ask(member.host, member.management, method, path, payload)
            except (OSError, http.client.HTTPException) as error:
                faults.append(f"{member.host}:{member.management}: {error}")
        raise UnavailableError(f"broker's management: {'; '.join(faults)}; is rabbitmq_management enabled?")

    def _ask(self, host: str, port: int, method: str, path: str, payload: str | None) -> Any:
        secure = self._broker.tls
        link = (
            http.client.HTTPSConnection(host, port, timeout=60, context=ssl.create_default_context())
            if secure
            else http.client.HTTPConnection(host, port, timeout=60)
        )
        try:
            link.request(method, f"/api/{path}", payload, self._headers)
            answer = link.getresponse()
            text = answer.read()
            gone = method == "DELETE" and answer.status == http.HTTPStatus.NOT_FOUND  # somebody was faster
            if answer.status >= 400 and not gone:
                said = text.decode(errors="replace")[:200]
                raise UnavailableError(f"broker's management refuses {method} {path}: {answer.status} {said}")
            return json.loads(text) if text and not gone else None
        finally:
            link.close()

    def mirror_subscriptions(self) -> None:
        """Let another member have a copy of the queues of nodes that subscribe to their requests with QoS 1.

        Such a queue is on the member that the node spoke to first and outlives it as a name: without a mirror the
        node is shut out for as long as that member is away. With QoS 0 it goes with its member, and needs none.
        RabbitMQ 4 has no mirrors.
        """
        if int(self.call("GET", "overview?columns=rabbitmq_version")["rabbitmq_version"].split(".")[0]) < 4:
            mirrored = {"ha-mode": "exactly", "ha-params": 2, "ha-promote-on-failure": "always"}
            policy = {"pattern": "^mqtt-subscription-.*qos1$", "apply-to": "queues", "definition": mirrored}
            self.call("PUT", "policies/%2F/mqtt-subscriptions", policy)

    def tagged_users(self) -> set[str]:
        """Users with a tag, such as administrator: people and programs; a node has none."""
        return {one["name"] for one in self.call("GET", "users?columns=name,tags") if any(one["tags"])}

    def permissions(self) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
        """Those of every user, and those for topics."""
        return self.call("GET", "permissions"), self.call("GET", "topic-permissions")

    def import_definitions(self, definitions: dict[str, Any]) -> None:
        """Many users and rules at once."""
        self.call("POST", "definitions", definitions)

    def delete_user(self, name: str) -> None:
        """Remove a user, if it is there."""
        self.call("DELETE", f"users/{quote(name, safe='')}")

    def close_connections(self, user: str) -> int:
        """Hang up on a user's connections; how many."""
        mine = [one["name"] for one in self.call("GET", "connections?columns=name,user") if one.get("user") == user]
        for name in mine:
            self.call("DELETE", f"connections/{quote(name, safe='')}")
        return len(mine)
