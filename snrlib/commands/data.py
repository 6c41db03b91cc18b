"""`snrlib data`: which corpora there are, and how one comes here and proves whole."""

import textwrap
from pathlib import Path

import click
import pandas

from snrlib import corpora
from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import MEGABYTE, Download
from snrlib.corpora.listing import UnreadableFilesError
from snrlib.datasets.recipes import speakers_shared
from snrlib.support import tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic

# More problems than these are counted, not printed.
_SHOWN = 20
_WIDTH = 100
_NAMED = 10  # speakers printed by name


@click.group(name="data", short_help="List, fetch, add and check corpora.")
def data() -> None:
    """Corpora of speech and noise: what there is, and what is here.

    \b
    Example: from nothing to a study on an open corpus
      snrlib data list
      snrlib data fetch librispeech
      snrlib data check librispeech
      snrlib study --profile cpu -p speech librispeech
    """


@data.command("list")
def list_command() -> None:
    """Show every corpus: what it is, its licence, whether it is here, what getting it costs.

    \b
    Example:
      snrlib data list
    """
    for name in corpora.names():
        corpus = corpora.get(name)
        click.echo(f"{click.style(name, bold=True)}: {corpus.title} ({', '.join(_size(corpus))})")
        for line in (corpus.description, f"licence: {corpus.licence}", *_whereabouts(corpus)):
            # Paths and addresses stay whole, so that they can be copied.
            click.echo(
                textwrap.fill(
                    line,
                    width=_WIDTH,
                    initial_indent="    ",
                    subsequent_indent="      ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )


def _size(corpus: Corpus) -> list[str]:
    words = ["speech and noise" if corpus.kind == "both" else corpus.kind]
    if corpus.hours:
        words.append(f"{corpus.hours:,.0f} h" if corpus.hours >= 10 else f"{corpus.hours:.1f} h")
    if corpus.speakers:
        words.append(f"{corpus.speakers:,} speakers")
    return words


def _whereabouts(corpus: Corpus) -> list[str]:
    """Whether a corpus is here, and how it comes here if not."""
    if corpus.name == "embedded":
        return ["here: ships with the kit"]
    if corpus.name == "folder":
        return ["here: no need to add it, name its path in the selection"]
    place = registered.find(corpus)
    if place is not None and place.is_dir():
        parts = [] if corpus.name in registered.added() else registered.parts_here(corpus)
        return [f"here: {place}" + (f" ({', '.join(parts)})" * bool(parts))]
    gone = f"{place} is gone; " if place else ""
    lines = [f"not here: {gone}{registered.remedy(corpus)}"]
    if corpus.downloads:
        wanted = [item for item in corpus.downloads if item.wanted]
        others = [item for item in corpus.downloads if not item.wanted]
        more = ", ".join(f"{item.part} {_megabytes([item])}" for item in others)
        lines.append(
            f"costs: {_megabytes(wanted)} to download"
            + (f"; more on demand: {more}" if more else "")
        )
    return lines


def _megabytes(items: list[Download]) -> str:
    total = sum(item.size or item.about for item in items)
    return f"{total / 1e9:.1f} GB" if total >= 1e9 else f"{total / MEGABYTE:.0f} MB"


@data.command("fetch")
@click.argument("selections", metavar="NAME[:PART]...", nargs=-1, required=True)
def fetch_command(selections: tuple[str, ...]) -> None:
    """Download an open corpus, or parts of it; a broken download continues where it broke.

    \b
    Examples:
      snrlib data fetch librispeech                   the two small subsets
      snrlib data fetch librispeech:train-clean-100   another one
      snrlib data fetch demand demand:TMETRO
    """
    from snrlib.corpora.fetch import fetch

    chosen = [_chosen(part) for part in ",".join(selections).split(",") if part.strip()]
    for corpus, items in chosen:
        click.echo(f"{corpus.title}, licence: {corpus.licence}")
        click.echo(f"Please cite: {corpus.citation}")
        for note in corpus.notes:
            click.echo(f"Note: {note}")
        for item in items:
            unknown = "" if item.checksum else "; no checksum is published, the first is remembered"
            click.echo(f"{item.part}: {_megabytes([item])} from {item.url}{unknown}")
            fetch(
                item,
                registered.fetched_folder(corpus.name),
                label=f"{corpus.name} {item.part}",
            )
        records = corpus.list_files(registered.fetched_folder(corpus.name))
        click.echo(f"Here: {_summary(records)} in {registered.fetched_folder(corpus.name)}")
        if corpus.name in registered.added():
            click.echo(
                f"Your own copy at {registered.added()[corpus.name]} is still the one used; "
                f"`snrlib data add {corpus.name} {registered.fetched_folder(corpus.name)}` "
                "changes that."
            )


def _chosen(selection: str) -> tuple[Corpus, list[Download]]:
    name, _, part = selection.strip().partition(":")
    corpus = corpora.get(name)
    if not corpus.downloads:
        if name in ("embedded", "folder"):
            raise SnrlibError(f"The corpus '{name}' needs no download.")
        raise SnrlibError(
            f"The corpus '{name}' cannot be downloaded freely ({corpus.licence}); get it from "
            f"{corpus.homepage} and run `snrlib data add {name} PATH`."
        )
    items = [i for i in corpus.downloads if (i.part == part if part else i.wanted)]
    if not items:
        parts = ", ".join(item.part for item in corpus.downloads)
        raise SnrlibError(f"The corpus '{name}' has no part '{part}'; its parts are {parts}.")
    return corpus, items


@data.command("add")
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--speaker",
    metavar="PATTERN",
    help="Of a folder of your own: a regular expression; what its group matches in the path of a "
    "recording is the speaker.",
)
def add_command(name: str, path: Path, speaker: str | None) -> None:
    """Register a copy of a corpus that you have; nothing is copied.

    A folder of your own needs no adding, unless its speakers have to be named.

    \b
    Examples:
      snrlib data add timit /corpora/TIMIT
      snrlib data add folder /home/me/talks --speaker 'talk_([a-z]+)'
    """
    corpus = corpora.get(name)
    if name == "folder" and speaker is not None:
        before = registered.speaker_pattern(path)
        registered.state_speakers(path, speaker)
        try:
            records = corpus.list_files(path)
        except SnrlibError:
            registered.state_speakers(path, before)
            raise
        click.echo(f"Speakers of {path} are named by {speaker}: {_speakers(records)}")
        return
    if speaker is not None:
        raise SnrlibError(
            f"The corpus '{name}' says itself who speaks; --speaker is for "
            "`snrlib data add folder`."
        )
    if name in ("embedded", "folder"):
        raise SnrlibError(
            f"The corpus '{name}' needs no adding; select a folder of your own as 'folder:{path}'."
        )
    records = corpus.list_files(path)
    registered.add(name, path)
    click.echo(f"{corpus.title}, licence: {corpus.licence}")
    click.echo(f"Added: {_summary(records)} in {path}. `snrlib data check {name}` opens them all.")


@data.command("check")
@click.argument("name", metavar="NAME")
@click.option("--jobs", default=-1, help="Files opened at once; -1 for one per core.")
@click.option(
    "--table", type=click.Path(path_type=Path), help="CSV file with every file's measures."
)
@click.option(
    "--figure", type=click.Path(path_type=Path), help="Picture of levels and lengths (.png, .svg)."
)
def check_command(name: str, jobs: int, table: Path | None, figure: Path | None) -> None:
    """Is a corpus sound? Count it, open every file of it, and name what is odd.

    Problems end with status 1: files that cannot be read to their end, silent ones, audio or
    voices that are in training and in the test, a copy that is not whole. Odd levels, clipping,
    offsets, gaps, repeated audio and what does not swing as speech does are named.

    \b
    Examples:
      snrlib data check timit
      snrlib data check folder:/home/me/recordings --table check.csv --figure check.png
    """
    from snrlib.corpora.checking import check

    try:
        records, corpus, is_whole = _records(name)
    except UnreadableFilesError as error:
        _print_problems(error.problems)
        raise SnrlibError(
            f"{len(error.problems):,} files of '{name}' cannot be opened; copy or fetch them "
            "again, or remove them."
        ) from error
    report = check(records, corpus.expected if is_whole else {}, jobs)
    click.echo(f"{corpus.title}: {_summary(records)}")
    for what, found, expected in report.counts:
        if expected is None:
            click.echo(f"  {found:,} {what}")
        else:
            mark = "[OK]" if found == expected else "[FAIL]"
            click.echo(f"  {mark} {found:,} {what} of {expected:,}")
    for kind, count in report.formats.most_common():
        click.echo(f"  {count:,} files: {kind}")
    for line in _by_split(records, report.table):
        click.echo(f"  {line}")
    if table:
        tables.write(table, report.table.drop(columns="audio"))
        click.echo(f"  every file's measures: {table}")
    if figure:
        from snrlib.plots.corpora import soundness

        with atomic(figure) as unfinished:
            soundness(report.table)[0].savefig(unfinished, dpi=150)
        click.echo(f"  figure: {figure}")
    _print_problems(report.odd, "[ODD]")
    silent = [f"{path} is silent; no SNR is defined for it." for path in report.silent]
    shared = speakers_shared(records)
    voices = [f"{', '.join(shared[:_NAMED])}: in training and in the test."] * bool(shared)
    problems = report.unreadable + silent
    _print_problems(problems + report.leaking + voices)
    if problems:
        raise SnrlibError(
            f"{len(problems):,} of {len(records):,} files of '{name}' cannot be used; copy or "
            "fetch them again, or remove them."
        )
    if report.leaking or voices:
        raise SnrlibError(
            f"Training and test of '{name}' share {'audio' if report.leaking else 'voices'}, so a "
            "test would say nothing of new ones; move the files, or name the speakers with "
            "`snrlib data add folder PATH --speaker PATTERN`."
        )
    if report.incomplete:
        raise SnrlibError(
            f"This copy of '{name}' is not the published corpus: {'; '.join(report.incomplete)}. "
            "It can be used as it is."
        )
    click.echo("  [OK] every file can be read to its end")


def _speakers(records: pandas.DataFrame) -> str:
    """Who speaks, by split: "train: anna, ben; test: carla"."""
    named = records[records["speaker"].astype(str) != ""]
    parts = []
    for split in ("train", "test", "noise"):
        found = sorted(set(named.loc[named["split"] == split, "speaker"]))
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        if found:
            parts.append(f"{split} ({len(found):,}): {', '.join(found[:_NAMED])}{more}")
    return "; ".join(parts) or "none are named"


def _by_split(records: pandas.DataFrame, measured: pandas.DataFrame) -> list[str]:
    """Who speaks, for how long, and how loud, one line per split."""
    lines = []
    for split, part in records.groupby("split", sort=False):
        rows = measured.loc[measured["path"].isin(part["path"]) & (measured["peak"] > 0)]
        low, middle, high = rows["level_dbfs"].quantile([0.05, 0.5, 0.95])
        level = f"level {middle:.0f} dB ({low:.0f} to {high:.0f})" if len(rows) else "no sound"
        lines.append(f"{split or 'all'}: {_summary(part)}, {level}")
    if (records["speaker"].astype(str) != "").any():
        lines.append(f"speakers: {_speakers(records)}")
    return lines


def _print_problems(problems: list[str], mark: str = "[FAIL]") -> None:
    for problem in problems[:_SHOWN]:
        click.echo(f"  {mark} {problem}")
    if len(problems) > _SHOWN:
        click.echo(f"  {mark} and {len(problems) - _SHOWN:,} more")


def _records(selection: str) -> tuple[pandas.DataFrame, Corpus, bool]:
    """The records of a corpus or of a part of it, and whether it is the whole corpus."""
    name, _, item = selection.partition(":")
    corpus = corpora.get(name)
    if name == "folder":
        return corpus.list_files(Path(item) if item else None), corpus, False
    if item:
        select = corpora.speech if corpus.kind == "speech" else _noises
        return select(selection), corpus, False
    records = corpus.list_files(None)
    if corpus.prepare is not None:
        corpus.prepare(records)
    return records, corpus, True


def _noises(selection: str) -> pandas.DataFrame:
    return corpora.noises(selection, "")


def _summary(records: pandas.DataFrame) -> str:
    speakers = records.loc[records["speaker"] != "", "speaker"].nunique()
    hours = records["seconds"].sum() / 3600
    words = [f"{len(records):,} recording" + "s" * (len(records) != 1)]
    words += [f"{speakers:,} speaker" + "s" * (speakers != 1)] if speakers else []
    words += [f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"]
    return ", ".join(words)
