"""The `snrlib` command.

Each command imports what it needs when it runs, so that `snrlib --help` answers at once. What
the kit refuses ends in one sentence on stderr and exit code 1; Ctrl-C ends with exit code 130.
"""

import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snrlib import SnrlibError, __version__

INTERRUPTED = 130


class _Group(click.Group):
    """Commands in the order in which a reader meets them; `data` is imported when called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*self.commands, "data"]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name != "data":
            return super().get_command(context, name)
        from snrlib.commands.data import data

        return data

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        # The group of `data` is not imported for a line of help.
        rows = [(name, command.get_short_help_str(60)) for name, command in self.commands.items()]
        rows.append(("data", "List, fetch, add and check corpora of speech and noise."))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command explains itself with an example: snrlib study --help",
)
@click.version_option(__version__, prog_name="snrlib")
def cli() -> None:
    """SNR-based teachers-student speech enhancement: build it, hear it, measure it."""


def main() -> None:
    """Runs the command line: one sentence for what is refused, no traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("snrlib").setLevel(logging.INFO)
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, _terminated)
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SnrlibError as error:
        click.echo(f"snrlib: {error}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("\nsnrlib: stopped; the same command continues.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _terminated(*_: object) -> None:
    raise KeyboardInterrupt


def _run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The parameters that every notebook takes, as options."""
    for option in (
        click.option("--unseen-noise", help="Noises met only in the test; empty: the profile's."),
        click.option("--seen-noise", help="Noises of the training; empty: the profile's."),
        click.option("--speech", help="Corpora of speech; empty: the profile's."),
        click.option("--seed", type=int, help="Random seed."),
        click.option("--run-dir", default="", help="Run folder; empty: runs/PROFILE in the kit."),
        click.option(
            "--profile",
            default="fast",
            show_default=True,
            help="Size of the study: fast, cpu, gpu, paper, or a TOML file of your own.",
        ),
    ):
        command = option(command)
    return command


def _common(options: dict[str, Any]) -> dict[str, Any]:
    """The notebook parameters among a command's options, without those not given."""
    names = ("seed", "speech", "seen_noise", "unseen_noise")
    return {name: options[name] for name in names if options.get(name) is not None}


@cli.command()
@_run_options
@click.option("--only", multiple=True, metavar="NUMBER", help="Only this notebook; repeatable.")
@click.option("--from", "start", metavar="NUMBER", help="This notebook and those after it.")
@click.option(
    "-p",
    "--parameter",
    "given",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A notebook's own parameter; goes to the notebooks that have it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would run and what it would cost.")
@click.option("--force", is_flag=True, help="Run also what is up to date.")
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of numbered notebooks.  [default: the kit's]",
)
def study(
    profile: str,
    run_dir: str,
    only: tuple[str, ...],
    start: str | None,
    given: tuple[tuple[str, str], ...],
    dry_run: bool,
    force: bool,
    notebooks: Path | None,
    **options: Any,
) -> None:
    """Run the notebooks in order and build the site.

    Notebooks that are up to date are skipped; after an error or a kill the same command
    continues. Executed notebooks, models, scores and the site lie in the run folder.

    \b
    Examples:
      snrlib study
      snrlib study --profile cpu --dry-run
      snrlib study --only 05 -p alphas "[0.1, 0.9]"
    """
    from snrlib.commands import plan as plans
    from snrlib.commands import study as studies

    plan = plans.plan(profile, run_dir, list(only), start, _common(options), dict(given), notebooks)
    if dry_run:
        click.echo(plans.describe(plan, plans.states(plan, force)))
        return
    contents = studies.run(plan, force, click.echo)
    click.echo(f"Open {contents.as_uri()}")


@cli.command()
@click.option("--profile", default="fast", show_default=True, help="Profile of the run.")
@click.option("--run-dir", default="", help="Run folder; empty: runs/PROFILE in the kit.")
def book(profile: str, run_dir: str) -> None:
    """Build the pages of a run from its executed notebooks; nothing is run.

    One folder of pages for the notebooks in order, glossary, common errors and search. It opens
    without a network or a server and can be copied anywhere. `study` builds it, too.

    \b
    Examples:
      snrlib book
      snrlib book --profile cpu
    """
    from snrlib.commands import plan as plans
    from snrlib.commands import study as studies

    contents = studies.book(plans.plan(profile, run_dir))
    click.echo(f"Open {contents.as_uri()}")


@cli.command()
def doctor() -> None:
    """Check what works on this machine, with the remedy for what does not.

    \b
    Example:
      snrlib doctor
    """
    from snrlib.commands import doctor as doctors

    sys.exit(doctors.main())


@cli.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_run_options
@click.option("--fresh", is_flag=True, help="Start afresh instead of continuing.")
@click.option("--jobs", type=int, default=0, help="Trainings at a time.  [default: the fastest]")
@click.option("--devices", type=int, default=1, show_default=True, help="Processes per machine.")
@click.option("--nodes", type=int, default=1, show_default=True, help="Machines.")
@click.option("--accelerator", default="auto", show_default=True, help="auto, cpu or cuda.")
def train(
    names: tuple[str, ...],
    profile: str,
    run_dir: str,
    fresh: bool,
    jobs: int,
    devices: int,
    nodes: int,
    accelerator: str,
    **options: Any,
) -> None:
    """Train networks: T1 to T4, S1, S2, baselines; several names side by side.

    Baselines are called wavenet, psa_bilstm and crn at their papers' sizes (profiles gpu and
    paper), crn-narrow and so on at smaller ones (fast and cpu).

    S2-random, S2-smoothing and so on are controls, S2-from-T2 starts from a teacher's weights;
    -steps500 behind a name is another budget, -seed2 another seed (a wrong name lists them).

    A training that was stopped continues; one that is finished is not repeated. With several
    devices the batch is shared between them; under SLURM or torchrun every process calls this
    command, and all of them see the same run folder.

    \b
    Examples:
      snrlib train T1 T2 T3 T4
      snrlib train S2 --profile paper --devices 4
      snrlib train S2 --profile gpu --run-dir runs/gpu --seed 3
      snrlib train S2-random-steps500-seed2
    """
    import snrlib
    from snrlib.support import devices as hardware

    first = hardware.speaks()
    run = snrlib.open_run(profile=profile, run_dir=run_dir, quiet=not first, **_common(options))
    choices: dict[str, Any] = {"fresh": fresh, "accelerator": accelerator}
    if devices * nodes > 1:  # each training has all of them
        for name in names:
            run.train(name, devices=devices, nodes=nodes, **choices)
    else:
        run.train_all(names, jobs, **choices)
    if first:
        for name in names:
            click.echo(f"{name} is in {run.folder / 'models' / name}")


@cli.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="A released model (S2, teachers) or a folder with one; repeatable.  [default: S2]",
)
@click.option("--raw", is_flag=True, help="The network's own output, without its post-filter.")
def enhance(source: Path, target: Path, models: tuple[str, ...], raw: bool) -> None:
    """Enhance a recording, or every recording in a folder.

    IN is a file (WAV, FLAC, Ogg, MP3, ...) or a folder; OUT is a file, or a folder, which is
    made. Recordings are mixed down to one channel at 16 kHz; the output has the input's length
    and level. Files may be hours long: they are read and written block by block.

    With several models each name is appended: talk_S1.wav, talk_S2.wav. The model `teachers` gives
    each recording to the teacher of its SNR, and says which, and how sure that is.

    A released model's post-filter, which keeps it from doing harm at very low and very high SNRs,
    is applied unless --raw is given.

    \b
    Examples:
      snrlib enhance talk.mp3 clean.wav
      snrlib enhance recordings/ enhanced/ --model S1 --model S2
      snrlib enhance talk.mp3 clean.wav --model teachers
      snrlib enhance talk.wav clean.flac --model runs/cpu/models/S2
    """
    from snrlib.commands.enhance import run

    run(source, target, models or ("S2",), click.echo, post_filter=not raw)


@cli.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="FILE.onnx", type=click.Path(path_type=Path, dir_okay=False))
def export(model: str, target: Path) -> None:
    """Write a model as one ONNX file, for places without PyTorch.

    MODEL is a released name or a folder, a U-Net. The file is checked against PyTorch before it
    is written, and carries the model's card and how to use it. Needs the extra `export`.

    \b
    Examples:
      snrlib export S2 s2.onnx
      snrlib export runs/cpu/models/S2 mine.onnx
    """
    from snrlib.commands.export import run

    click.echo(run(model, target))


