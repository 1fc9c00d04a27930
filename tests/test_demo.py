"""The first thing a newcomer runs: it names itself, and has a page whatever else listens."""

from __future__ import annotations

import re
import socket

from fer_edge.commands.demo import _free_port
from tests.conftest import Run


def test_a_second_demo_has_a_page_of_its_own_at_the_next_free_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = _free_port(port)
    assert port < found < port + 20


def test_what_it_says_can_be_pasted(fer_edge: Run) -> None:
    done = fer_edge("demo", "--seconds", "2", "--set=camera.source=sim:alert")
    assert done.returncode == 0, done.stderr
    assert re.search(r"mosquitto_sub -h 127\.0\.0\.1 -p \d+ -t 'fer-edge/demo/#' -v", done.stderr)
    assert re.search(r"fer-edge watch --host 127\.0\.0\.1 --port \d+ --node demo", done.stderr)
    assert re.search(r"Look: http://127\.0\.0\.1:\d+/", done.stderr)
    assert re.search(r"status +online", done.stdout)
