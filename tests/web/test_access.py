"""Who may look at the page, and from where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import ConfigError
from fer_edge.settings import WebSettings
from fer_edge.web.access import Access, is_loopback, read_token

TOKEN = "a-long-enough-token"


def access(environ: dict[str, str] | None = None, **web: Any) -> Access:
    return Access.of(WebSettings(**web), environ or {})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "cab7.lan"])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.host: .* a token is required; .*web\.token_file"):
        access(host=host)
    assert access({"FER_EDGE_WEB_TOKEN": TOKEN}, host=host).token == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_this_machine_alone_needs_none(host: str) -> None:
    assert is_loopback(host)
    assert access(host=host).known(None)


def test_whoever_comes_through_a_proxy_needs_one_as_well() -> None:
    with pytest.raises(ConfigError, match=r"web\.names: cab7\.example .* a token is required"):
        access(names=["cab7.example"])
    assert not access({"FER_EDGE_WEB_TOKEN": TOKEN}, names=["cab7.example"]).known(None)


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="16 characters or more"):
        access({"FER_EDGE_WEB_TOKEN": "secret"})


def test_the_token_comes_from_systemd_then_the_environment_then_the_file(tmp_path: Path) -> None:
    (tmp_path / "web-token").write_text("from-the-credential\n")
    (tmp_path / "file").write_text("from-the-token-file\n")
    settings = WebSettings(token_file=str(tmp_path / "file"))
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "FER_EDGE_WEB_TOKEN": "from-the-environment"}
    assert read_token(settings, environ) == "from-the-credential"
    assert read_token(settings, {"FER_EDGE_WEB_TOKEN": "from-the-environment"}) == "from-the-environment"
    assert read_token(settings, {}) == "from-the-token-file"
    with pytest.raises(ConfigError, match=r"missing.*cannot be read"):
        read_token(WebSettings(token_file=str(tmp_path / "missing")), {})


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8060", True),
        ("[::1]:8060", True),
        ("192.168.1.7:8060", True),
        ("LOCALHOST:8060", True),
        ("cab7.lan", True),
        ("evil.example:8060", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        (None, False),
        ("[::1", False),
    ],
)
def test_only_addresses_and_own_names_open_the_page(host: str | None, allowed: bool) -> None:
    assert access({"FER_EDGE_WEB_TOKEN": TOKEN}, names=["Cab7.lan"]).host_allowed(host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8060", True),
        ("https://127.0.0.1:8060", True),
        ("http://127.0.0.1:9000", False),
        ("http://localhost:8060", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        (None, False),
        ("file://127.0.0.1:8060", False),
        ("http://[127.0.0.1:8060", False),
        ("http://127.0.0.1:8060/other", False),
    ],
)
def test_only_our_own_page_may_speak_to_the_node(origin: str | None, allowed: bool) -> None:
    assert access().origin_allowed(origin, "127.0.0.1:8060") is allowed


def test_the_cookie_opens_the_page_and_does_not_give_the_token_away() -> None:
    guarded = access({"FER_EDGE_WEB_TOKEN": TOKEN})
    assert guarded.known(guarded.cookie) and TOKEN not in guarded.cookie
    assert not guarded.known(None) and not guarded.known(TOKEN) and not guarded.known("é")
    assert guarded.right(TOKEN) and not guarded.right(TOKEN + "x") and not guarded.right("é")
    assert not guarded.known("\udcff") and not guarded.right("\udcff"), "bytes that are no text"
    assert guarded.cookie != access({"FER_EDGE_WEB_TOKEN": TOKEN + "x"}).cookie
