"""Puts trained models of a run into the package, with half-precision weights and a model card.

    python tools/release_models.py runs/release S1 S2 T1=T1-narrow --profile tools/release.toml \
        --licence "CC BY 4.0" --audio ../recordings

The card (`model.json`, and `README.md` for people) says what the model is, on which data and
with which budget it was trained, what it scored, and what it cannot do. Two kinds of scores: the
run's, on its whole test set with the weights as trained, and those of the half-precision weights
that are shipped, on two small sets that a test scores again (`check_set`). Where S1 and S2 of
the run are both released, the card of each also says how far apart they are.
"""

import argparse
import re
from pathlib import Path

import pandas
import torch

from snrlib import corpora, datasets, metrics, open_run
from snrlib.corpora.sources import folder, timit
from snrlib.enhancement import RELEASED, Enhancer, load_model
from snrlib.evaluation.findings import over_all
from snrlib.experiment.run import Run
from snrlib.models import checkpoint
from snrlib.support.files import kit_root, read_json, write_json, write_text
from snrlib.support.text import number

METRICS = {"pesq_raw": "raw PESQ", "stoi": "STOI", "si_sdr": "SI-SDR"}
PAIR = ("S2", "S1")  # what the paper compares
CHECK_SETS = ("embedded", "timit")
NETWORKS = {
    "unet": "time-domain U-Net",
    "wavenet": "Wavenet for denoising",
    "psa_bilstm": "phase-sensitive BiLSTM mask estimator",
    "crn": "convolutional-recurrent network on magnitudes",
}


def check_set(name: str, recordings: Path | None = None) -> pandas.DataFrame:
    """A small fixed test set: the recipe whose scores stand in every card.

    Args:
        name: "embedded" (18 mixtures), or "timit": 36 mixtures of the TIMIT sample with
            recorded scenes.
        recordings: for "timit", the folder with `speech/timit_sample` and `noise/scenes`.
    """
    if name == "embedded":
        speech, noises = corpora.speech("embedded"), corpora.noises("embedded", "embedded")
        return datasets.rotated(datasets.recipe("test", speech, noises, 7, utterances=2), 1)
    assert recordings is not None, "the TIMIT sample does not come with the kit"
    speech = timit.list_files(recordings / "speech" / "timit_sample")
    speech = speech[~speech["id"].str.endswith(("/sa1", "/sa2"))]
    training = corpora.speech("embedded").query("split == 'train'")  # a recipe asks for some
    speech = pandas.concat([speech, training], ignore_index=True)
    noises = folder.records(recordings / "noise" / "scenes", "noise").assign(seen=False)
    return datasets.rotated(datasets.recipe("test", speech, noises, 7, utterances=4), 1)


def check(enhancer: Enhancer, recipe: pandas.DataFrame) -> dict[str, float]:
    """Mean scores of a model on a check set, rounded as in the card."""
    rows = []
    for row in recipe.to_dict("records"):
        mixture = datasets.mixture(row)
        scores, failure = metrics.all_metrics(
            mixture.speech, enhancer.enhance(mixture.noisy), metrics=tuple(METRICS)
        )
        assert not failure, f"{row['mixture']}: {failure}"
        rows.append(scores)
    return {key: round(float(value), 3) for key, value in pandas.DataFrame(rows).mean().items()}


def card(
    run: Run, description: dict, scores: pandas.DataFrame, licence: str, train: str, test: str
) -> dict:
    """The description of a released model, completed by data, licence, scores and limits."""
    noisy = run.scores("noisy")
    both = pandas.concat([noisy.assign(system="noisy"), scores], ignore_index=True)
    unseen = both[both["noise_seen"] == "unseen"]
    speech = run.speech[run.speech["split"] == "train"]
    seen = run.noises[run.noises["seen"]]
    return {
        **description,
        "licence": licence,
        "trained on": {
            "speech": f"{train}: {len(speech)} training utterances, "
            f"{speech['speaker'].nunique()} speakers, {speech['seconds'].sum() / 60:.0f} min",
            "noises": list(seen["id"]),
            "licences of the data": sorted(
                {spelled(name) for name in (*speech["licence"], *seen["licence"])}
            ),
        },
        "scores": {
            "test set": f"{test}: {len(noisy)} mixtures of {both['utterance'].nunique()} "
            f"utterances by {both['speaker'].nunique()} unseen speaker(s) with the noises "
            f"{', '.join(run.noises['id'])}",
            "recipe": datasets.fingerprint(run.recipe("test")),
            "kind": "means over mixtures by SNR, weights in single precision; pesq_raw is raw "
            "P.862 narrow-band, not MOS-LQO",
            "failed scores": int((both["failure"].fillna("") != "").sum()),
            "means": means(both),
            "means in unseen noises": means(unseen),
        },
        "limits": [
            "16 kHz speech with additive noise; reverberation was never heard in training",
            *worse_than_noisy(both),
            *own_limits(run),
        ],
    }


