"""Tables to be read: rounded, captioned, and with this run beside the printed numbers.

Notebooks: 05_distillation, 06_ablation_s1_vs_s2, 08_results.
"""

import re
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from snrlib.support.files import checksum

COUNTS = (
    "failed", "failures", "seeds", "mixtures", "utterances", "steps", "parameters", "examples",
)  # fmt: skip
_WORDS = {
    "pesq_raw": "raw PESQ",
    "pesq_nb": "narrow-band PESQ (MOS-LQO)",
    "pesq_wb": "wide-band PESQ (MOS-LQO)",
    "stoi": "STOI",
    "estoi": "ESTOI",
    "si_sdr": "SI-SDR",
    "snr_db": "SNR in dB",
}

_SYSTEMS = {
    "log_mmse": "log-MMSE",
    "oracle_psm": "oracle PSM",
    "psa_bilstm": "PSA-BiLSTM",
    "crn": "CRN",
    "wavenet": "Wavenet",
}
_SYSTEM = re.compile(rf"\b(?:{'|'.join(_SYSTEMS)})\b")


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    digits: int | Mapping[str, int] = 2,
    signed: bool = False,
    bold: pd.DataFrame | None = None,
) -> Styler:
    """A table as small HTML: what it is above it, real minus signs, blanks where nothing is.

    Args:
        frame: numbers and words.
        caption: data, unit and kind of number.
        digits: behind the point, for all numbers or by column, or by the name above several
            columns (others get 2).
        signed: show a plus sign, for differences.
        bold: which cells stand out, True or False; at least the rows and columns of `frame`.
    """
    frame = frame.copy()
    if bold is not None:
        bold = bold.loc[frame.index, frame.columns]
    for axis in (frame.index, frame.columns):
        axis.names = [heading(name) if name else name for name in axis.names]
    style = frame.style
    formats: dict[Hashable, Any] = {}
    for column in frame.columns:
        last = column[-1] if isinstance(column, tuple) else column
        names = column if isinstance(column, tuple) else (column,)
        if any(name in COUNTS for name in names):
            formats[column] = _count
        elif isinstance(digits, int):
            formats[column] = _rounded(digits, signed)
        else:
            named = [digits[str(name)] for name in (last, *names) if str(name) in digits]
            formats[column] = _rounded(named[0] if named else 2, signed)
    style = (
        style.format(formats, na_rep="", escape="html")
        .format_index(heading, axis=0, escape="html")
        .format_index(heading, axis=1, escape="html")
        .set_caption(caption)
        .set_table_attributes('class="dataframe"')
        # The same table gets the same address, so that a second run gives the same notebook.
        .set_uuid(checksum(caption, frame.to_csv())[:8])
    )
    left = "text-align: left;"
    rules = {
        # As wide as a line of prose, also above a small table, which it must not stretch.
        "caption": f"caption-side: top; {left} width: min(46em, 85vw); margin-right: -46em;",
        "th.row_heading": f"{left} font-weight: normal; white-space: nowrap;",
        "th.index_name": left,
        "th.col_heading": "text-align: right;",
        "th.col_heading[colspan]": "text-align: center;",
    }
    if frame.index.nlevels > 1:  # the name of a group stands where the group begins
        rules["th.row_heading[rowspan]"] = "vertical-align: top;"
        rules["tbody tr:has(> th.level0) > *"] = "border-top: 1px solid #8888;"
    if len(frame.columns) > 8:  # a whole range of SNRs must fit a page
        rules["th, td"] = "padding: 0.25em 0.4em;"
        rules["tbody, thead"] = "font-size: 92%;"
    if len(frame.columns) > 12:  # so must three measures with their intervals
        rules["th, td"] = "padding: 0.25em 0.3em;"
        rules["tbody, thead"] = f"font-size: {86 if len(frame.columns) < 14 else 80}%;"
    style.set_table_styles([{"selector": s, "props": props} for s, props in rules.items()])
    if bold is not None:
        marks = bold.map(lambda stands_out: "font-weight: bold;" if stands_out else "")
        marks.index, marks.columns = frame.index, frame.columns
        style = style.apply(lambda _: marks, axis=None)
    words = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    if words:
        headed = {column: [{"selector": "th.col_heading", "props": left}] for column in words}
        style = style.set_table_styles(headed, overwrite=False)
        style = style.set_properties(
            subset=words, **{"text-align": "left", "white-space": "normal"}
        )
    return style


def beside(frames: Mapping[str, pd.DataFrame], level: str = "source") -> pd.DataFrame:
    """Tables of the same kind interleaved row by row: "this run" above "printed".

    Args:
        frames: name of the source -> its table; the first gives the order of the rows.
        level: what the innermost index level is called.
    """
    both = pd.concat(dict(frames), names=[level])
    order = [*range(1, both.index.nlevels), 0]
    both = both.reorder_levels(order)
    first = next(iter(frames.values())).index
    rows = [
        key
        for row in first
        for source in frames
        if (key := (*(row if isinstance(row, tuple) else (row,)), source)) in both.index
    ]
    columns = sorted(both.columns, key=lambda c: (isinstance(c, str), c))
    return both.loc[rows, columns]


def heading(name: Any) -> str:
    """A row's or column's name as a reader expects it: "raw PESQ", "−20"."""
    if isinstance(name, int | float | np.number):
        return f"{name:g}".replace("-", "−")
    text = _SYSTEM.sub(lambda found: _SYSTEMS[found[0]], str(name))
    return _WORDS.get(text, text.replace("_", " "))


def _rounded(digits: int, signed: bool) -> Any:
    def shown(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = round(float(value), digits) + 0.0  # no minus sign before zeros
            # whole numbers as in the text: 16,384
            kind = f"{'+' if signed else ''}{'' if digits else ','}.{digits}f"
            return f"{value:{kind}}".replace("-", "−")
        if isinstance(value, str):  # rounded by the notebook
            return re.sub(r"^[-−](?=0(\.0+)?$)", "", value)
        return value

    return shown


def _count(value: Any) -> Any:
    return f"{value:,.0f}" if isinstance(value, int | float) else value
