"""Measures what clean speech, Eq. 1 and the controls tell the weights of a finished run's students.

    python tools/record_gradients.py runs/release S1-steps500 S1 S2

The gradients are taken where a student starts and at the end of the trainings named, on the same
crops of its training set, and kept in the package for notebook 06 to show.
"""

import argparse
import io
from pathlib import Path

import pandas
import torch
from record_study import RECORDED

from snrlib import models, open_run, teachers
from snrlib.experiment import systems
from snrlib.support.files import read_json, write_text
from snrlib.training import ablations, gradients, objectives


def main() -> None:
    """Measures at the weights named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("systems", nargs="+")
    parser.add_argument("--profile", default="tools/release.toml", help="the run's profile")
    parser.add_argument("--batches", type=int, default=100)
    arguments = parser.parse_args()
    settings = read_json(arguments.run_dir / "run.json") | {"profile": arguments.profile}
    run = open_run(run_dir=str(arguments.run_dir.resolve()), quiet=True, **settings)
    frozen = {name: run.model(name).model.requires_grad_(False) for name in teachers.TEACHER_SNRS}
    student = systems.find("S2", run.profile)
    crops = run.crops("student", "train", batch=student.budget.batch)
    told: dict[str, objectives.Objective] = {
        "clean speech (S1)": objectives.Supervised(),
        "Eq. 1 (S2)": objectives.Distillation(frozen, student.alpha),
        "teachers alone (alpha 1)": objectives.Distillation(frozen, 1.0),
        "mean of all teachers (S2-mean)": ablations.objective("mean", frozen, student.alpha, 0.0),
        "smoothing": ablations.objective("smoothing", frozen, student.alpha, 0.0, crops),
    }
    torch.manual_seed(run.seed)
    start = models.create(student.architecture, **student.arguments).to(run.device)
    networks = {"start": start}
    networks |= {name: run.model(name).model.requires_grad_(True) for name in arguments.systems}
    rows = []
    for name, network in networks.items():
        table = gradients.measure(network, told, crops, arguments.batches).reset_index()
        print(name, table.to_string(), sep="\n")
        rows.append(table.assign(weights=name, batches=arguments.batches, batch=crops.batch))
    text = io.StringIO()
    pandas.concat(rows).to_csv(text, index=False, float_format="%.6g")
    write_text(RECORDED / "gradients.csv", text.getvalue())


if __name__ == "__main__":
    main()