def spelled(licence: str) -> str:
    """A Creative Commons licence as people write it, where a manifest has its SPDX identifier."""
    return re.sub(r"CC-(BY(?:-SA)?)-(\d\.\d)", r"CC \1 \2", licence)


def siblings(run: Run, trained: str, names: dict[str, str]) -> dict[str, list[str]]:
    """How far apart the released S2 and S1 of the run are, if `trained` is one of the two."""
    if trained not in PAIR or not set(PAIR) <= set(names):
        return {}
    both = pandas.concat(
        [run.scores(name).assign(system=names[name]) for name in PAIR], ignore_index=True
    )
    said = [over_all(both, *(names[name] for name in PAIR), metric) for metric in METRICS]
    return {"S2 and S1": said + further_trainings(run)}


def further_trainings(run: Run) -> list[str]:
    """Where the run has more trainings of S1 and S2: what each scored, this one first."""
    done = {path.stem for path in (run.folder / "scores").glob("S[12]-seed*.csv")}
    seeds = sorted({name[2:] for name in done if {f"S1{name[2:]}", f"S2{name[2:]}"} <= done})
    if not seeds:
        return []
    named = [f"{name}{seed}" for name in PAIR for seed in ("", *seeds)]
    scores = seeds.merged(run.scores(named), run.profile["student"]["steps"])
    found = []
    for metric, label in METRICS.items():
        digits = 2 if metric == "si_sdr" else 3
        each = scores.groupby(["system", "seed"])[metric].mean()
        values = {
            "S1": [number(value, digits) for value in each["S1"]],
            "S2": [number(value, digits) for value in each["S2"]],
            "S2 minus S1": [number(v, digits, True) for v in each["S2"] - each["S1"]],
        }
        found.append(
            f"Mean {label} of {len(seeds) + 1} trainings each, the released first: "
            + "; ".join(f"{name} {', '.join(numbers)}" for name, numbers in values.items())
        )
    return [f"{sentence}." for sentence in found]


def means(scores: pandas.DataFrame) -> list[dict]:
    """Mean scores by system and SNR, as records."""
    table = scores.groupby(["system", "snr_db"])[list(METRICS)].mean().round(3)
    return table.reset_index().to_dict("records")


def worse_than_noisy(scores: pandas.DataFrame) -> list[str]:
    """Where the mean score of a model is below the noisy input's, in a sentence a metric."""
    by_snr = scores.groupby(["system", "snr_db"])[list(METRICS)].mean().round(3)
    (name,) = set(scores["system"]) - {"noisy"}
    lead = by_snr.loc[name] - by_snr.loc["noisy"]
    return [
        f"mean {label} on that test set is below the noisy input's at "
        f"{', '.join(f'{snr:g}' for snr in below)} dB"
        for metric, label in METRICS.items()
        if len(below := lead.index[lead[metric] < 0])
    ]


def before(run: Run, settings: dict, speech: str) -> dict:
    """What a model learned before this training, if it went on from another, and on what."""
    start = run.profile.get("start")
    if not start or not settings.get("start"):
        return {}
    (name,) = settings["start"]
    earlier = read_json(kit_root() / start / name / checkpoint.DESCRIPTION)
    speech = speech or earlier["settings"]["data"]["speech"]
    return {"before": {"name": name, "speech": speech, **earlier["training"]}}


def own_limits(run: Run) -> list[str]:
    """What the training data leave open."""
    seen = run.noises[run.noises["seen"]]
    kind = "synthetic noises" if seen["synthetic"].all() else "noises"
    speech = run.speech[run.speech["split"] == "train"]
    return [
        f"trained with {len(seen)} {kind} and {speech['speaker'].nunique()} speakers, "
        f"{speech['seconds'].sum() / 60:.0f} minutes of speech: others may fare worse"
    ]


