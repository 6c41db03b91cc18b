"""Executed notebooks as a book: web pages that open without a network.

A page holds everything it shows: formulas become MathML when the page is built (nbconvert
would load MathJax from a server), styles and figures are embedded, audio players stay, and
code is folded away except where the code is the lesson. The contents page lists the notebooks
with their promise, time and state, and repeats the headline tables. The glossary and the other
texts beside the notebooks are chapters too, and one page searches all of them.

Cell tags: `lesson` and `stub` show the code unfolded, `hide-input` never shows it, `headline`
repeats the cell's output on the contents page, `exercise` frames a task.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from snrlib import __version__
from snrlib.listening.desk import embedding
from snrlib.support.files import write_text

_TEMPLATES = Path(__file__).parent / "templates"

# What latex2mathml lacks, said with what it has.
_SUBSTITUTES = {r"\arg": r"\operatorname{arg}", r"\lVert": r"\|", r"\rVert": r"\|"}


@dataclass(frozen=True)
class Entry:
    """One chapter: a line of the contents page and of every page's list of chapters.

    Args:
        name: the file name of the notebook or text without its ending.
        status: "done", "failed" or "not run"; "text" for what is not a notebook.
        seconds: how long it ran, None if it did not.
        page: False where there is no page to link to.
    """

    name: str
    title: str
    promise: str
    status: str
    seconds: float | None = None
    page: bool = True

    @property
    def number(self) -> str:
        """The notebook's number; empty for a text."""
        return "" if self.status == "text" else self.name[:2]


def mathml(latex: str, display: str = "inline") -> str:
    r"""A formula as MathML, which browsers show without help.

    Args:
        latex: the formula without its dollar signs, such as `\frac{\alpha}{2}`.
        display: "inline" or "block".

    Raises:
        ValueError: the formula is not understood.
    """
    from latex2mathml.converter import convert

    for command, substitute in _SUBSTITUTES.items():
        quoted = substitute.replace("\\", r"\\")
        latex = re.sub(re.escape(command) + r"(?![A-Za-z])", quoted, latex)
    try:
        converted = convert(latex.strip(), display=display)
    except Exception as error:
        # latex2mathml raises whatever its parser trips over (IndexError, KeyError, its own)
        raise ValueError(f"The formula {latex.strip()!r} is not understood.") from error
    unknown = re.search(r"\\[A-Za-z]+", converted)
    if unknown:
        raise ValueError(f"The formula {latex.strip()!r} uses {unknown[0]}, which is not known.")
    return converted


def formulas(markdown: str) -> list[str]:
    """The formulas of a markdown text, as LaTeX; dollar signs inside code do not count."""
    found: list[str] = []
    _Markdown(renderer=_Renderer(formulas=found)).render(markdown)
    return found


