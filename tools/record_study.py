"""Keeps the scores and growth curves of a finished run in the package, for the notebooks to show.

    python tools/record_study.py runs/release

Every system in the run's folder `scores` is kept, mixture by mixture, with the scores that the
profile computes; the training histories of all models become one table. What was trained on what,
and for how long, stands in `study.json`, and its caption beside every figure made from it.
"""

import argparse
import io
from pathlib import Path

import pandas

from snrlib import open_run
from snrlib.evaluation.recorded import scores as recorded_scores
from snrlib.evaluation.scores import read_scores
from snrlib.experiment.run import Run
from snrlib.models import checkpoint
from snrlib.support.files import atomic, read_json, write_json, write_text
from snrlib.training import history

RECORDED = Path(__file__).parents[1] / "snrlib/assets/recorded/study"


def caption(run: Run) -> str:
    """Data, unit and size of the run, for every table and figure that shows it."""
    training = run.speech[run.speech["split"] == "train"]
    test = run.recipe("test")
    teacher, student = run.profile["teacher"], run.profile["student"]
    return (
        f"Recorded: U-Net of {run.model('S2').card['parameters']:,} parameters, teachers "
        f"{teacher['steps']:,} × {teacher['batch']} crops, students {student['steps']:,} × "
        f"{student['batch']}; trained on {len(training)} utterances of "
        f"{training['speaker'].nunique()} LibriSpeech speakers, tested on "
        f"{test['utterance'].nunique()} sentences of {test['speaker'].nunique()} speakers of the "
        f"TIMIT sample ({len(test):,} mixtures, {test['noise'].nunique()} noises)"
    )


def main() -> None:
    """Records the run named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--profile", default="tools/release.toml", help="the run's profile")
    arguments = parser.parse_args()
    settings = read_json(arguments.run_dir / "run.json") | {"profile": arguments.profile}
    run = open_run(run_dir=str(arguments.run_dir.resolve()), quiet=True, **settings)
    scores = read_scores(arguments.run_dir / "scores")
    numbers = scores.select_dtypes("float").columns
    scores[numbers] = scores[numbers].round(4)
    # Paths and machines stay out; utterances and speakers are those of the test corpus.
    with atomic(RECORDED / "scores.csv.gz") as unfinished:
        scores.to_csv(unfinished, index=False, compression={"method": "gzip", "mtime": 1})
    trained = sorted(path.parent.name for path in arguments.run_dir.glob("models/*/model.json"))
    histories = [history(run.model_folder(name)).assign(system=name) for name in trained]
    text = io.StringIO()
    pandas.concat(histories).dropna(axis=1, how="all").round(8).to_csv(text, index=False)
    write_text(RECORDED / "growth.csv", text.getvalue())
    cards = {name: run.model(name).card for name in trained}
    facts = {
        "caption": caption(run),
        "settings": {key: run.profile[key] for key in ("model", "teacher", "student", "data")},
        "systems": sorted(scores["system"].unique()),
        "training": {
            name: {**card["training"], "parameters": card["parameters"], "commit": card["commit"]}
            for name, card in cards.items()
        },
        "versions": checkpoint.versions(),
    }
    write_json(RECORDED / "study.json", facts)
    size = sum(path.stat().st_size for path in RECORDED.iterdir()) / 1e6
    print(f"{len(recorded_scores()):,} scores of {len(facts['systems'])} systems, {size:.2f} MB")
    print(facts["caption"])


if __name__ == "__main__":
    main()
