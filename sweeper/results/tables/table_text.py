"""Tables as text: aligned, as Markdown, as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sweeper.results.tables import number_text
from sweeper.results.tables.table import Results
from sweeper.results.tables.wording import bounds

_WIDE = 80
"""Tables of more characters a row may be too wide for a page."""

_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"

NOTHING = "–"
"""What stands in a cell of which no trial is complete."""

DIVERGED = "diverged"
"""What stands in a cell whose value diverged runs decide."""

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&~$])")

_LATEX = {
    **{char: f"\\{char}" for char in "#%&_{}"},
    "$": r"$\$$",  # that of text is in a font that small installations lack
    **{char: f"{{{char}}}" for char in "[]*"},  # which \\ would take for arguments of its own
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\`{}",
    '"': "''",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "∞": r"$\infty$",
    "²": "$^2$",
    "³": "$^3$",
    "°": r"$^\circ$",
    "µ": r"$\mu$",
}

_GREEK = {
    "αβγδ": "alpha beta gamma delta",
    "εζηθ": "varepsilon zeta eta theta",
    "ικλμ": "iota kappa lambda mu",
    "νξπρ": "nu xi pi rho",
    "στυφ": "sigma tau upsilon varphi",
    "χψω": "chi psi omega",
    "ΓΔΘΛ": "Gamma Delta Theta Lambda",
    "ΞΠΣΦΨΩ": "Xi Pi Sigma Phi Psi Omega",
}
for _letters, _names in _GREEK.items():
    _LATEX |= {letter: f"$\\{name}$" for letter, name in zip(_letters, _names.split(), strict=True)}


def aligned(rows: Sequence[Sequence[str]], between: str = "  ") -> Iterator[str]:
    """`rows`, the header first, as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]
        yield between.join(cells).rstrip()


def markdown(found: Results) -> str:
    """The table in Markdown, its caption below it."""

    def cell(point: str, interval: str, bold: bool) -> str:
        return f"{f'**{point}**' if bold else point}{interval and f' ({interval})'}"

    form = "l" * len(found.rows) + "r" * len(found.columns)
    return markdown_table([*_rows(found, markdown_text, cell)], form, found.caption)


def markdown_table(rows: Sequence[Sequence[str]], form: str, caption: str) -> str:
    """`rows` of Markdown, the header first, with the caption, a plain text, below them.

    `form` has a letter a column: `l` for one of texts, `r` for one of numbers.
    """
    rule = ["---:" if letter == "r" else "---" for letter in form]
    lines = aligned([["", *row, ""] for row in (rows[0], rule, *rows[1:])], " | ")
    return "\n".join([*(line.strip() for line in lines), "", markdown_text(caption), ""])


def latex(found: Results) -> str:
    """The table in LaTeX, for the package booktabs; a wide one is scaled to fit its page."""

    def cell(point: str, interval: str, bold: bool) -> str:
        point, interval = latex_text(point), latex_text(interval)
        point = f"\\textbf{{{point}}}" if bold else point
        return f"{point} {{\\scriptsize ({interval})}}" if interval else point

    plain = _rows(found, _plain, lambda *said: " ".join(said[:2]))
    wide = max(map(len, aligned(list(plain)))) > _WIDE
    form = "l" * len(found.rows) + "r" * len(found.columns)
    rows = [*_rows(found, latex_text, cell)]
    return latex_table(found.name, rows, form, found.caption, wide=wide)


def latex_table(
    name: str, rows: Sequence[Sequence[str]], form: str, caption: str, *, wide: bool
) -> str:
    """`rows` of LaTeX, the header first, with the caption, a plain text, above them.

    `form` is as `markdown_table` takes it; what is `wide` is scaled to fit its page.
    """
    header, *body = ([*row[:-1], f"{row[-1]} \\\\"] for row in rows)
    lines = [f"    {line}" for line in aligned([header, *body], " & ")]
    written = "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{latex_text(caption)}}}",
            f"  \\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', name)}}}",
            f"  {_FITTED * wide}\\begin{{tabular}}{{{form}}}",
            *(r"    \toprule", lines[0], r"    \midrule", *lines[1:], r"    \bottomrule"),
            r"  \end{tabular}" + "}" * wide,
            r"\end{table}",
            "",
        ]
    )
    return f"% needs {needs(written)}\n{written}"


def needs(written: str) -> str:
    """The LaTeX packages that the table `written` needs, as a line of its preamble."""
    packages = "booktabs,graphicx" if "resizebox" in written else "booktabs"
    other = "; where pdflatex lacks one of its letters, lualatex or xelatex"
    return rf"\usepackage{{{packages}}}" + ("" if written.isascii() else other)


def markdown_text(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown would take for its own."""
    return _MARKDOWN.sub(r"\\\1", _plain(text))


def latex_text(text: str) -> str:
    """`text` on one line, with nothing in it that LaTeX would take for its own."""
    parts = re.split("(?<=-)(?=-)", _plain(text))  # two hyphens would become a dash
    return "{}".join("".join(_LATEX.get(char, char) for char in part) for part in parts)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in " ".join(text.splitlines()))


def _rows(
    found: Results, escape: Callable[[str], str], cell: Callable[[str, str, bool], str]
) -> Iterator[list[str]]:
    """The header, then the rows; `cell` makes a text of point, interval and whether it is bold."""
    yield [*map(escape, found.rows), *map(escape, found.columns)]
    by_column = found.table.groupby("(column)")["point"]
    places = [number_text.decimals(points) for _, points in by_column]
    columns = [found.table[name] for name in ("point", "low", "high", "planned", "n", "bold")]
    cells = zip(*columns, strict=True)
    for labels in found.labels:
        row = list(map(escape, labels))
        for decimals in places:
            point, low, high, planned, n, bold = next(cells)
            if point != point:
                row.append(escape(DIVERGED if n else NOTHING) if planned else "")
                continue
            own = number_text.enough(point, low, high, decimals)
            text = partial(number_text.fixed, places=own)
            row.append(cell(text(point), bounds(low, high, text) if low == low else "", bold))
        yield row