def title_and_promise(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """The notebook's first heading, and the paragraph below it as one line of HTML."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = next((text for text in texts if re.match(r"#\s", text)), "")
    title = re.match(r"#\s+(.+)", text)
    if not title:
        return "", ""
    paragraphs = re.split(r"\n\s*\n", text[title.end() :].strip(), maxsplit=1)
    promise = _Markdown(renderer=_Renderer()).render(paragraphs[0])
    return title[1].strip(), re.sub(r"</?p>", "", promise).strip()


def texts(folder: Path) -> list[Path]:
    """The texts beside the notebooks (glossary, common errors), which are chapters too."""
    return sorted(folder.glob("*.md"), reverse=True)


def text_entry(path: Path) -> Entry:
    """The chapter that a text is: its title, and its first paragraph."""
    cell = nbformat.v4.new_markdown_cell(path.read_text(encoding="utf-8"))
    title, promise = title_and_promise(nbformat.v4.new_notebook(cells=[cell]))
    return Entry(path.stem, title or path.stem, promise, "text")


def export(notebook: Path, page: Path, chapters: Sequence[Entry] = (), footer: str = "") -> None:
    """Writes an executed notebook, or a text, as one self-contained page.

    Args:
        notebook: the executed notebook (.ipynb), or a text (.md).
        page: the page to write (.html).
        chapters: of the book, in order, for navigation.
        footer: one line about the run (profile, folder).
    """
    if notebook.suffix == ".md":
        cell = nbformat.v4.new_markdown_cell(notebook.read_text(encoding="utf-8"))
        node = nbformat.v4.new_notebook(cells=[cell])
    else:
        node = nbformat.read(notebook, as_version=4)
    name = page.stem
    site: dict[str, Any] = {
        "title": title_and_promise(node)[0] or name,
        "name": name,
        "chapters": chapters,
        "footer": footer,
    }
    read = [entry.name for entry in chapters if entry.page and entry.status != "text"]
    if name in read:
        entries = {entry.name: entry for entry in chapters}
        at = read.index(name)
        site["previous"] = entries[read[at - 1]] if at > 0 else None
        site["following"] = entries[read[at + 1]] if at + 1 < len(read) else None
    write_text(page, embedding.in_site(_render(node, site)))


def write_contents(
    page: Path,
    chapters: Sequence[Entry],
    notebooks: list[Path],
    footer: str,
    listening_test: str = "",
    waiting: int = 0,
) -> None:
    """Writes the contents page: every chapter, its state, and the headline outputs.

    Args:
        page: the page to write (`index.html`).
        chapters: of the book, in order.
        notebooks: executed notebooks in which to look for cells tagged `headline`.
        footer: one line about the run (profile, folder).
        listening_test: the page of the blind test beside it; empty where there is none.
        waiting: how many notebooks are still to run; the page then tells when one has finished.
    """
    shown = [(path.stem, _headlines(path, path.stat().st_mtime_ns)) for path in notebooks]
    headlines = [(name, fragment) for name, fragment in shown if fragment]
    site: dict[str, Any] = {
        "title": "Contents",
        "name": "index",
        "chapters": chapters,
        "footer": footer,
        "listening_test": listening_test,
        "waiting": waiting,
    }
    _write_page(page, "contents.html.j2", site, headlines=headlines)


def write_search(page: Path, chapters: Sequence[Entry], sources: list[Path], footer: str) -> None:
    """Writes the page that searches the book; the words of all chapters lie in it.

    Args:
        page: the page to write (`search.html`).
        chapters: of the book, in order.
        sources: executed notebooks and texts, in order.
        footer: one line about the run (profile, folder).
    """
    titles = {entry.name: entry.title for entry in chapters}
    found: list[dict[str, str]] = []
    for path in sources:
        name = path.stem.removesuffix(".failed")
        for anchor, heading, text in _sections(path, path.stat().st_mtime_ns):
            place = f"{name}.html" + (f"#{anchor}" if anchor else "")
            title = titles.get(name, name)
            found.append({"id": place, "chapter": title, "heading": heading, "text": text})
    # "</" would end the script that holds them
    documents = json.dumps(found, ensure_ascii=False).replace("</", "<\\/")
    site = {"title": "Search", "name": "search", "chapters": chapters, "footer": footer}
    _write_page(page, "search.html.j2", site, documents=documents)


def _write_page(page: Path, template: str, site: dict[str, Any], **more: Any) -> None:
    site["version"] = __version__
    environment = OfflineExporter().environment
    write_text(page, environment.get_template(template).render(site=site, **more))


@cache
def _sections(path: Path, _: int) -> list[tuple[str, str, str]]:
    """What a chapter says, section by section: (anchor, heading, text); read once per state.

    Prose and findings, not code, tables or logs: those are found with the browser's own search
    once one is on the page.
    """
    if path.suffix == ".md":
        sources = [path.read_text(encoding="utf-8")]
    else:
        sources = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                sources.append("".join(cell["source"]))
            for output in cell.get("outputs", []):
                sources.append("".join(output.get("data", {}).get("text/markdown", "")))
    page = "\n".join(_Markdown(renderer=_Renderer()).render(source) for source in sources)
    page = re.sub(r'<a class="anchor-link".*?</a>', "", page)
    parts = re.split(r'<h[123] id="([^"]*)">(.*?)</h[123]>', page, flags=re.S)
    starts = [("", ""), *zip(parts[1::3], parts[2::3], strict=True)]
    cut = zip(starts, parts[0::3], strict=True)
    return [
        (html.unescape(anchor), _words(head), _words(text))
        for (anchor, head), text in cut
        if head or text
    ]


def _words(page: str) -> str:
    """The text of a piece of HTML as one line, with an ellipsis for each formula."""
    page = re.sub(r"<math.*?</math>", "…", page, flags=re.S)
    page = re.sub(r"<!--.*?-->", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@cache
def _headlines(path: Path, _: int) -> str:
    """The outputs of a notebook's headline cells; read once per state of the file."""
    text = path.read_text(encoding="utf-8")
    if '"headline"' not in text:
        return ""  # notebooks hold megabytes of audio: most need not be parsed
    node = nbformat.reads(text, as_version=4)
    tagged = [cell for cell in node.cells if "headline" in cell.metadata.get("tags", [])]
    node.cells = [cell for cell in tagged if cell.get("outputs")]
    for cell in node.cells:
        cell.metadata["tags"] = ["hide-input"]
    return _render(node, {"fragment": True}) if node.cells else ""


def _render(node: nbformat.NotebookNode, site: dict[str, Any]) -> str:
    """A notebook through the template; `site` is what the template calls by that name."""
    exporter = OfflineExporter()
    node.metadata.pop("widgets", None)  # their state: dead weight without a kernel
    site["version"] = __version__
    page, _ = exporter.from_notebook_node(node, resources={"site": site})
    return str(page)


class OfflineExporter(HTMLExporter):
    """nbconvert's HTML with the kit's own template, formulas as MathML and no foreign scripts."""

    @property
    def default_config(self) -> Config:
        # Widgets and scripts from outputs need a kernel or a server: the text form shows instead.
        kept = ["text/html", "text/markdown", "image/svg+xml", "text/latex"]
        kept += ["image/png", "image/jpeg", "text/plain"]
        config = Config(
            {
                "NbConvertBase": {"display_data_priority": kept},
                "CoalesceStreamsPreprocessor": {"enabled": True},  # prints stay together
            }
        )
        merged = super().default_config.copy()
        merged.merge(config)
        return merged

    def __init__(self, **keywords: Any) -> None:
        self.headings: list[tuple[str, str]] = []
        super().__init__(
            template_name=_TEMPLATES.name,
            extra_template_basedirs=[str(_TEMPLATES.parent)],
            **keywords,
        )
        # Filled while the cells are rendered, read below them.
        self.environment.globals["headings"] = self.headings

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Markdown to HTML; attachments of the cell are embedded."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(headings=self.headings, attachments=attachments)
        return _Markdown(renderer=renderer).render(source)

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """The filters of nbconvert and the kit's own."""
        yield from super().default_filters()
        yield ("markdown2html", self.markdown2html)
        yield ("latex2html", _latex_output)
        yield ("caption", _caption)
        yield ("duration", _duration)
        yield ("pygments_css", _pygments_css)


class _Markdown(MarkdownWithMath):
    """nbconvert's markdown, rendered by the kit's renderer."""


class _Renderer(IPythonRenderer):
    """Formulas become MathML, links between chapters become links between pages.

    Args:
        headings: takes (anchor, text) of every heading of the second level.
        formulas: takes every formula.
    """

    def __init__(
        self,
        headings: list[tuple[str, str]] | None = None,
        formulas: list[str] | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(escape=False, anchor_link_text="#", **keywords)
        self.headings = [] if headings is None else headings
        self.formulas = [] if formulas is None else formulas

    def block_math(self, body: str) -> str:
        return self._formula(body, "block")

    def inline_math(self, body: str) -> str:
        return self._formula(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def _formula(self, latex: str, display: str) -> str:
        self.formulas.append(latex)
        return _formula(latex, display)

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        rendered = super().heading(text, level, **attributes)
        anchor = re.search(r'id="([^"]+)"', rendered)
        if level == 2 and anchor:
            self.headings.append((anchor[1], re.sub(r"<[^>]+>", "", text)))
        return rendered

    def link(self, text: str, url: str, title: str | None = None) -> str:
        relative = not re.match(r"[a-z][a-z0-9+.-]*:|#|//", url, re.IGNORECASE)
        path, _, anchor = url.partition("#")
        if relative and path.endswith((".ipynb", ".md")) and "/" not in path:
            url = path.rpartition(".")[0] + ".html" + (f"#{anchor}" if anchor else "")
        elif relative:
            return text  # a file of the repository: the page may lie anywhere
        return super().link(text, url, title)


def _formula(latex: str, display: str) -> str:
    try:
        return mathml(latex, display)
    except ValueError:
        # Shown as it was written: one odd formula must not cost the reader the page.
        return f'<code class="formula">{html.escape(latex)}</code>'


def _latex_output(latex: str) -> str:
    """A `text/latex` output, with or without dollar signs."""
    bare = latex.strip()
    for mark in ("$$", "$"):
        if bare.startswith(mark) and bare.endswith(mark) and len(bare) > 2 * len(mark):
            return _formula(bare[len(mark) : -len(mark)], "block")
    return _formula(bare, "block")


def _caption(cell: nbformat.NotebookNode) -> str:
    """What a folded code cell is called: its first comment, or its first line."""
    tags = cell.metadata.get("tags", [])
    if "injected-parameters" in tags:
        return "The parameters of this run"
    if "parameters" in tags:
        return "Parameters and their defaults"
    source = cell.source
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    first = lines[0] if lines else "code"
    comment = first.lstrip("#%").strip() if first.startswith("#") else ""
    return comment or (first if len(first) <= 60 else first[:57] + "...")


def _duration(seconds: float | None) -> str:
    from snrlib.support.text import duration

    return "" if seconds is None else duration(seconds)


def _pygments_css(_: str = "") -> str:
    """Code colours for both themes; the dark ones win where the page is dark."""
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="nord").get_style_defs("[data-theme=dark] .highlight")
    return f"{light}\n{dark}"
