"""The recorded trials of level and weights say under which conditions they were made."""

from snrlib.evaluation import recorded


def test_every_recorded_row_names_its_conditions():
    table = recorded.level()
    assert table[["series", "form", "speech", "noise", "test", "machine"]].notna().all().all()
    assert not table.duplicated(["series", "form"]).any()
    trained = table[table["form"] != "noisy"]
    assert trained[["steps", "batch", "start", "loss"]].notna().all().all()


def test_the_noisy_input_scores_its_own_snr():
    noisy = recorded.level().query("form == 'noisy'")
    assert len(noisy) == recorded.level()["series"].nunique()
    for snr in recorded.SNRS:
        assert (noisy[snr].dropna() - snr).abs().max() < 0.2


def test_the_ruling_gains_in_the_middle_and_costs_at_the_lower_end():
    table = recorded.level().query("series == 'at all test SNRs'").set_index("form")
    gain = table.filter(like="ruling", axis=0).iloc[0][list(recorded.SNRS)].astype(float)
    gain = gain - table.loc["noisy", list(recorded.SNRS)].astype(float)
    assert (gain[[-5, 0, 5]] > 2).all() and (gain[[-20, -15]] < 0).all()
