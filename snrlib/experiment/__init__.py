"""A run: what the name of a system stands for, at which size, and where its results are kept.

Notebook: 00_start_here.
"""

from snrlib.experiment.run import Run, open_run

__all__ = ["Run", "open_run"]
