"""The report in a real headless Chromium: it loads, sorts, filters, fits a phone and prints."""

from __future__ import annotations

import pytest
import yaml

from sweeper.planning.loading import load
from sweeper.study import studies
from tests.helpers import chromium
from tests.helpers.worked_study import work

pytestmark = pytest.mark.skipif(
    chromium.FOUND is None, reason="no Chromium: apt-get install chromium"
)

TRAIN = """
def train(config, run):
    run.report(1, value=config["size"] / 2)
    if config["name"] == "two" and config["size"] > 0.85:
        raise ValueError("<img src=x onerror=alert(1)> " + "z" * 400)
    return config["size"] + (config["name"] == "two")
"""
NAME = "</script><script>document.title='hacked'</script>\"'ηε" + "y" * 300


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    started = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """That of 120 trials under hostile names, of which the last four failed."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "file.py").write_text(TRAIN)
    size = {"kind": "float", "low": 0.1, "high": 0.9, "count": 60}
    space = {
        "study": "hops",
        "function": "file.py:train",
        "note": NAME,
        "axes": {"name": {"kind": "choice", "values": [NAME, "two"]}, "size": size},
        "tasks": {"line": {"low": 0, "high": 2}},
        "seeds": 1,
        "steps": 2,
        "score": {"metric": "value"},
        "limits": {"failures": 1},
        "figures": [{"sensitivity": {"x": "size", "hue": "name"}}, "curves"],
    }
    (folder / "hops.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
    made = studies.start(folder / "studies/hops", load(folder / "hops.yaml"))
    return work(made).paths.report


CELLS = "[...document.querySelectorAll('#table tbody tr')].map(row => row.cells[{}].textContent)"


def column(browser, number):
    return browser.ask(CELLS.format(number))


def click(browser, name):
    browser.ask(
        f"[...document.querySelectorAll('th button')].find(b => b.textContent === '{name}').click()"
    )


def narrow(browser, words):
    browser.ask("document.getElementById('filter').value = ''")
    browser.ask("document.getElementById('filter').focus()")
    browser.type(words)


def test_the_page(browser, report):
    browser.open(report, 1200)
    assert browser.ask("document.title") == "hops: report"
    assert browser.complaints == []
    assert {url.partition(":")[0] for url in browser.requests} <= {"file", "about"}
    shows_figures(browser)
    sorts(browser)
    filters(browser)
    turns_pages(browser)
    assert NAME in browser.ask("document.getElementById('study').textContent")
    assert "<img src=x onerror=" in browser.ask("document.getElementById('failures').textContent")
    assert browser.ask("document.images.length") == 0
    assert browser.complaints == []
    browser.ask("console.error('heard')")
    assert "heard" in browser.complaints.pop()


def shows_figures(browser):
    sizes = browser.ask(
        "[...document.querySelectorAll('.picture svg')].map(svg => svg.getBoundingClientRect())"
        ".map(box => [box.width, box.height])"
    )
    assert len(sizes) == 2 and all(width > 300 and height > 150 for width, height in sizes)
    drawn = "document.querySelectorAll('.picture svg path').length"
    assert browser.ask(drawn) > 50


def sorts(browser):
    assert column(browser, 0)[:3] == ["0", "1", "2"]
    click(browser, "value")
    best_first = [float(text) for text in column(browser, 2)]
    assert best_first == sorted(best_first, reverse=True) and len(best_first) == 50
    click(browser, "value")
    worst_first = [float(text) for text in column(browser, 2)]
    assert worst_first == sorted(worst_first) and worst_first[0] < best_first[-1]
    assert browser.ask("document.querySelector('th[aria-sort]').ariaSort") == "ascending"
    click(browser, "trial")


def filters(browser):
    narrow(browser, "trial>=100 two")
    shown = [int(text) for text in column(browser, 0)]
    assert shown == list(range(100, 120))
    assert browser.ask("document.getElementById('count').textContent") == (
        "1–20 of 20 trials (120 in all)"
    )
    narrow(browser, "</script>")
    assert len(column(browser, 0)) == 50 and set(column(browser, 6)) == {NAME}
    tall = "document.querySelector('#table tbody tr').getBoundingClientRect().height"
    assert browser.ask(tall) < 60, "what is long is cut"
    browser.ask("document.querySelector('td.long div').click()")
    assert browser.ask(tall) > 60
    narrow(browser, "state=failed")
    assert column(browser, 0) == ["116", "117", "118", "119"]
    narrow(browser, "nothing-is-called-like-this")
    assert column(browser, 0) == []
    narrow(browser, " ")


def turns_pages(browser):
    browser.ask("document.getElementById('after').click()")
    browser.ask("document.getElementById('after').click()")
    assert column(browser, 0) == [str(number) for number in range(100, 120)]
    assert browser.ask("document.getElementById('after').disabled") is True


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(browser, report, dark):
    browser.open(report, 390, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth") <= 390
    assert browser.ask("window.innerWidth") == 390, "the page was not shrunk to fit"
    small = browser.ask(
        "[...document.querySelectorAll('p, dd, td, li, pre')]"
        ".filter(one => parseFloat(getComputedStyle(one).fontSize) < 12.5).length"
    )
    assert small == 0
    assert contrast(browser) >= 4.5
    assert browser.complaints == []


def contrast(browser):
    """The contrast ratio of the quietest text, by WCAG 2.1."""
    ink, paper = (
        browser.ask(f"getComputedStyle(document.querySelector('{one}')).{what}")
        for one, what in ((".lead", "color"), ("body", "backgroundColor"))
    )
    one, other = sorted((luminance(ink), luminance(paper)))
    return (other + 0.05) / (one + 0.05)


def luminance(colour):
    shares = [int(part) / 255 for part in colour[4:-1].split(",")]
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_prints(browser, report):
    browser.open(report, 1200)
    closed = "document.querySelectorAll('.best details:not([open])').length"
    assert browser.ask(closed) == 4
    printed = browser.printed()
    assert browser.ask(closed) == 0, "the commands are printed"
    assert printed[:5] == b"%PDF-" and printed.count(b"/Type /Page\n") >= 2
