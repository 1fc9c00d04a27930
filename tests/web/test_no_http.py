"""What speaks no HTTP, or half of it: it is refused, and neither a traceback nor a flood in the log."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest

from fer_edge.web.access import VARIABLE
from tests.web.nodes import Drive

FORM = (
    "POST /enter HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nConnection: close\r\nContent-Length: 7\r\n"
    "{1}\r\n\r\ntoken=a"
)


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    monkeypatch.setenv(VARIABLE, "a token of this test")
    drive = Drive().start()
    yield drive
    drive.close()


@pytest.mark.parametrize(
    "said",
    [
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that tries https first
        f"GET /{'a' * 9000} HTTP/1.1\r\nHost: {{0}}\r\n\r\n",
        FORM.replace("{1}", "Content-Type: application/x-www-form-urlencoded; charset=none"),
        FORM.replace("{1}", "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip"),
    ],
    ids=["https", "long", "charset", "gzip"],
)
def test_a_request_that_is_none_is_refused_without_a_word(
    drive: Drive, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), socket.create_connection(("127.0.0.1", drive.page.port or 0), 10) as client:
        client.sendall(said.replace("{0}", f"127.0.0.1:{drive.page.port}").encode("latin-1"))
        answer = client.makefile("rb").readline()
    assert answer.split()[1] == b"400"
    assert caplog.records == []
