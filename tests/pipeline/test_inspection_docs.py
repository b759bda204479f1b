"""docs/inspection.md names parts, commands, sections and addresses that exist."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from pipeline import report
from pipeline.cli import app
from pipeline.show import PARTS
from pipeline.ui import app as ui_app
from tests import factories

PAGE = (Path(__file__).parents[2] / "docs" / "inspection.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## What of the data is shown")[0].splitlines()
    if line.startswith("| ") and not line.startswith(("| question", "| ---"))
]
#: Names in italics that are no heading of the report: lines of it, and headings elsewhere.
ELSEWHERE = {"In a fresh process", "Let through once", "served", "Experiments", "Accepted changes", "How it learned"}


def test_there_are_at_least_twenty_questions_each_with_an_answer():
    assert len(ROWS) >= 20
    for question, *answers in ROWS:
        assert "?" in question
        assert len(answers) == 3, question
        assert any(a != "-" for a in answers), question


def test_every_command_and_part_exists():
    commands = get_command(app).commands
    used = re.findall(r"`retrain ([a-z-]+)((?: [^`]+)?)`", PAGE)
    assert len(used) > 20
    for name, rest in used:
        assert name in commands, name
        words = rest.split()
        if name == "show" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in PARTS, rest
        for option in (w for w in words if w.startswith("--")):
            assert any(option in p.opts for p in commands[name].params), f"{name} {option}"


def test_every_page_exists():
    source = Path(ui_app.__file__).read_text(encoding="utf-8")
    routes = set(re.findall(r'Route\("([^"]+)"', source))
    named = {p.replace("RUN", "{run_id}") for p in re.findall(r"`(/[a-zA-Z/]*)`", PAGE)}
    assert len(named) > 7
    assert named <= routes


@pytest.mark.parametrize("heading", sorted(set(re.findall(r"(?<![*`./])\*([A-Z][^*`]+)\*", PAGE)) - ELSEWHERE))
def test_every_section_is_in_the_report(heading):
    folder = Path(report.__file__).parent
    pages, figures = (
        "".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob(kind))) for kind in ("*.j2", "*.py")
    )
    word = re.escape(heading.replace("span N", "span {{ newest.span }}"))
    titled = re.search(rf'(<h[123][^>]*>|aria-label="|{{{{ ")[^\n]*{word}', pages)
    assert titled or re.search(rf'"{word}, {{', figures) or word == "Why", heading


def test_what_is_no_heading_is_said_where_the_page_says_it():
    root = Path(__file__).parents[2]
    for name in ELSEWHERE:
        files = [
            *(root / "pipeline").rglob("*.py"),
            *(root / "pipeline").rglob("*.j2"),
            root / "schemas/findings.py",
        ]
        assert any(name in f.read_text(encoding="utf-8") for f in files), name
    assert "served</dt>" in (root / "pipeline/report/report.html.j2").read_text(encoding="utf-8")


def test_json_has_what_the_page_says_of_findings():
    (first, *_) = factories.blocked().findings
    assert {"observed", "allowed", "rows"} <= set(first.model_dump())
