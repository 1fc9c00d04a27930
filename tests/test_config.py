"""An integrator edits the configuration: every slip is told, with its line, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fer_edge import config
from fer_edge.errors import ConfigError, UsageError
from fer_edge.settings import Settings
from tests.conftest import ROOT, Run


def faults(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, overrides)
    return [fault.replace(f"{tmp_path}/", "") for fault in caught.value.faults]


def test_a_port_out_of_range_is_told_with_its_line(tmp_path: Path) -> None:
    assert faults(tmp_path, "node: car\nmqtt:\n  host: broker\n  port: 99999\n") == [
        "config.yaml:4 mqtt.port: must be at most 65535 (got 99999)"
    ]


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        "node: a/b\ncamera:\n  fps: fast\n  widht: 640\nperception:\n  detector:\n    kind: haar\n"
        "    scale_factor: 9\nemotion:\n  enabled: maybe\n",
    )
    assert [fault.split(": ")[0] for fault in told] == [
        "config.yaml:1 node",
        "config.yaml:3 camera.fps",
        "config.yaml:4 camera.widht",
        "config.yaml:8 perception.detector.scale_factor",
        "config.yaml:10 emotion.enabled",
    ]
    assert "did you mean width?" in told[2]


def test_faults_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = faults(tmp_path, "camera:\n  sorce: sim:demo\n  fps: fast\nmqtt: 5\n")
    assert [fault.split(" ")[0] for fault in told] == ["config.yaml:2", "config.yaml:3", "config.yaml:4"]


def test_a_misspelt_group_of_an_override_is_told_with_it() -> None:
    with pytest.raises(ConfigError) as told:
        config.load(None, ["camra.source=sim:demo"])
    assert told.value.faults == ["--set camra.source: no such setting; did you mean camera?"]


def test_a_key_that_stands_twice_hides_no_other_fault(tmp_path: Path) -> None:
    told = faults(tmp_path, "mqtt:\n  prot: 3\ncamera:\n  fps: 10\n  fps: -1\nnodee: x\n")
    assert [fault.split(":")[1].split(" ")[0] for fault in told] == ["2", "5", "5", "6"]
    assert "appears twice (first on line 4)" in told[1]


def test_a_detector_of_an_unknown_kind_is_told_with_the_kinds_there_are(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, "perception:\n  detector:\n    kind: eagle\n")
    assert told.startswith("config.yaml:2 perception.detector: kind must be one of 'haar'")
    assert "'eagle'" in told


def test_an_override_that_is_wrong_is_told_as_the_override(tmp_path: Path) -> None:
    assert faults(tmp_path, "mqtt:\n  port: 1\n", "mqtt.port=0") == ["--set mqtt.port: must be at least 1 (got 0)"]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("perception.detector.kind=yunet", "--set perception.detector.path: is missing and has no default"),
        ("perception.detector={kind: yunet}", "--set perception.detector.path: is missing and has no default"),
        ("camera.roi=[0, 0]", "--set camera.roi: needs 4 values, has 2"),
        ("camera.roi=[]", "--set camera.roi: needs 4 values, has 0"),
        ("camera.roi=[0, 0, 1, 7]", "--set camera.roi.3: must be at most 1 (got 7)"),
        ("mqtt.tls.ca_file=x.pem", "--set mqtt.tls.ca_file: ca_file needs enabled: true, without which nothing is enc"),
    ],
)
def test_an_override_is_told_once_and_by_what_is_wrong(override: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(None, [override])
    (fault,) = caught.value.faults
    assert fault.startswith(told)


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("mqtt:\n  port: 1000\n  host: a\n")
    loaded = config.load(path, ["mqtt.port=2000", "camera.source=sim:demo", "perception.detector.score=0.3"])
    assert (loaded.mqtt.port, loaded.mqtt.host, loaded.camera.source) == (2000, "a", "sim:demo")


def test_another_kind_of_detector_leaves_the_settings_of_the_old_one_behind() -> None:
    overrides = ["perception.detector.path=y.onnx", "perception.detector.kind=yunet"]
    detector = config.load(ROOT / "config.yaml", overrides).perception.detector
    assert detector.kind == "yunet" and detector.path == "y.onnx"


@pytest.mark.parametrize("override", ["port", "=3", "mqtt.=3", "node.port=3"])
def test_an_override_of_a_wrong_form_is_a_usage_error(tmp_path: Path, override: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("node: x\n")
    with pytest.raises(UsageError, match="--set"):
        config.load(path, [override])


@pytest.mark.parametrize("override", ["kind=tiny", "port=2024-13-01", "port=!!int many", "x=&a [*a]", "x=&a {b: [*a]}"])
def test_an_override_that_is_no_setting_or_no_value_is_told_as_one(override: str) -> None:
    fault = "contains an alias of a group that contains it" if "&" in override else "no such setting"
    with pytest.raises(ConfigError, match=f"--set {override.partition('=')[0]}: {fault}"):
        config.load(None, [override])


def test_what_yaml_cannot_make_a_value_of_is_taken_as_text() -> None:
    assert config.load(None, ["node=2024-13-01"]).node == "2024-13-01"


@pytest.mark.parametrize("host", ["broker.local", "192.0.2.7", "::1", "2001:db8::7", "fe80::1%eth0"])
def test_a_broker_has_a_name_or_an_address_of_either_kind(host: str) -> None:
    assert config.load(None, [f"mqtt.host='{host}'"]).mqtt.host == host


def test_a_camera_number_needs_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("camera:\n  source: 1\n")
    assert config.load(path).camera.source == "1"


@pytest.mark.parametrize(("word", "expected"), [("on", True), ("no", False), ("true", True)])
def test_yes_and_no_mean_what_people_mean(tmp_path: Path, word: str, expected: bool) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"camera:\n  mirror: {word}\n")
    assert config.load(path).camera.mirror is expected


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x00"])
def test_a_file_that_is_no_text_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert len(caught.value.faults) == 1 and "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        config.load(tmp_path / "none.yaml")


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; give the file in it"):
        config.load(tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_whatever_stands_in_the_file_it_loads_or_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, "utf-8", newline="")
    try:
        assert isinstance(config.load(path), Settings)
    except ConfigError as wrong:
        assert wrong.faults and all(fault.strip() for fault in wrong.faults)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["node", "mqtt", "port", "camera", "detector", "kind", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_is_configured_it_loads_or_is_told(tmp_path: Path, data: object) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"mqtt": data, "perception": data, "node": data}), "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert all(str(path) in fault for fault in caught.value.faults)


def test_the_delivered_config_yaml_is_every_setting_at_its_default() -> None:
    text = (ROOT / "config.yaml").read_text("utf-8")
    assert text == config.template(), "run: fer-edge check-config --defaults > config.yaml"
    assert config.load(ROOT / "config.yaml") == Settings()


def test_every_setting_says_what_it_does() -> None:
    def undescribed(model: type[BaseModel], path: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            if isinstance(field.default, BaseModel):
                found += undescribed(type(field.default), f"{path}{name}.")
            elif name != "kind" and not field.description:
                found.append(path + name)
        return found

    assert undescribed(Settings, "") == []


def test_check_config_says_every_fault_and_exits_78(here: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("mqtt:\n  port: x\nnode: ''\n")
    result = here("check-config", "bad.yaml")
    assert result.returncode == 78 and result.stdout == ""
    assert result.stderr.splitlines()[1].startswith("bad.yaml:3 node: ")
    assert result.stderr.splitlines()[0] == "bad.yaml:2 mqtt.port: must be a whole number (got 'x')"


def test_check_config_says_only_of_a_valid_configuration_why_it_is_this_one(here: Run) -> None:
    assert "no config.yaml here" in here("check-config").stderr
    wrong = here("check-config", "--set=mqtt.prot=1")
    assert wrong.returncode == 78
    assert wrong.stderr == "--set mqtt.prot: no such setting; did you mean port?\n"


def test_check_config_answers_machines_in_json(here: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("node: bus-7\n")
    assert json.loads(here("check-config", "--json").stdout) == {"file": "config.yaml", "ok": True, "faults": []}
    (tmp_path / "config.yaml").write_text("nod: bus-7\n")
    wrong = here("check-config", "--json")
    assert wrong.returncode == 78
    assert json.loads(wrong.stdout)["faults"] == ["config.yaml:1 nod: no such setting; did you mean node?"]


def test_a_wrong_configuration_stops_every_command_with_78_and_no_traceback(here: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mqtt:\n  port: x\n")
    for command in (["run"], ["replay", "x.mp4"], ["classify", "x.png"]):
        result = here(*command)
        assert result.returncode == 78, command
        assert result.stderr == "fer-edge: config.yaml:2 mqtt.port: must be a whole number (got 'x')\n"


def test_check_config_takes_the_file_as_the_other_commands_do(here: Run, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("- node\n")
    result = here("check-config", "--config", "other.yaml")
    assert result.returncode == 78
    assert result.stderr == "other.yaml:1: must be lines of 'key: value' (is a list)\n"


def test_two_files_to_check_are_refused_instead_of_one_being_left_out(here: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("node: cab-7\n")
    (tmp_path / "bad.yaml").write_text("node: cab 7\n")
    result = here("check-config", "good.yaml", "--config", "bad.yaml")
    assert result.returncode == 2
    assert result.stderr == "fer-edge: --config bad.yaml: good.yaml is given, too; give only one of them\n"
