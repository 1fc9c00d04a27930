"""Every recipe, and every command that the documentation shows, is one that the program understands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from convert.card import read_notes
from convert.cli import main, parsed
from convert.errors import UsageError
from convert.files import RECIPES
from convert.tasks import TASKS, find

ROOT = Path(__file__).parents[2]
OWN = sorted(path for path in RECIPES.glob("*.yaml") if not path.name.endswith(".notes.yaml"))
NOTES = sorted(RECIPES.glob("*.notes.yaml"))
MODELS = ROOT / "fer_edge" / "models"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(path: Path) -> list[str]:
    """What a page or a recipe's head tells to type, lines that go on joined."""
    text = re.sub(r"\\\n#? *", "", path.read_text(encoding="utf-8"))
    return re.findall(r"^(?:# +)?(?:[A-Z_]+=\S+ )*fer-edge-convert (\w.*)$", text, re.MULTILINE)


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_DATA", "data")
    monkeypatch.setenv("TAUGHT", "taught.json")


@pytest.mark.parametrize("recipe", OWN, ids=lambda path: path.stem)
def test_a_recipe_gives_options_that_its_task_knows(recipe: Path) -> None:
    module, task, args = parsed(["train", "--recipe", str(recipe), "--data", "data", "--out", "out"])
    assert module.__name__ == "convert.verbs.train"
    assert task is not None
    task.check(args)


@pytest.mark.parametrize("verb", ["average", "quantize", "evaluate"])
@pytest.mark.parametrize("recipe", OWN, ids=lambda path: path.stem)
def test_a_recipe_serves_every_verb_of_its_task(recipe: Path, verb: str) -> None:
    name = "model.tflite" if verb == "evaluate" else "model.keras"
    out = [] if verb == "evaluate" else ["--out", "out"]
    data = [] if "$FER_EDGE_DATA" in recipe.read_text(encoding="utf-8") else ["--data", "data"]
    module, _, _ = parsed([verb, name, "--recipe", str(recipe), *data, *out])
    assert module.__name__ == f"convert.verbs.{verb}"


def test_what_no_verb_knows_is_said_whichever_reads_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    for text in ("task: mouth\nfacse: x\n", "task: mouth\nevaluate:\n  steps: 3\n"):
        recipe.write_text(text)
        with pytest.raises(UsageError, match="no option"):
            parsed(["evaluate", "m.tflite", "--recipe", str(recipe), "--data", "x"])


@pytest.mark.parametrize("page", [*OWN, *PAGES], ids=lambda path: path.stem)
def test_every_command_shown_is_understood(page: Path) -> None:
    for command in commands(page):
        parsed(shlex.split(re.sub(r"[…│]", "x", command)))


def test_the_recipes_show_how_they_are_used() -> None:
    shown = [command for recipe in OWN for command in commands(recipe)]
    assert len(shown) > 15
    assert {command.split()[0] for command in shown} == {"train", "quantize", "average", "faces"}


def test_a_shipped_recipe_goes_by_its_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, task, args = parsed(["quantize", "m.keras", "--recipe", "mouth", "--notes", "mouth.notes", "--out", "m.tflite"])
    assert task is find("mouth")
    assert args.faces == Path("data/landmarks")
    assert args.notes == RECIPES / "mouth.notes.yaml"
    (tmp_path / "mouth").write_text("task: eyes\n")
    with pytest.raises(SystemExit):
        parsed(["quantize", "m.keras", "--recipe", "mouth", "--out", "m.tflite"])


@pytest.mark.parametrize("verb", ["train", "quantize", "average", "evaluate"])
def test_every_task_has_every_verb_with_the_same_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = []
    for task in TASKS:
        with pytest.raises(SystemExit):
            main([verb, "--task", task, "--help"])
        options.append(set(re.findall(r"--[a-z-]+", capsys.readouterr().out)))
    shared = set.intersection(*options)
    wanted = {
        "train": {"--epochs", "--steps", "--lr", "--ema", "--start", "--teacher", "--resume", "--out", "--precision"},
        "quantize": {"--mode", "--samples", "--layers", "--notes", "--min-decibels", "--out", "--seed"},
        "average": {"--samples", "--batch", "--out", "--seed"},
        "evaluate": {"--data", "--split", "--threads", "--json"},
    }
    assert wanted[verb] <= shared


@pytest.mark.convert
@pytest.mark.filterwarnings("default")
@pytest.mark.timeout(400)
def test_a_network_of_ones_own_is_not_said_to_be_made_of_the_shipped_ones_data(trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.tflite"
    asked = ["--recipe", "expression", "--data", str(trained), "--out", str(target), "--min-agreement", "0"]
    assert main(["quantize", str(trained / "out" / "model.keras"), *asked]) == 0
    card = json.loads(target.with_suffix(".json").read_text())
    assert card["mirrored"], "the recipe was followed"
    assert not {"data", "terms", "stages", "recipe", "spread"} & set(card)


@pytest.mark.parametrize("notes", NOTES, ids=lambda path: path.stem)
def test_the_card_of_a_shipped_network_says_what_its_notes_say(notes: Path) -> None:
    told = read_notes(notes)
    card = json.loads((MODELS / f"{notes.name.split('.')[0]}.json").read_text(encoding="utf-8"))
    assert {name: card[name] for name in told if name != "input"} | {
        "input": {name: card["input"][name] for name in told.get("input", {})}
    } == {"input": {}} | told
