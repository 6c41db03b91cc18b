"""Makes the example answers that notebook 09 analyses when nobody has taken the test.

    python tools/make_listening_example.py

The listeners are simulated (snrlib.listening.simulated says how); everything that is written
says so. Run it again when the released S2 changes: the clips, and so the answers, depend on it.
"""

import snrlib
from snrlib import corpora, datasets, metrics
from snrlib.listening import answers, blind, simulated
from snrlib.models import classical
from snrlib.support.files import write_json, write_text

SEED = 7
SNRS_DB = (-5, 0, 5, 10, 15)
LISTENERS = 3


def main() -> None:
    """Writes answers and clip scores below snrlib/assets/listening."""
    speech = corpora.speech("embedded")
    noises = corpora.noises("embedded", "embedded")
    recipe = datasets.recipe("test", speech, noises, SEED, utterances=20)
    test = blind.design(
        blind.choose(recipe, SNRS_DB, 2, SEED),
        datasets.mixture,
        {"log_mmse": classical.log_mmse, "S2": snrlib.load_model("S2").enhance},
        seed=SEED,
        title="Example: log-MMSE and S2",
    )
    for old in (simulated.EXAMPLE / "answers").glob("*.json"):
        old.unlink()
    for number in range(1, LISTENERS + 1):
        content = simulated.answers(test, f"simulated {number}")
        write_json(answers.answer_file(simulated.EXAMPLE / "answers", content), content)
    scores = test.clip_scores(
        {"pesq_raw": metrics.pesq_raw, "stoi": metrics.stoi, "si_sdr": metrics.si_sdr}
    )
    write_text(
        simulated.EXAMPLE / "clip_scores.csv", scores.to_csv(index=False, float_format="%.4f")
    )
    print(f"{LISTENERS} simulated listeners, {len(scores)} clips, test {test.id}.")


if __name__ == "__main__":
    main()