@cli.command()
@click.argument("grid", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--run-dir", default="", help="Folder of the sweep; empty: runs/sweeps/GRID.")
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of numbered notebooks.  [default: the kit's]",
)
def sweep(grid: Path, run_dir: str, notebooks: Path | None) -> None:
    """Run one notebook over a grid of parameters and collect every score in one table.

    GRID is a YAML file with `notebook: "05"`, `before: ["04"]` (run once for each seed; its
    models are handed on), `parameters: {profile: fast}` and `grid: {seed: [7, 8, 9]}`.
    Finished cells are not run again; a cell that fails does not stop the others.

    \b
    Example:
      snrlib sweep seeds.yaml
    """
    from snrlib.commands import sweep as sweeps

    table = sweeps.run(sweeps.read(grid), run_dir, notebooks, click.echo)
    click.echo(f"Every score: {table}")


@cli.command()
@click.argument("more", nargs=-1, metavar="")
@click.option("--only", multiple=True, metavar="PART...", help="Only these parts; empty: all.")
@click.option("--quick", is_flag=True, help="A minute or two, and rougher figures.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON file with every figure.  [default: runs/bench.json in the kit]",
)
def bench(more: tuple[str, ...], only: tuple[str, ...], quick: bool, output: Path | None) -> None:
    """Measure how fast the kit is on this machine.

    Every figure is a ratio against the plain way of doing the same, timed in turn in one
    process. Parts: startup, crops, inference, training, distillation, scoring, long_audio,
    banks, agreement; and page (the desk in Chromium), only when it is asked for.

    \b
    Examples:
      snrlib bench --quick
      snrlib bench --only crops inference training
    """
    from snrlib.commands import bench as benches
    from snrlib.support.files import kit_root, write_json

    report = benches.measure([*only, *more], quick, lambda figure: click.echo(figure.line()))
    output = output or kit_root() / "runs" / "bench.json"
    write_json(output, report)
    click.echo(f"Every figure: {output}")


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_run_options
@click.option("--fresh", is_flag=True, help="Score again what has been scored.")
@click.option("--cluster", default="", metavar="ADDRESS", help="Score on a Dask cluster.")
def evaluate(
    names: tuple[str, ...],
    profile: str,
    run_dir: str,
    fresh: bool,
    cluster: str,
    **options: Any,
) -> None:
    """Score trained systems on the test set of their run folder.

    Without a name: everything that has been trained, and the noisy input itself.

    \b
    Examples:
      snrlib evaluate S1 S2
      snrlib evaluate S2 --profile paper --cluster tcp://10.0.0.5:8786
    """
    import snrlib
    from snrlib import evaluation
    from snrlib.evaluation import scoring

    run = snrlib.open_run(profile=profile, run_dir=run_dir, **_common(options))
    trained = sorted(path.parent.name for path in run.folder.glob("models/*/model.json"))
    with scoring.joined(cluster):
        scores = run.scores(list(names) or ["noisy", *trained], fresh)
    for metric in ("pesq_raw", "stoi", "si_sdr"):
        table = evaluation.summary(scores, metric=metric).reset_index()
        wide = table.pivot(index="system", columns="snr_db", values="mean").round(3)
        failed = int(table["failures"].sum())
        click.echo(f"\n{metric}, mean by SNR in dB ({failed} failed scores left out)")
        click.echo(wide.to_string())
    click.echo(f"\n{run.caption}\nEvery score: {run.folder / 'scores'}")
