"""The pages of a run open on any machine, without a network, formulas included."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from snrlib.commands import pages

EQUATION = (
    r"L=\frac{\alpha}{2}\lVert f_s(x)-f_{t_i}(x)\rVert^2+\frac{1-\alpha}{2}\lVert s-y\rVert^2"
)
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SILENCE = base64.b64encode(b"RIFF" + bytes(60)).decode()
PLAYER = f'<audio controls src="data:audio/wav;base64,{SILENCE}"></audio>'
PANEL = '<div><iframe srcdoc="&lt;p id=&quot;x&quot;&gt;A/B&lt;/p&gt;"></iframe></div>'


CHAPTERS = [
    pages.Entry("02_metrics", "Metrics", "", "not run", None, False),
    pages.Entry("03_unet", "The <network>", "It <b>learns</b>.", "done", 75.0),
    pages.Entry("04_teacher_training", "Teachers", "", "failed"),
    pages.Entry("05_distillation", "Distillation", "", "not run", None, False),
    pages.Entry("glossary", "Glossary", "Words.", "text"),
]


def code(source: str, *outputs: nbformat.NotebookNode, tags: tuple[str, ...] = ()) -> object:
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def shown(kind: str, content: object) -> nbformat.NotebookNode:
    return new_output("display_data", data={kind: content, "text/plain": "as text"})


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    """A notebook with every kind of output that has ever asked for a network."""
    widget = {"version_major": 2, "version_minor": 0, "model_id": "abc"}
    table = "<table><tr><td>42.0</td></tr></table>"
    cells = [
        new_markdown_cell(f"# Title\n\nA promise with $x^2$.\n\nMore.\n\n$$\n{EQUATION}\n$$"),
        new_markdown_cell("## Second & third\n\nCosts `$5$`.\n\n```python\nprice = '$a$'\n```"),
        new_markdown_cell("[next](05_distillation.ipynb#alpha) [file](../snrlib/losses.py)"),
        new_markdown_cell(f"![dot](data:image/png;base64,{PIXEL})"),
        code("# Folded\nfolded = 1", shown("image/png", PIXEL)),
        code("# Lesson\nlesson = 2", shown("text/html", PLAYER), tags=("lesson",)),
        code("# Stub\n...", shown("text/html", "<p>not yet</p>"), tags=("stub",)),
        code("# Solution 04.1\n7", shown("text/html", "<p>solved</p>"), tags=("solution",)),
        code("hidden = 3", shown("text/html", PANEL), tags=("hide-input",)),
        code("widget", shown("application/vnd.jupyter.widget-view+json", widget)),
        code("script", shown("application/javascript", "require(['x'])")),
        code("mermaid", shown("text/vnd.mermaid", "graph LR; A-->B")),
        code("math", shown("text/latex", r"$\displaystyle \frac{1}{2}$")),
        code("text", shown("text/markdown", "**bold** $y_1$")),
        code("table", shown("text/html", table), tags=("headline",)),
        code("log", new_output("stream", name="stderr", text="\x1b[31mnote\x1b[0m")),
        code("two prints", *[new_output("stream", name="stdout", text=t) for t in ("a\n", "b\n")]),
        code("no_output_yet", tags=("headline",)),
    ]  # fmt: skip
    notebook = new_notebook(cells=cells, metadata={"widgets": {"state": {}}})
    path = tmp_path / "04_teacher_training.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def page(executed: Path, tmp_path: Path) -> str:
    path = tmp_path / "site" / "04_teacher_training.html"
    pages.export(executed, path, CHAPTERS, "Profile fast")
    return path.read_text(encoding="utf-8")


class Addresses(HTMLParser):
    """Collects everything a browser would load while it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "href" and tag in ("a", "area"):
                continue  # loaded only when a reader follows it
            if name in ("src", "href", "xlink:href", "data", "poster", "background"):
                self.found.append(value or "")
            if name == "srcset":
                self.found += [part.split()[0] for part in (value or "").split(",")]
            if name == "srcdoc":
                self.found += loaded(value or "")

    def handle_data(self, text: str) -> None:
        self.found += re.findall(r"url\(\s*['\"]?([^'\")]*)", text)
        self.found += re.findall(r"@import\s+['\"]([^'\"]+)", text)
        self.found += re.findall(r"import\s*\(\s*['\"]([^'\"]+)", text)
        self.found += re.findall(r"fetch\s*\(\s*['\"]([^'\"]+)", text)


def loaded(page: str) -> list[str]:
    parser = Addresses()
    parser.feed(page)
    return parser.found


def test_a_page_loads_nothing_from_anywhere(page: str) -> None:
    assert loaded(page), "the audio and the figure are addresses too"
    assert [address for address in loaded(page) if not address.startswith("data:")] == []
    for library in ("require.js", "mathjax", "jquery", "unpkg", "cdnjs", "mermaid."):
        assert library not in page.lower()


