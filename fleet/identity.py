"""Who may speak: one user a node, who can write what is its own topics and nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from typing import Any

import psycopg

from fer_edge.errors import UsageError
from fleet.management import Management
from fleet.queues import EXCHANGE

_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_AT_ONCE = 250
"""Users in one request: the broker makes them one by one and has a minute to answer."""
_EVENTS, _SIGNALS = r"event\.(fatigue|attention|emotion|view)", r"vss\.Vehicle\.[A-Za-z.]+"
_WATCH = "watch-[0-9a-f]{8}"
_WRITTEN = rf"(status|camera|info|state|stats|{_EVENTS}|{_SIGNALS}|response\.[a-z]+)"


def rules(node: str, prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Permissions and topic permissions of a node's user, which ``fer-edge watch`` and ``doctor`` there use too."""
    queue = rf"^mqtt-subscription-fer-edge-({re.escape(node)}|{_WATCH})qos[01]$"  # of what a client has subscribed to
    general = {
        "user": node,
        "vhost": "/",
        "configure": queue,
        "write": rf"^amq\.topic$|{queue}",
        "read": rf"^amq\.topic$|{queue}",
    }
    topics = {
        "user": node,
        "vhost": "/",
        "exchange": EXCHANGE,
        "write": rf"^{prefix}\.{re.escape(node)}\.{_WRITTEN}$",
        "read": rf"^{prefix}\.{re.escape(node)}\.",
    }
    return general, topics


def password_hash(password: str) -> str:
    """As RabbitMQ keeps it: four random bytes and SHA-256 over them and the password."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def enrol(broker: Management, db: psycopg.Connection[Any], nodes: list[str], prefix: str) -> dict[str, str]:
    """Give nodes a user with a fresh password each, which is told once and not kept; name to password.

    Enrolling again gives a new password. Raises UsageError for a name that no node can have, or that is a person's or
    a program's: the broker would replace that user, and the fleet's own could not be used any more.
    """
    for node in nodes:
        if not _NODE.fullmatch(node):
            raise UsageError(f"{node!r}: a node's name has letters, digits, - and _, 63 at most")
    taken = broker.tagged_users().intersection(nodes)
    if taken:
        raise UsageError(f"{min(taken)!r}: is a user of the broker that is no node's; give the node another name")
    passwords = {node: secrets.token_urlsafe(24) for node in nodes}
    with db.transaction():  # no user in the broker that the database does not know
        db.cursor().executemany(
            "INSERT INTO enrolled (node) VALUES (%s) ON CONFLICT (node) DO UPDATE SET revoked_at = NULL",
            [(node,) for node in sorted(passwords)],
        )
        for start in range(0, len(nodes), _AT_ONCE):
            some = nodes[start : start + _AT_ONCE]
            broker.import_definitions(_definitions({node: passwords[node] for node in some}, prefix))
    return passwords


def refresh(broker: Management, db: psycopg.Connection[Any], prefix: str) -> int:
    """Bring the rules of nodes that were enrolled by another version up to date; how many. Passwords stay."""
    general, topics = broker.permissions()
    known = {one["user"] for one in general}
    nodes = [node for (node,) in db.execute("SELECT node FROM enrolled WHERE revoked_at IS NULL") if node in known]
    there = {tuple(sorted(one.items())) for one in (*general, *topics)}
    wanted = [rules(node, prefix) for node in nodes]
    old = [both for both in wanted if not there.issuperset(tuple(sorted(one.items())) for one in both)]
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        broker.import_definitions({"permissions": [a for a, _ in some], "topic_permissions": [b for _, b in some]})
    return len(old)


def _definitions(passwords: Mapping[str, str], prefix: str) -> dict[str, Any]:
    both = [rules(node, prefix) for node in passwords]
    return {
        "users": [
            {
                "name": node,
                "password_hash": password_hash(word),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
                "limits": {},
            }
            for node, word in passwords.items()
        ],
        "permissions": [general for general, _ in both],
        "topic_permissions": [topics for _, topics in both],
    }


def revoke(broker: Management, db: psycopg.Connection[Any], node: str) -> int:
    """Take a node's user away and hang up on it; how many connections it had. Its history stays.

    It counts as revoked only once the broker has done both: where that fails, it can be revoked again.
    """
    with db.transaction():
        known = db.execute(
            "UPDATE enrolled SET revoked_at = now() WHERE node = %s AND revoked_at IS NULL", (node,)
        ).rowcount
        if not known:
            raise UsageError(f"{node}: is not enrolled; fer-edge-fleet nodes lists those that are")
        broker.delete_user(node)
        return broker.close_connections(node)
