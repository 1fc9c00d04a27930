"""Parts of the benchmark that need no run: what was heard of a daemon, how exactly events start."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fer_edge import config
from fer_edge.benchmark import starts, tables
from fer_edge.benchmark.brokers import reached
from fer_edge.benchmark.process import Heard, configuration
from fer_edge.monitoring.simulation import Camera
from fer_edge.settings import Settings


def test_the_first_of_each_kind_of_message_counts() -> None:
    heard = Heard("fer-edge/cab/", began=100.0)
    heard.hear("fer-edge/cab/status", b"online", 100.5)
    heard.hear("fer-edge/cab/state", b'{"present":false}', 100.6)
    heard.hear("fer-edge/cab/state", b'{"present":true}', 101.0)
    heard.hear("fer-edge/cab/state", b'{"present":true}', 102.0)
    heard.hear("fer-edge/cab/event/fatigue", b'{"event_type":"microsleep"}', 104.0)
    heard.hear("fer-edge/cab/event/view", b'{"event_type":"absent"}', 105.0)
    assert (heard.online_s, heard.face_s, heard.event_s, heard.messages) == (0.5, 1.0, 4.0, 6)
    assert heard.event_type == "microsleep"
    said = {"fps": 15.0, "cpu_percent": 7.0, "memory_mb": 100.0, "first_state_with_face_s": 1.0}
    told = tables.text({"daemon": {**said, "first_event_s": heard.event_s, "first_event": heard.event_type}})
    assert "the first event (microsleep) 4.00 s after the start" in told
    assert "first event" not in tables.text({"daemon": {**said, "first_event_s": None, "first_event": None}})


def test_starts_are_within_where_they_are_no_more_than_two_tenths_off() -> None:
    assert starts.share_within([0.0, -0.2, 0.21, float("inf")]) == 0.5
    row = {"fps": 15, "planted": 300, "within_0_2_s": 0.9867, "furthest_s": None}
    assert "98.7% of 300 within 0.2 s, some never told" in "\n".join(starts.lines([row]))


@pytest.mark.parametrize("kind", ["microsleep", "sleep", "yawn", "distracted"])
def test_every_kind_is_planted_with_the_time_at_which_it_is_due(kind: str) -> None:
    story, due = starts.planted(8, seed=1, after_s=starts.due_s(Settings()))
    times = [at for planted, at in due if planted == kind]
    assert len(times) == (4 if kind == "microsleep" else 2)
    assert all(20 < at < story.seconds for at in times)


def test_what_is_due_late_still_ends_before_the_next_begins() -> None:
    after_s = starts.due_s(Settings()) | {"distracted": 40.0}
    story, due = starts.planted(8, seed=1, after_s=after_s)
    begun = sorted({round(at - after_s[kind], 6) for kind, at in due})
    assert max(at for _, at in due) + 2 < story.seconds
    assert min(after - before for before, after in pairwise(begun)) > 45


def test_starts_are_measured_against_the_thresholds_in_force() -> None:
    tuned = {"closure": {"microsleep_s": 2.0, "sleep_s": 4.0}, "yawn": {"open_s": 2.5}, "distraction": {"long_s": 5.0}}
    late = starts.lateness(Camera(25), 1, Settings.model_validate({"monitoring": tuned}), count=4)
    assert len(late) == 5 and starts.share_within([x for x, _ in late]) == 1


def test_the_daemon_measured_has_these_settings_but_its_own_clip_broker_and_no_alarm(tmp_path: Path) -> None:
    configured = Settings.model_validate(
        {
            "node": "cab-7",
            "camera": {"source": "csi:0", "rotation": 180},
            "perception": {"detector": {"kind": "haar", "width": 240}},
            "mqtt": {"host": "far.away", "username": "cab-7", "topic_prefix": "cars", "tls": {"enabled": True}},
            "alarm": {"gpio": {"pin": 17}},
            "web": {"enabled": True},
        }
    )
    local = configured.model_copy(update={"mqtt": reached(configured.mqtt, 2883)})
    file = tmp_path / "config.yaml"
    file.write_text(configuration(local, tmp_path / "clip.avi", 15.0, str(tmp_path)))
    read = config.load(file)
    assert (read.node, read.perception) == (configured.node, configured.perception)
    assert (read.camera.source, read.camera.loop, read.camera.fps) == (str(tmp_path / "clip.avi"), True, 15.0)
    assert read.camera.rotation == 0, "the clip is turned already"
    assert (read.mqtt.host, read.mqtt.port, read.mqtt.topic_prefix) == ("127.0.0.1", 2883, "cars")
    assert not (read.mqtt.tls.enabled or read.mqtt.username or read.alarm.wanted or read.web.enabled)
    assert read.state_dir == str(tmp_path)
