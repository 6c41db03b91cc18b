"""Writes what the recorded study found into the README.

    python tools/record_results.py

Run it after tools/record_study.py. The text stands between the README's `<!-- results -->` marks
and is made by snrlib/evaluation/verdicts.py; a test compares the two.
"""

import readme_marks

from snrlib.evaluation import verdicts

if __name__ == "__main__":
    readme_marks.fill("results", verdicts.results())
