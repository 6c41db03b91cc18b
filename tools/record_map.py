"""Keeps the map of the claim in the package: scores, conditions, and what SNRs tell the weights.

    python tools/record_map.py runs/map

Run it after tools/map_claim.py, or while it goes on: a condition is kept once all its seeds are
scored. Gradients by SNR are measured once, at the end of the first S1.
"""

import argparse
import io
from pathlib import Path

import map_claim
import pandas

from snrlib.enhancement import load_enhancer
from snrlib.evaluation.scores import read_scores
from snrlib.support.files import atomic, write_text
from snrlib.training import gradients, interference

RECORDED = Path(__file__).parents[1] / "snrlib/assets/recorded/map"
SNRS = (-20.0, -10.0, 0.0, 10.0, 20.0)
BATCH, BATCHES = 30, 8  # rows of a batch, so that every SNR has about six; and how many


def main() -> None:
    """Records the folder named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    conditions = pandas.read_csv(folder / "conditions.csv")
    found = read_scores(folder / "scores")
    wanted = conditions.set_index("name")["seeds"].map(
        lambda text: len(text.strip("(),").split(","))
    )
    seeds = found.groupby("system")["seed"].nunique()
    whole = [n for n in seeds.index if n == "noisy" or seeds[n] == wanted.get(n)]
    scores = found[found["system"].isin(whole)].dropna(axis=1, how="all")
    scores["failure"] = scores.get("failure", pandas.Series("", scores.index)).fillna("")
    with atomic(RECORDED / "scores.csv.gz") as unfinished:
        scores.round(4).to_csv(unfinished, index=False, compression={"method": "gzip", "mtime": 1})
    kept = ["name", "experiment", "prediction", "written", "steps", "seeds"]
    text = conditions[kept].assign(trained=conditions["name"].isin(whole)).to_csv(index=False)
    write_text(RECORDED / "conditions.csv", text)
    if not (RECORDED / "gradients.csv").exists():
        write_text(RECORDED / "gradients.csv", by_snr(folder))
    print(scores.groupby("system")["seed"].nunique().to_string())


def by_snr(folder: Path) -> str:
    """Gradients of S1's loss on the rows of each SNR, at the end of the first S1: as CSV."""
    where = map_claim.Map(folder)
    condition = map_claim.conditions()[0]
    told = {
        f"{snr:g}": interference.Weighted({other: 0.0 for other in SNRS if other != snr})
        for snr in SNRS
    }
    tables = []
    for seed in condition.seeds[:1]:
        network = load_enhancer(where.model_folder(condition.name, seed)).model.requires_grad_(True)
        crops = where.crops(condition, seed)
        crops.batch = BATCH
        found = gradients.measure(network, told, crops, BATCHES).reset_index()
        tables.append(found.rename(columns={"objective": "snr_db"}).assign(seed=seed))
        print(tables[-1].to_string(), flush=True)
    text = io.StringIO()
    pandas.concat(tables).assign(batches=BATCHES, batch=BATCH).to_csv(
        text, index=False, float_format="%.6g"
    )
    return text.getvalue()


if __name__ == "__main__":
    main()
