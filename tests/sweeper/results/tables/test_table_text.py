"""Tables as Markdown and LaTeX, and the command that writes them."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess

import pytest

from sweeper.results.data import Data
from sweeper.results.tables import table as results
from sweeper.results.tables import table_text
from tests.helpers.command import call

HOSTILE = ["[2] a_b & 50 %", "*", "#1 ~ $x^2$ {y} \\z", "<script>|`β`", "a--b\nc"]


def whole(run, labels):
    return "complete", [(40, {"return": run.seed + len(labels["sn_layers"])})]


@pytest.fixture
def found(played):
    space = {
        "axes": {"sn_layers": {"kind": "choice", "values": HOSTILE}},
        "tasks": {"a_b/c": {"low": 0, "high": 1}, "α": {"low": 0, "high": 1}},
        "note": "100 % compressed_ & 5 µs",
        "score": {"metric": "return", "aggregate": "mean"},
    }
    return results.results(Data.of(played(whole, **space)), metric="return")


def test_markdown_has_a_row_a_configuration(found):
    lines = table_text.markdown(found).splitlines()
    header, rule, *body = lines[: 2 + len(HOSTILE)]
    assert header.startswith(r"| sn\_layers ") and header.count(" | ") == 2
    assert re.fullmatch(r"\| --- +\| ---: +\| ---: +\|", rule)
    assert len({len(line) for line in (header, rule, *body)}) == 1, "columns stand below each other"
    assert [line.partition(" | ")[0].removeprefix("| ").rstrip() for line in body] == [
        r"\[2\] a\_b \& 50 %",
        r"\*",
        r"#1 \~ \$x^2\$ {y} \\z",
        r"\<script\>\|\`β\`",
        "a--b c",
    ]
    longest = max(HOSTILE, key=len)
    point = 2 + len(longest)
    assert f"| **{point:.1f}** (" in body[HOSTILE.index(longest)]
    assert lines[-1].endswith(r"100 % compressed\_ \& 5 µs.") and lines[-2] == ""


def test_latex_is_booktabs_with_everything_escaped(found):
    text = table_text.latex(found)
    assert text.startswith("% needs \\usepackage{booktabs}\n\\begin{table}")
    assert "resizebox" not in text
    rules = re.findall(r"\\(toprule|midrule|bottomrule)", text)
    assert rules == ["toprule", "midrule", "bottomrule"]
    assert r"\begin{tabular}{lrr}" in text
    rows = [line.strip() for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 1 + len(HOSTILE) and all(row.count(" & ") == 2 for row in rows)
    assert rows[0].startswith(r"sn\_layers ") and r"& $\alpha$ \\" in rows[0]
    assert [row.partition(" & ")[0].rstrip() for row in rows[1:]] == [
        r"{[}2{]} a\_b \& 50 \%",
        r"{*}",
        r"\#1 \textasciitilde{} $\$$x\textasciicircum{}2$\$$ \{y\} \textbackslash{}z",
        r"\textless{}script\textgreater{}\textbar{}\`{}$\beta$\`{}",
        "a-{}-b c",
    ]
    assert re.search(r"\\textbf\{\d+\.\d\} \{\\scriptsize \(\d+\.\d to \d+\.\d\)\} \\\\", text)
    caption = re.search(r"\\caption\{(.*)\}", text)[1]
    assert r"100 \% compressed\_ \& 5 $\mu$s" in caption and r"$\times$" in caption
    assert balanced(text)


def balanced(text):
    """Whether braces close, groups and environments end, and each $ has its pair."""
    plain = re.sub(r"\\[\\{}$%&#_`]", "", text.partition("\n")[2])
    depth = 0
    for char in plain:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    opened = re.findall(r"\\begin\{(\w+)\}", plain)
    closed = re.findall(r"\\end\{(\w+)\}", plain)
    assert opened == closed[::-1]
    return depth == 0 and plain.count("$") % 2 == 0 and "%" not in plain and "_" not in plain


def test_letters_that_pdflatex_may_lack_are_said():
    assert table_text.needs("plain") == r"\usepackage{booktabs}"
    assert "lualatex or xelatex" in table_text.needs("中")


@pytest.fixture
def broad(played):
    """A table with more columns than a page has room for."""
    space = {
        "axes": {"sn_layers": {"kind": "choice", "values": ["none", "all"]}},
        "tasks": {f"family/task_number_{task}": {"low": 0, "high": 1} for task in range(9)},
    }
    return results.results(Data.of(played(whole, **space, seeds=5)))


def test_a_wide_table_is_scaled_to_its_page(broad):
    text = table_text.latex(broad)
    assert text.startswith("% needs \\usepackage{booktabs,graphicx}\n") and balanced(text)
    assert text.count("\\resizebox") == 1 and "\\end{tabular}}\n" in text


@pytest.mark.parametrize("engine", ["tectonic", "pdflatex"])
@pytest.mark.parametrize("table", ["found", "broad"])
def test_latex_compiles_and_fits(request, tmp_path, engine, table):
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed")
    body = table_text.latex(request.getfixturevalue(table))
    needed = re.match(r"% needs (\\usepackage\{\S+\})", body)[1]
    document = f"\\documentclass{{article}}{needed}\\begin{{document}}\n{body}"
    (tmp_path / "x.tex").write_text(document + "\\end{document}\n")
    flags = ["--print"] if engine == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([engine, *flags, "x.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "x.pdf").exists(), done.stdout
    assert "Overfull" not in done.stdout + done.stderr


@pytest.fixture
def ran(space_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    call("run", str(space_file), "dispatch=inline", "seeds=5", "figures=[]")
    capsys.readouterr()


def test_the_command_shows_and_writes_tables(ran, tmp_path, capsys):
    assert call("table") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("| width | size | line") and shown.count("\n| ") == 5
    assert call("table", "format=markdown", "out=x.md") == 0
    assert (tmp_path / "x.md").read_text() == shown and capsys.readouterr().out == "x.md\n"
    assert call("table", "out=x.tex", "y=size,width", "metric=twice", "at=max") == 0
    assert "size & width & line" in (tmp_path / "x.tex").read_text()
    capsys.readouterr()
    assert call("table", "format=csv", "x=width") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["size"], row["width"]) for row in rows] == [
        ("0.1", "1"),
        ("0.1", "2"),
        ("0.3", "1"),
        ("0.3", "2"),
    ]
    assert all(float(row["low"]) <= float(row["point"]) <= float(row["high"]) for row in rows)
    assert {row["n"] for row in rows} == {"5"} and {row["bold"] for row in rows} <= {
        "True",
        "False",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["format=latx"], "unknown format 'latx' (did you mean 'latex'?); valid: markdown, latex"),
        (["out=x.txt"], "out= must end in one of .md, .tex, .csv, but got 'x.txt'"),
        (["format=latex", "out=x.md"], "out= must end in .tex, but got 'x.md'"),
        (["out=no/x.md"], "out= must name a file in a folder that exists"),
        (["x=widht"], "'widht' is no axis of hops (did you mean 'width'?)"),
        (["x=size", "y=size"], "x and y must differ"),
        (["metric=vale"], "(did you mean 'value'?)"),
        (["study=hop"], "no study 'hop'"),
        (["hue=size"], "hue"),
    ],
)
def test_the_command_refuses_what_is_wrong(ran, capsys, words, said):
    assert call("table", *words) == 2
    assert said in capsys.readouterr().err


def test_a_study_that_has_not_begun_exits_with_1(make_study, tmp_path, monkeypatch, capsys):
    make_study()
    monkeypatch.chdir(tmp_path)
    assert call("table") == 1
    assert "no run of hops has finished with a score (12 open)" in capsys.readouterr().err