def test_the_check_for_addresses_sees_what_nbconvert_would_load() -> None:
    foreign = '<script src="https://cdn/x.js"></script><style>a{background:url(//cdn/y)}</style>'
    assert loaded(foreign) == ["https://cdn/x.js", "//cdn/y"]
    assert loaded("<iframe srcdoc=\"&lt;img src='http://x'&gt;\"></iframe>") == ["http://x"]


def test_formulas_are_mathml_and_dollar_signs_in_code_stay(page: str) -> None:
    assert page.count("<math") == 4  # promise, equation, text/latex, text/markdown
    assert "<mfrac>" in page and 'display="block"' in page
    assert "$$" not in page and r"\frac" not in page
    assert "<code>$5$</code>" in page
    assert "$a$" in page


def test_code_is_folded_shown_or_left_out_by_its_tag(page: str) -> None:
    assert re.search(r'<details class="code">\s*<summary>Folded</summary>', page)
    assert re.search(r'<details class="code" open="">\s*<summary>Lesson</summary>', page)
    assert ">hidden<" not in page


def test_a_solution_is_folded_with_its_verdict_and_a_stub_is_open(page: str) -> None:
    assert re.search(r'<details class="code" open="">\s*<summary>Stub</summary>', page)
    solution = re.search(
        r"<details[^>]*>\s*<summary>Solution 04.1</summary>.*?</details>", page, re.S
    )
    assert solution and "solved" in solution[0] and "not yet" not in solution[0]


def test_players_and_panels_survive(page: str) -> None:
    assert f'src="data:audio/wav;base64,{SILENCE}"' in page
    assert re.search(r'srcdoc="&lt;p id=&quot;x&quot;&gt;A/B&lt;/p&gt;"', page) or (
        "srcdoc='&lt;p id=\"x\"&gt;A/B&lt;/p&gt;'" in page
    )


def test_what_needs_a_kernel_or_a_server_shows_as_text(page: str) -> None:
    assert page.count("as text") == 3  # widget, script, mermaid
    assert "require(" not in page


def test_prints_stay_together_and_lose_their_terminal_codes(page: str) -> None:
    assert "<pre>a\nb\n</pre>" in page
    assert "\x1b" not in page and "note" in page


def test_links_lead_to_pages_of_the_site_or_nowhere(page: str) -> None:
    assert 'href="05_distillation.html#alpha"' in page
    assert "losses.py" not in page
    assert 'href="03_unet.html"' in page and "The &lt;network&gt;" in page
    assert 'rel="next"' not in page


def test_a_page_lists_its_sections_and_has_both_themes(page: str) -> None:
    assert re.search(r'class="headings".*Second &amp; third', page, re.S)
    assert "prefers-color-scheme: dark" in page and "[data-theme=dark]" in page
    assert 'name="viewport"' in page


def test_a_page_lists_all_chapters_and_leads_to_those_there_are(page: str) -> None:
    chapters = re.search(r'<nav aria-label="Chapters">.*?</nav>', page, re.S)
    assert chapters
    assert 'href="03_unet.html"' in chapters[0] and 'href="glossary.html"' in chapters[0]
    assert "Distillation" in chapters[0] and 'href="05_distillation.html"' not in chapters[0]
    assert chapters[0].count('aria-current="page"') == 1
    assert 'action="search.html"' in chapters[0]


