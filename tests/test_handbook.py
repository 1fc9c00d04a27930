"""What is made from the settings and commands themselves is current, and the shell completes with it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from fer_edge import config
from fer_edge.cli import COMMANDS
from fer_edge.commands.completion import script, settings
from fer_edge.config.handbook import markdown
from fer_edge.settings import Settings

ROOT = Path(__file__).parent.parent


def test_the_page_of_every_setting_is_current() -> None:
    current = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert current == markdown(), "run: fer-edge check-config --markdown > docs/configuration.md"


def test_the_page_explains_every_setting_with_its_range_and_default() -> None:
    page = markdown()
    for name in (name.removesuffix("=") for name in settings(Settings(), ())):
        last = name.rsplit(".", 1)[-1]
        assert f"| `{last}` |" in page or f"`{last}: " in page or f"### `{name}`" in page, name
    assert "| `port` | `1883` | ≥ 1, ≤ 65535 | Port of the broker; usually 8883 with TLS. |" in page
    assert "| `rotation` | `0` | `0`, `90`, `180`, `270` |" in page
    assert "`kind: yunet`" in page and "| `path` | needed | text |" in page


def completed(script: str, *words: str) -> list[str]:
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    asked = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; compopt() {{ :; }}; _fer_edge"
    result = subprocess.run(
        ["bash", "-c", f'{asked}; echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("re",), ["replay"]),
        (("check-config", "--d"), ["--defaults"]),
        (("run", "--set", "web.p"), ["web.port="]),
        (
            ("run", "--set", "monitoring.closure.sl"),
            ["monitoring.closure.sleep_s=", "monitoring.closure.slump_s=", "monitoring.closure.slump_lost_s="],
        ),
        (("replay", "dri"), []),
        (("run", "--config", "--"), ["--help", "--source", "--config", "--set"]),
        (("completion", "b"), ["bash"]),
    ],
)
def test_bash_completes_commands_options_and_settings(words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(script("bash"), "fer-edge", *words) == offered


def test_every_command_is_offered() -> None:
    assert completed(script("bash"), "fer-edge", "") == list(COMMANDS)


def completed_in_zsh(folder: Path, line: str) -> str:
    """What a person at a real zsh sees after writing so much and pressing Tab; ``^G`` ends the picture."""
    (folder / "fer-edge.zsh").write_text(script("zsh"))
    (folder / ".zshrc").write_text("autoload -Uz compinit && compinit -D -u\nsource ~/fer-edge.zsh\nPS1='ready> '\n")
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))
    environment = {"HOME": str(folder), "ZDOTDIR": str(folder), "PATH": os.environ["PATH"], "TERM": "dumb"}
    with subprocess.Popen(
        ["zsh", "-i"], stdin=its, stdout=its, stderr=its, env=environment, cwd=folder, start_new_session=True
    ) as shell:
        os.close(its)
        try:
            heard_until(ours, "ready> ")
            os.write(ours, line.encode() + b"\t")
            shown = heard_until(ours, None)
        finally:
            shell.kill()
            os.close(ours)
    return shown


def heard_until(terminal: int, word: str | None) -> str:
    """What a terminal shows until a word has come; without one, until it has said something and then nothing."""
    seen = ""
    while select.select([terminal], [], [], 20.0 if word or len(seen) < 3 else 2.0)[0]:
        seen += os.read(terminal, 4096).decode(errors="replace")
        if word and word in seen:
            break
    return seen


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here; install it: sudo apt install zsh")
@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("fer-edge chec", ["fer-edge check-config "]),
        ("fer-edge re", ["fer-edge replay "]),
        ("fer-edge check-config --d", ["--defaults "]),
        ("fer-edge run --set web.p", ["web.port="]),
        ("fer-edge completion ", ["bash", "zsh"]),
        ("fer-edge run --", ["--source", "camera, csi:N, file, stream or sim:SCRIPT", "--config", "--set"]),
        ("fer-edge replay dri", ["drive.mp4"]),
    ],
)
def test_zsh_completes_commands_options_settings_and_files(tmp_path: Path, line: str, shown: list[str]) -> None:
    (tmp_path / "drive.mp4").touch()
    seen = completed_in_zsh(tmp_path, line)
    for text in shown:
        assert text in seen, seen


def test_the_configuration_file_that_ships_is_current() -> None:
    assert (ROOT / "config.yaml").read_text("utf-8") == config.template(), (
        "run: fer-edge check-config --defaults > config.yaml"
    )
