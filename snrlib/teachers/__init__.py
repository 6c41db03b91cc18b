"""Which teacher supervises which mixture, and who answers where teachers are deployed.

Notebooks: 05_distillation, 07_baselines.
"""

from snrlib.teachers.choice import TEACHER_RANGES_DB, TEACHER_SNRS, assign, averaged, supervise

__all__ = ["TEACHER_RANGES_DB", "TEACHER_SNRS", "assign", "averaged", "supervise"]