def test_the_contents_page_names_every_chapter_and_repeats_headlines(
    executed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    pages.write_contents(path, CHAPTERS, [executed], "Profile fast")
    contents = path.read_text(encoding="utf-8")
    assert "1 min 15 s" in contents and "failed" in contents and "not run" in contents
    assert 'href="03_unet.html"' in contents and 'href="05_distillation.html"' not in contents
    assert 'href="glossary.html"' in contents
    assert "<td>42.0</td>" in contents and "Folded" not in contents
    assert [a for a in loaded(contents) if not a.startswith("data:")] == []
    assert "listening_test.html" not in contents and "progress.js" not in contents
    # While a study runs, and where there is a blind test, the page says so.
    pages.write_contents(path, CHAPTERS, [executed], "", "listening_test.html", waiting=2)
    growing = path.read_text(encoding="utf-8")
    assert 'href="listening_test.html"' in growing and "2 notebooks to go" in growing


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "glossary.md"
    path.write_text(
        "# Glossary\n\nWords.\n\n### MOS-LQO\n\nA map, see [SNR](#snr).\n\n"
        '<a id="snr"></a>\n\n### SNR\n\nRatio of $x^2$, [here](05_distillation.ipynb) '
        "[file](../README.md).\n",
        encoding="utf-8",
    )
    return path


def test_a_text_is_a_page_whose_anchors_are_those_of_its_links(text: Path, tmp_path: Path) -> None:
    pages.export(text, tmp_path / "glossary.html", CHAPTERS, "Profile fast")
    page = (tmp_path / "glossary.html").read_text(encoding="utf-8")
    assert 'href="#snr"' in page and '<a id="snr"></a>' in page
    assert 'href="05_distillation.html"' in page and "README" not in page
    assert "<math" in page and 'rel="prev"' not in page
    assert pages.text_entry(text) == pages.Entry("glossary", "Glossary", "Words.", "text")


def test_a_link_into_the_glossary_leads_to_its_page(tmp_path: Path) -> None:
    cells = [new_markdown_cell("# T\n\nThe [SNR](glossary.md#snr).")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "00.ipynb")
    pages.export(tmp_path / "00.ipynb", tmp_path / "00.html")
    assert 'href="glossary.html#snr"' in (tmp_path / "00.html").read_text(encoding="utf-8")


def test_the_search_page_holds_the_words_of_all_chapters(
    executed: Path, text: Path, tmp_path: Path
) -> None:
    path = tmp_path / "search.html"
    pages.write_search(path, CHAPTERS, [executed, text], "Profile fast")
    page = path.read_text(encoding="utf-8")
    assert [a for a in loaded(page) if not a.startswith("data:")] == []
    held = re.search(r'id="documents">(.*?)</script>', page, re.S)
    assert held
    found = {section["id"]: section for section in json.loads(held[1])}
    assert found["glossary.html#SNR"]["chapter"] == "Glossary"
    assert found["glossary.html#SNR"]["text"] == "Ratio of …, here file."
    assert found["04_teacher_training.html#Second-&-third"]["heading"] == "Second & third"
    assert "bold" in found["04_teacher_training.html#Second-&-third"]["text"], "findings too"
    assert not any("folded" in section["text"] for section in found.values()), "code is not"


@pytest.mark.parametrize(
    "formula",
    [
        EQUATION,
        r"\mathrm{SNR}=10\log_{10}\frac{\sum_n s[n]^2}{\sum_n (g\,v[n])^2}\;\text{dB}",
        r"\begin{aligned}a&=b\\c&=d\end{aligned}",
        r"\arg\min_\theta \mathbb{E}\left[\left|S\right|^2\right]",
    ],
)
def test_formulas_of_the_field_are_understood(formula: str) -> None:
    assert pages.mathml(formula).startswith("<math")


def test_a_fraction_is_a_fraction() -> None:
    converted = pages.mathml(r"\frac{a}{2}")
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mn>2</mn></mrow></mfrac>" in converted


@pytest.mark.parametrize("formula", [r"\nosuchthing{x}", "x^{"])
def test_a_formula_that_is_not_understood_is_named(formula: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        pages.mathml(formula)


def test_formulas_are_found_outside_code_only() -> None:
    assert pages.formulas("a $x$ `$y$`\n\n$$\nz\n$$\n\n```\n$w$\n```\n") == ["x", "\nz\n"]


def test_title_and_promise_are_the_first_heading_and_paragraph() -> None:
    cells = [new_markdown_cell("note"), new_markdown_cell("# T1 & T2\n\nOne\nline.\n\nRest.")]
    assert pages.title_and_promise(new_notebook(cells=cells)) == ("T1 & T2", "One\nline.")


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium here")
    yield found


@pytest.mark.browser
def test_a_browser_shows_the_page_and_asks_no_server(
    page: str, tmp_path: Path, chromium: str
) -> None:
    control = "http://127.0.0.1:9/control.png"  # shows that the log would tell
    copy = tmp_path / "copy.html"
    copy.write_text(page.replace("</main>", f'<img src="{control}"></main>'), encoding="utf-8")
    log = tmp_path / "net.json"
    subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'browser'}",
            f"--log-net-log={log}", "--dump-dom", copy.as_uri(),
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    requests = [
        event["params"]
        for event in json.loads(log.read_text(encoding="utf-8"))["events"]
        if "url" in event.get("params", {}) and "initiator" in event["params"]
    ]
    # A browser talks to its maker on its own; what the page asks for comes from its origin.
    asked = {r["url"] for r in requests if r["initiator"] in ("null", "file://")}
    assert {url for url in asked if not url.startswith(("data:", "file:"))} == {control}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("snr", "glossary.html#SNR"),
        ("si-sdr", "glossary.html#SI-SDR"),
        ("sdr", "glossary.html#SI-SDR"),
        ("ratio energy", "glossary.html#SNR"),
        ("nowhere", ""),
    ],
)
def test_the_search_finds_sections_without_a_server(
    executed: Path, text: Path, tmp_path: Path, chromium: str, asked: str, first: str
) -> None:
    written = text.read_text(encoding="utf-8")
    text.write_text(
        f"{written}\n\nSpeech energy over noise.\n\n### SI-SDR\n\nUnlike the SNR.\n",
        encoding="utf-8",
    )
    path = tmp_path / "search.html"
    pages.write_search(path, CHAPTERS, [executed, text], "Profile fast")
    shown = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'browser'}",
            "--dump-dom", f"{path.as_uri()}?q={asked.replace(' ', '+')}",
        ],
        check=True, capture_output=True, timeout=240, text=True,
    ).stdout  # fmt: skip
    results = re.search(r'<ol class="results".*?</ol>', shown, re.S)
    assert results
    assert re.findall(r'<a href="([^"]+)"', results[0])[:1] == ([first] if first else [])