def readable(facts: dict) -> str:
    """The model card as Markdown."""
    earlier = ""
    if first := facts.get("before"):
        earlier = (
            f" Before that {first['steps']:,} steps ({first['examples']:,} crops) as "
            f"{first['name']} on {first['speech']}."
        )
    remark = f" {facts['remark']}." if "remark" in facts else ""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [
        f"# {facts['name']}",
        "",
        f"A {NETWORKS[facts['class']]} of {facts['parameters']:,} parameters "
        f"({', '.join(f'{k} {v}' for k, v in facts['arguments'].items())}), half precision.",
        "",
        f"* Trained on {facts['trained on']['speech']}; noises: "
        f"{', '.join(facts['trained on']['noises'])}.",
        f"* Budget: {facts['training']['steps']:,} steps, {facts['training']['examples']:,} "
        f"crops of 1.024 s; {target(facts['settings'])}."
        f"{earlier}{remark}",
        f"* Licence: {facts['licence']} (data: "
        f"{'; '.join(facts['trained on']['licences of the data'])}). Whose recordings: "
        "[ATTRIBUTION.md](../ATTRIBUTION.md).",
        f"* Commit {facts['commit']}, {versions}.",
        "",
        f"Scores ({facts['scores']['kind']}; test set: {facts['scores']['test set']}; "
        f"recipe {facts['scores']['recipe']}; "
        f"{facts['scores']['failed scores']} failed scores left out):",
        "",
        *rows(facts["scores"]["means"]),
        "",
        f"Scores on another recipe than {facts['scores']['recipe']} are those of other mixtures: "
        "compare such cards by what is gained over noisy, not row by row.",
        "",
        "The same in those noises alone that no training has met:",
        "",
        *rows(facts["scores"]["means in unseen noises"]),
        "",
    ]
    if between := facts.get("S2 and S1"):
        lines += ["The two students on that test set:", ""]
        lines += [*(f"* {sentence}" for sentence in between), ""]
    lines += [
        "The weights as shipped, on the small sets that the tests score again (means):",
        "",
    ]
    lines += [
        f"* {name}: " + ", ".join(f"{metric} {value:.3f}" for metric, value in scores.items())
        for name, scores in facts["checks"].items()
    ]
    lines += ["", "Limits:", "", *[f"* {limit}." for limit in facts["limits"]], ""]
    return "\n".join(lines)


def target(settings: dict) -> str:
    """What the network learned towards, in words."""
    words = {
        "clean": "target: clean speech",
        "teachers": f"target: clean speech and teachers, Eq. 1 with alpha {settings['alpha']:g}",
        "own": "with the loss of its own paper",
    }
    return words[settings["target"]]


def rows(records: list[dict]) -> list[str]:
    """Mean scores as the lines of a Markdown table."""
    return [
        "| system | SNR (dB) | raw PESQ | STOI | SI-SDR (dB) |",
        "|---|---|---|---|---|",
        *[
            f"| {r.system} | {r.snr_db:g} | {r.pesq_raw:.3f} | {r.stoi:.3f} | {r.si_sdr:.2f} |"
            for r in pandas.DataFrame(records).itertuples()
        ],
    ]


def main() -> None:
    """Releases the models named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_dir", help="run folder, such as runs/release")
    parser.add_argument("names", nargs="+", help="models of that run, or model=released name")
    parser.add_argument("--licence", required=True, help="as the training data allow")
    parser.add_argument("--train-speech", help="its name, where the run knows a folder only")
    parser.add_argument("--speech-before", default="", help="of the run that models went on from")
    parser.add_argument("--test-speech", help="the same for the test set")
    parser.add_argument("--remark", default="", help="on the training, for the cards")
    parser.add_argument("--profile", help="the run's profile, where it is a file")
    parser.add_argument("--audio", type=Path, help="folder with the TIMIT sample and the scenes")
    arguments = parser.parse_args()
    settings = read_json(Path(arguments.run_dir) / "run.json")
    settings["profile"] = arguments.profile or settings["profile"]
    run = open_run(run_dir=str(Path(arguments.run_dir).resolve()), quiet=True, **settings)
    sets = [name for name in CHECK_SETS if name == "embedded" or arguments.audio]
    names = {name.partition("=")[0]: name.rpartition("=")[2] for name in arguments.names}
    for trained, released in names.items():
        model, description = checkpoint.load(run.model_folder(trained))
        made = {key: description[key] for key in ("commit", "versions")}
        place = RELEASED / released
        checkpoint.save(place, model, {**description, "name": released}, dtype=torch.float16)
        # The commit and versions of the training, not of this copying.
        facts = {**read_json(place / checkpoint.DESCRIPTION), **made}
        write_json(place / checkpoint.DESCRIPTION, facts)
        enhancer = load_model(released, precision="float32")
        scores = run.scores(trained).assign(system=released)
        corpora_named = (arguments.train_speech, arguments.test_speech)
        named = [text or run.settings["speech"] for text in corpora_named]
        facts = card(run, facts, scores, spelled(arguments.licence), *named)
        facts |= before(run, facts["settings"], arguments.speech_before)
        facts |= siblings(run, trained, names)
        facts |= {"remark": arguments.remark} if arguments.remark else {}
        facts["checks"] = {s: check(enhancer, check_set(s, arguments.audio)) for s in sets}
        write_json(place / checkpoint.DESCRIPTION, facts)
        write_text(place / "README.md", readable(facts))
        size = (place / checkpoint.WEIGHTS).stat().st_size / 1e6
        print(f"{released}: {place} ({size:.1f} MB)")


if __name__ == "__main__":
    main()
