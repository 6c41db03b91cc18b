"""Puts trained models of a run into the package, with half-precision weights and a model card.

    python tools/release_models.py runs/cpu S2 --licence CC-BY-SA-3.0

The card (`model.json`, and `README.md` for people) says what the model is, on which data and
with which budget it was trained, what it scored, and what it cannot do. Scores are those of the
half-precision weights that are shipped, on the run's own test set.
"""

import argparse
import tempfile
from pathlib import Path

import pandas
import torch

from snrlib import checkpoint, datasets, evaluation, open_run
from snrlib.enhancement import RELEASED, Enhancer, load_model
from snrlib.files import read_json, write_json, write_text
from snrlib.run import Run

METRICS = ("pesq_raw", "stoi", "si_sdr")


def scores_of(run: Run, enhancer: Enhancer) -> pandas.DataFrame:
    """Scores of what is shipped, on the run's test set."""
    with tempfile.TemporaryDirectory() as folder:
        return evaluation.score(
            enhancer.name,
            run.recipe("test"),
            lambda recordings: [enhancer.enhance(noisy) for noisy in recordings],
            seed=run.seed,
            path=Path(folder) / "scores.csv",
            read=lambda row: datasets.mixture(row, run.bank),
        )


def card(run: Run, description: dict, scores: pandas.DataFrame, licence: str) -> dict:
    """The description of a released model, completed by data, licence, scores and limits."""
    noisy = run.scores("noisy")
    both = pandas.concat([noisy.assign(system="noisy"), scores], ignore_index=True)
    means = both.groupby(["system", "snr_db"])[list(METRICS)].mean().round(3).reset_index()
    speech = run.speech[run.speech["split"] == "train"]
    return {
        **description,
        "licence": licence,
        "trained on": {
            "speech": f"{run.settings['speech']}: {len(speech)} training utterances, "
            f"{speech['speaker'].nunique()} speakers, {speech['seconds'].sum() / 60:.0f} min",
            "noises": list(run.noises.loc[run.noises["seen"], "id"]),
            "licences of the data": sorted({*speech["licence"], *run.noises["licence"]}),
        },
        "scores": {
            "test set": f"{run.settings['speech']}: {both['utterance'].nunique()} utterances of "
            f"{both['speaker'].nunique()} unseen speaker(s), noises {list(run.noises['id'])}",
            "kind": "means over mixtures by SNR; pesq_raw is raw P.862 narrow-band, not MOS-LQO",
            "failed scores": int((both["failure"].fillna("") != "").sum()),
            "means": means.to_dict("records"),
        },
        "limits": [
            "16 kHz speech with additive noise; reverberation was never heard in training",
            "below -10 dB little speech comes back, and PESQ and STOI can fall below the noisy "
            "input's",
            "the training noises are synthetic and the speakers few: other voices and noises may "
            "fare worse",
        ],
    }


def readable(facts: dict) -> str:
    """The model card as Markdown."""
    means = pandas.DataFrame(facts["scores"]["means"])
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [
        f"# {facts['name']}",
        "",
        f"A time-domain U-Net of {facts['parameters']:,} parameters "
        f"({', '.join(f'{k} {v}' for k, v in facts['arguments'].items())}), half precision.",
        "",
        f"* Trained on {facts['trained on']['speech']}; noises: "
        f"{', '.join(facts['trained on']['noises'])}.",
        f"* Budget: {facts['training']['steps']:,} steps, {facts['training']['examples']:,} "
        f"crops of 1.024 s; target: {facts['settings']['target']}, "
        f"alpha {facts['settings']['alpha']}.",
        f"* Licence: {facts['licence']} (data: "
        f"{', '.join(facts['trained on']['licences of the data'])}).",
        f"* Commit {facts['commit']}, {versions}.",
        "",
        f"Scores ({facts['scores']['kind']}; test set: {facts['scores']['test set']}; "
        f"{facts['scores']['failed scores']} failed scores left out):",
        "",
        "| system | SNR (dB) | raw PESQ | STOI | SI-SDR (dB) |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.system} | {r.snr_db:g} | {r.pesq_raw:.3f} | {r.stoi:.3f} | {r.si_sdr:.2f} |"
        for r in means.itertuples()
    ]
    lines += ["", "Limits:", "", *[f"* {limit}." for limit in facts["limits"]], ""]
    return "\n".join(lines)


def main() -> None:
    """Releases the models named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_dir", help="run folder, such as runs/cpu")
    parser.add_argument("names", nargs="+", help="models of that run")
    parser.add_argument("--licence", required=True, help="as the training data allow")
    arguments = parser.parse_args()
    settings = read_json(Path(arguments.run_dir) / "run.json")
    run = open_run(run_dir=str(Path(arguments.run_dir).resolve()), quiet=True, **settings)
    for name in arguments.names:
        model, description = checkpoint.load(run.model_folder(name))
        made = {key: description[key] for key in ("commit", "versions")}
        folder = RELEASED / name
        checkpoint.save(folder, model, description, dtype=torch.float16)
        # The commit and versions of the training, not of this copying.
        facts = {**read_json(folder / checkpoint.DESCRIPTION), **made}
        write_json(folder / checkpoint.DESCRIPTION, facts)
        facts = card(run, facts, scores_of(run, load_model(name)), arguments.licence)
        write_json(folder / checkpoint.DESCRIPTION, facts)
        write_text(folder / "README.md", readable(facts))
        size = (folder / checkpoint.WEIGHTS).stat().st_size / 1e6
        print(f"{name}: {folder} ({size:.1f} MB)")


if __name__ == "__main__":
    main()
