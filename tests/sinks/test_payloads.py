"""Payloads are exactly what the contract and the schemas say."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.core import EMOTIONS, DriverState, Lens, Level, OpenEvent, Phase
from fer_edge.settings import Settings
from fer_edge.sinks.payloads import (
    event_payload,
    frame_line,
    info_payload,
    rounded,
    state_payload,
    stats_payload,
    without_credentials,
)
from tests.sinks.examples import ALL_KNOWN, KIOSK, NOTHING_KNOWN, STATE, event
from tests.sinks.schemas import conform

TIME = "2026-11-20T08:03:11.412Z"


def test_event_is_the_contracts_example() -> None:
    payload = event_payload(
        event(phase=Phase.UPDATE, event_type="sleep", level=Level.CRITICAL, held_s=3.02, perclos=0.21, coverage=0.94),
        id="7c1e9a02-411",
        seq=412,
        time=TIME,
        time_ok=True,
    )
    assert json.dumps(payload, separators=(",", ":")) == (
        '{"v":1,"id":"7c1e9a02-411","seq":412,"category":"fatigue","event_type":"sleep","phase":"update",'
        '"level":"critical","time":"2026-11-20T08:03:11.412Z","time_ok":true,"historical":false,'
        '"held_s":3.02,"perclos":0.21,"coverage":0.94}'
    )
    conform("event", payload)


@pytest.mark.parametrize("state", [STATE, DriverState(at=0.0), KIOSK, replace(STATE, paused_s=12.0)])
def test_state_conforms(state: DriverState) -> None:
    conform("state", state_payload(state, ids={7: "7c1e9a02-411"}, time=TIME, time_ok=True))


def test_state_leaves_nothing_out() -> None:
    payload = state_payload(STATE, time=TIME, time_ok=True)
    renamed = {"at": "time", "people": "v"}
    assert {renamed.get(field.name, field.name) for field in fields(DriverState)} <= set(payload)
    assert payload["open_events"] == [{"id": None, "event_type": "sleep", "level": "critical", "held_s": 3.02}]


def test_unknown_stays_null() -> None:
    payload = state_payload(DriverState(at=0.0), time=TIME, time_ok=True)
    unknown = ("present", "level", "emotion", "emotions", "eyes_closed", "perclos", "yaw", "fps")
    assert {name: payload[name] for name in unknown} == dict.fromkeys(unknown)


def test_frame_is_the_contracts_example() -> None:
    line = frame_line(replace(ALL_KNOWN, people=(), face=replace(ALL_KNOWN.face, track=None)))
    assert line == {
        "kind": "frame",
        "n": 12,
        "t": 0.4,
        "face": {"box": [221, 140, 98, 98], "score": 0.971},
        "faces": 1,
        "eye_left": 0.812,
        "eye_right": 0.79,
        "eyes_closed": 0.03,
        "eyes_lowered": None,
        "eyes_narrowed": None,
        "eyes_down": None,
        "mouth_open": 0.01,
        "mouth_width": 0.812,
        "yaw": -3.1,
        "pitch": 1.2,
        "roll": 0.4,
        "gaze_yaw": None,
        "gaze_pitch": None,
        "emotions": {
            "angry": 0.02,
            "disgust": 0.0,
            "fear": 0.01,
            "happy": 0.05,
            "sad": 0.04,
            "surprise": 0.01,
            "neutral": 0.87,
        },
        "quality": {"brightness": 0.48, "sharpness": 0.7, "contrast": 0.2, "saturated": 0.01},
        "lens": "clear",
    }


@pytest.mark.parametrize("signals", [ALL_KNOWN, NOTHING_KNOWN])
def test_frame_conforms(signals: Any) -> None:
    conform("replay", frame_line(signals))


number = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
share = st.one_of(st.none(), st.floats(0, 1), st.just(math.nan))


@given(
    st.builds(
        DriverState,
        at=st.floats(0, 1e9),
        present=st.one_of(st.none(), st.booleans()),
        level=st.one_of(st.none(), st.sampled_from(Level)),
        open_events=st.lists(
            st.builds(
                OpenEvent,
                key=st.integers(1, 99),
                event_type=st.sampled_from(["sleep", "yawn"]),
                level=st.sampled_from([level for level in Level if level is not Level.NONE]),
                since=st.floats(0, 2e9),
            ),
            max_size=3,
        ).map(tuple),
        emotions=st.one_of(st.none(), st.dictionaries(st.sampled_from(EMOTIONS), share)),
        perclos=share,
        coverage=share,
        yaw=number,
        pitch=number,
        roll=number,
        lens=st.sampled_from(Lens),
        paused_s=st.one_of(st.none(), st.floats(0, 3600)),
    )
)
def test_any_state_is_json_and_conforms(state: DriverState) -> None:
    conform("state", state_payload(state, time=TIME, time_ok=False))


def test_stats_conform_and_numbers_of_any_kind_become_json() -> None:
    import numpy as np

    stats = stats_payload(
        {"fps": np.float32(29.97001), "latency_ms_p50": math.nan, "memory_mb": np.float64(93.12345), "frames": 3},
        time=TIME,
        time_ok=True,
    )
    assert (stats["fps"], stats["latency_ms_p50"], stats["memory_mb"]) == (29.97, None, 93.123)
    whole = {**stats, "outbox": {"storage": "disk", "waiting": 0, "dropped": 0}, "requests_dropped": 0}
    conform("stats", whole)
    assert rounded({"a": (1, object)})["a"][0] == 1


def test_info_shows_no_secret() -> None:
    settings = Settings.model_validate(
        {
            "camera": {"source": "rtsp://admin:hunter2@cam.local/live?password=hunter2&size=1"},
            "mqtt": {
                "username": "hunter2",
                "password_file": "/run/hunter2",
                "tls": {"enabled": True, "cert_file": "c.pem", "key_file": "/run/hunter2.key"},
            },
            "alarm": {"commands": [{"run": ["/usr/bin/curl", "-u", "hunter2", "https://alarm.local"]}]},
        }
    )
    outbox = {"storage": "disk", "reason": None, "dropped": 0}
    payload = info_payload(settings, [{"name": "expression", "sha256": "0" * 64, "runtime": "litert"}], outbox)
    assert "hunter2" not in json.dumps(payload)
    assert payload["configuration"]["camera"]["source"] == "rtsp://cam.local/live?password=…&size=1"
    assert payload["configuration"]["alarm"]["commands"][0]["run"] == ["/usr/bin/curl"]
    conform("info", payload)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://u:secret@host/x",
        "http://secret@host",
        "rtsp://u:se/secret@host/x",
        "rtsp://u:sec@secret@host/x",
        "rtsp://u:secret with blanks, secret@host/x",
        "u:secret@host:554/x",
        "rtsp:u:secret@host",
        "http://host/v?a=1&access_token=secret",
        "http://host/v?PASSWORD=secret#x",
        "http://host/v?user=secret&pwd=secret",
        "http://host/v?usr=secret&pwd=secret",
        "http://host/v?usr=secret&psw=secret with blanks",
        "http://host/v?loginuse=secret&pas=secret",
        "rtsp://host:554/user=secret&password=secret&channel=1&stream=0.sdp",
        "rtsp://host:554/user=secret_password=secret_channel=1_stream=0.sdp",
    ],
)
def test_credentials_are_cut_from_addresses(address: str) -> None:
    assert "secret" not in without_credentials(address)
    assert "host" in without_credentials(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0", "/dev/video0", "sim:demo", "rtsp://host:554/live?size=1", "http://host/user/tokens/v?a=1"),
        *("/home/me@work/a.mp4", "sim:/home/me@work/a.txt", r"C:\clips\me@work.mp4"),
    ],
)
def test_harmless_addresses_stay(address: str) -> None:
    assert without_credentials(address) == address
