"""Errors that tell the reader what was wrong, where, and what to do about it.

Everything the kit refuses on purpose is a :class:`SnrlibError` carrying one sentence; the
command line prints that sentence, notebooks show it, and nothing is left half-written.
"""


class SnrlibError(Exception):
    """One sentence: what was wrong, where (file, row), and the remedy."""


class AudioError(SnrlibError):
    """An audio file or signal that cannot be used."""


class MetricError(SnrlibError):
    """A quality score that cannot be computed for this pair of signals."""
