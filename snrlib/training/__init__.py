"""The one loop that trains every network, and what differs: target, loss and budget.

Notebooks: 04_teacher_training, 05_distillation.
"""

from snrlib.training.loop import HISTORY_COLUMNS, Budget, history, train

__all__ = ["HISTORY_COLUMNS", "Budget", "history", "train"]
