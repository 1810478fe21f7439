"""README.md is short; links of all pages lead somewhere; the contents lead to every page."""

from __future__ import annotations

import re
from pathlib import Path

from tests.helpers.pages import DOCS, PAGES, README, ROOTS, anchors, links, name
from tests.helpers.paths import ROOT

CONTENTS = DOCS / "index.md"
CHANGELOG = ROOT / "CHANGELOG.md"
LONGEST = 300
WRITTEN_BY_HAND = [page for page in PAGES if page.parent.name != "reference"]


def led_to(page: Path) -> set[Path]:
    return {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


def test_no_page_is_long() -> None:
    lengths = {name(page): len(page.read_text().splitlines()) for page in WRITTEN_BY_HAND}
    assert lengths and {page: n for page, n in lengths.items() if n > LONGEST} == {}


def test_every_link_leads_somewhere() -> None:
    found = [(page, link) for page in [*PAGES, CHANGELOG] for link in links(page)]
    assert (
        found
        and [f"{name(page)} links to {link}" for page, link in found if lost(page, link)] == []
    )


def lost(page: Path, link: str) -> bool:
    """Whether a page's link leads to no file, or to no heading of it."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def test_the_contents_lead_to_every_page() -> None:
    assert CONTENTS in led_to(README)
    assert {*ROOTS} - {README} <= led_to(README)
    assert {*PAGES} - {*ROOTS, CONTENTS} <= led_to(CONTENTS)


def test_the_contents_call_pages_by_their_titles() -> None:
    named = re.findall(r"^- \[(.+?)\]\((\S+)\)", CONTENTS.read_text(), re.MULTILINE)
    titles = [(DOCS / file).read_text().partition("\n")[0] for _, file in named]
    assert titles == [f"# {title}" for title, _ in named]


def test_every_picture_is_shown() -> None:
    shown = set[Path]().union(*map(led_to, PAGES))
    assert set((DOCS / "images").iterdir()) <= shown


def test_nobody_is_told_to_install_another_program_of_this_name() -> None:
    other = re.compile(r"pip install\s+['\"]?sweeper")
    assert [name(page) for page in PAGES if other.search(page.read_text())] == []
