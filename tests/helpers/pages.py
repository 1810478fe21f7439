"""The pages at the root and of docs/: their code blocks, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.paths import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
ROOTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
PAGES = [*ROOTS, *sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)]
LINK = re.compile(r'\]\(([^)\s]+)\)|src="([^"]+)"')
MARK = re.compile(r"<!-- not run: (.+) -->")
"""What stands before a block that no test runs, with the reason."""


@dataclass(frozen=True)
class Block:
    """A code block of a page: a fenced one has its language, an indented one holds commands."""

    page: Path
    line: int
    language: str
    text: str
    why_not: str
    """Why it is not run; empty where it is."""

    @property
    def file(self) -> str:
        """The name of the file that the block shows, which stands in its first line."""
        named = re.match(r"# ([\w.-]+\.(?:yaml|py))$", self.text.partition("\n")[0])
        return named[1] if named else ""

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """The page's path from the root of the checkout."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """All code blocks of the page, in their order."""
    return [Block(page, *found) for found in _blocks(page.read_text(encoding="utf-8").split("\n"))]


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str, str]]:
    place, why_not = 0, ""
    while place < len(lines):
        start, line = place, lines[place]
        place += 1
        if line.startswith("```"):
            while lines[place] != "```":
                place += 1
            yield start + 1, line[3:], "\n".join(lines[start + 1 : place]) + "\n", why_not
            place, why_not = place + 1, ""
        elif line.startswith("    ") and not lines[start - 1].strip():
            while place < len(lines) and (lines[place].startswith("    ") or not lines[place]):
                place += 1
            text = "\n".join(each.strip() for each in lines[start:place]).strip() + "\n"
            yield start + 1, "commands", text, why_not
            why_not = ""
        elif line.strip():
            mark = MARK.fullmatch(line)
            why_not = mark[1] if mark else ""


def commands_of_tables(page: Path) -> list[Block]:
    """The commands of sweeper that stand in the first cells of the page's tables."""
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
    rows = ((place, re.match(r"\| `(sweeper [^`]+)` \|", line)) for place, line in lines)
    return [Block(page, place, "commands", f"{row[1]}\n", "") for place, row in rows if row]


def text_of(page: Path) -> str:
    """The page without its code blocks, in which nothing is a link."""
    unfenced = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$", "", unfenced, flags=re.MULTILINE)


def links(page: Path) -> list[str]:
    """What the page links to beside the web."""
    found = [link or source for link, source in LINK.findall(text_of(page))]
    return [link for link in found if not link.startswith(("http:", "https:"))]


def anchors(page: Path) -> set[str]:
    """The anchors that forges and the site give the page's headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
