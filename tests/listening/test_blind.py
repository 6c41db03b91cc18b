"""A blind test gives nothing away, forgets no answer, and counts what chance would do."""

import csv
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas
import pytest

from snrlib.listening import answers as answer_files
from snrlib.listening import blind, figures, judgements, simulated
from snrlib.support.errors import SnrlibError
from snrlib.support.files import write_json


def read_and_held(place: Path, test: blind.BlindTest) -> pandas.DataFrame:
    """The answers, held against what the test asked."""
    found = answer_files.read_answers(place)
    blind.hold_against(found, test)
    return found


def write_csv(path: Path, content: dict) -> None:
    """An answer file's content as CSV, laid out as the page's own button lays it out."""
    first = {name: content.get(name, False) for name in ("test", "listener", "example")}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, answer_files.TABLE_COLUMNS)
        writer.writeheader()
        for row in content["answers"]:
            values = {**first, **{name: row[name] for name in answer_files.COLUMNS}}
            writer.writerow(
                {k: str(v).lower() if isinstance(v, bool) else v for k, v in values.items()}
            )


RATE = 16_000


def scene(number: int, snr_db: float) -> blind.Scene:
    generator = np.random.default_rng(number)
    speech = (0.1 * np.sin(2 * np.pi * (200 + 40 * number) * np.arange(4_000) / RATE)).astype("f4")
    noise = generator.standard_normal(4_000).astype("f4") * 0.07 * 10 ** (-snr_db / 20)
    clips = {"clean": speech, blind.ANCHOR: blind.low_pass(speech), "noisy": speech + noise}
    clips |= {"S1": speech + 0.5 * noise, "S2": speech + 0.2 * noise}
    return blind.Scene(f"scene {number}", snr_db, clips)


def make(scenes: int = 4, repeats: int = 2, seed: int = 7) -> blind.BlindTest:
    return blind.BlindTest(
        "Test",
        tuple(scene(i, (-5.0, 5.0)[i % 2]) for i in range(scenes)),
        (("noisy", "S2"), ("S1", "S2")),
        (blind.REFERENCE, blind.ANCHOR, "noisy", "S1", "S2"),
        seed,
        repeats,
    )


@pytest.fixture(scope="module")
def test() -> blind.BlindTest:
    return make()


def ratings_table(values: dict[tuple[str, str, str], float]) -> pandas.DataFrame:
    """(listener, scene, system) -> rating, as a table of judgements."""
    rows = [
        {"listener": who, "scene": where, "system": what, "rating": rating, "kind": "rating",
         "snr_db": 0.0, "example": False}
        for (who, where, what), rating in values.items()
    ]  # fmt: skip
    return pandas.DataFrame(rows)


# --- the plan ---------------------------------------------------------------------------------


def test_the_hash_behind_every_plan_is_fnv_1a() -> None:
    # Published test vectors (draft-eastlake-fnv).
    assert blind.fnv1a("") == 0x811C9DC5
    assert blind.fnv1a("a") == 0xE40C292C
    assert blind.fnv1a("foobar") == 0xBF9CF968


def test_a_listener_gets_the_same_plan_again_and_another_listener_another(test) -> None:
    assert test.plan("Ann") == test.plan("Ann")
    assert test.plan("Ann") != test.plan("Bob")
    assert make(seed=8).plan("Ann") != test.plan("Ann")


def test_every_pair_of_every_scene_is_asked_and_every_scene_rated_once(test) -> None:
    plan = test.plan("Zoë 🎧")
    asked = Counter((t["scene"], frozenset((t["a"], t["b"]))) for t in plan if t["kind"] == "abx")
    assert asked == {(i, frozenset(pair)): 2 for i in range(4) for pair in test.pairs}
    rated = [t for t in plan if t["kind"] == "rating"]
    assert sorted(t["scene"] for t in rated) == [0, 1, 2, 3]
    assert all(sorted(t["systems"]) == sorted(test.rated) for t in rated)


def test_x_and_all_positions_are_a_matter_of_chance(test) -> None:
    plans = [test.plan(f"listener {i}") for i in range(300)]
    abx = [t for plan in plans for t in plan if t["kind"] == "abx"]
    four_sigma = 4 * 0.5 / math.sqrt(len(abx))
    assert np.mean([t["x"] == "A" for t in abx]) == pytest.approx(0.5, abs=four_sigma)
    assert np.mean([t["b"] == "S2" for t in abx]) == pytest.approx(0.5, abs=four_sigma)
    first = Counter(t["systems"][0] for p in plans for t in p if t["kind"] == "rating")
    assert set(first) == set(test.rated)
    expected = 300 * 4 / 5
    assert all(abs(n - expected) < 4 * math.sqrt(expected) for n in first.values())


# --- clips and page ---------------------------------------------------------------------------


def test_the_anchor_is_the_low_pass_of_the_standard() -> None:
    # ITU-R BS.1534: flat within 0.1 dB up to 3.5 kHz, -25 dB at 4 kHz, -50 dB at 4.5 kHz.
    impulse = np.zeros(RATE, "f4")
    impulse[RATE // 2] = 1
    filtered = blind.low_pass(impulse)
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(filtered)) + 1e-9)
    assert np.abs(gain_db[:3_501]).max() < 0.1
    assert gain_db[4_000] < -25 and gain_db[4_500:].max() < -50
    assert filtered.argmax() == RATE // 2  # in step with the reference
    assert len(filtered) == len(impulse)


def test_the_anchor_of_a_clip_of_any_length_has_that_length() -> None:
    assert [len(blind.low_pass(np.ones(n, "f4"))) for n in (1, 7, 200)] == [1, 7, 200]


def test_the_page_holds_names_as_data_and_no_way_out() -> None:
    title = '</script><script>alert("x")</script>'
    one = blind.Scene("<b>scene</b>", 0.0, scene(0, 0.0).clips)
    page = blind.BlindTest(title, (one,), (("noisy", "S2"),), (), 1, 1).page()
    assert page.count("<script") == page.count("</script>")
    assert "alert(" not in page.replace("&lt;script&gt;alert(", "").replace(
        "\\u003cscript>alert(", ""
    )
    assert "https://" not in page and "http://" not in page
    data = page.split('id="test">')[1].split("</script>")[0]
    held = json.loads(data)
    assert held["title"] == title and held["scenes"][0]["name"] == "<b>scene</b>"


def test_within_a_scene_all_versions_get_one_gain() -> None:
    loud = {name: 20 * clip for name, clip in scene(0, 0.0).clips.items()}
    test = blind.BlindTest("T", (blind.Scene("s", 0.0, loud),), (("noisy", "S2"),), (), 1, 1)
    gain = json.loads(test.page().split('id="test">')[1].split("</script>")[0])["scenes"][0]["gain"]
    assert gain == pytest.approx(0.999 / max(np.abs(clip).max() for clip in loud.values()))


def test_another_sound_another_design_or_another_seed_is_another_test(test) -> None:
    changed = scene(0, -5.0)
    changed.clips["S2"][0] += 0.001
    louder = blind.BlindTest("Test", (changed, *test.scenes[1:]), test.pairs, test.rated, 7, 2)
    assert len({test.id, louder.id, make(repeats=1).id, make(seed=8).id}) == 4
    assert make().id == test.id


def test_scenes_vary_utterances_and_noises() -> None:
    recipe = pandas.DataFrame(
        [(u, n, s) for u in "abcd" for n in "vwxy" for s in (-5.0, 5.0)],
        columns=["utterance", "noise", "snr_db"],
    )
    chosen = blind.choose(recipe, [-5, 5], 2, seed=3)
    assert list(chosen["snr_db"]) == [-5, -5, 5, 5]
    assert chosen["utterance"].is_unique and chosen["noise"].is_unique
    with pytest.raises(SnrlibError, match="no mixtures at 7 dB; it has -5, 5"):
        blind.choose(recipe, [7], 1)


def test_an_unknown_pair_is_refused() -> None:
    rows = pandas.DataFrame([{"utterance": "u", "noise": "n", "snr_db": 0.0}])
    with pytest.raises(SnrlibError, match="no system 'S9'"):
        blind.design(rows, lambda row: None, {"S2": lambda x: x}, pairs=[("S9", "S2")])


# --- answers ----------------------------------------------------------------------------------


def test_answers_are_the_same_from_json_and_csv_and_count_once(test, tmp_path) -> None:
    content = simulated.answers(test, 'Zoë "Z", 🎧')
    path = answer_files.answer_file(tmp_path, content)
    write_json(path, content)
    from_json = read_and_held(path, test)
    write_csv(tmp_path / "same.csv", content)
    from_csv = read_and_held(tmp_path / "same.csv", test)
    pandas.testing.assert_frame_equal(from_json, from_csv)
    assert len(read_and_held(tmp_path, test)) == len(from_json) == 16 + 4 * 5
    assert list(from_json.columns) == answer_files.TABLE_COLUMNS


def test_names_that_look_alike_as_files_are_kept_apart(tmp_path) -> None:
    files = {
        answer_files.answer_file(tmp_path, {"listener": name, "test": "abc"})
        for name in ("a b", "a_b", "a/b", "../a b", "🎧")
    }
    assert len(files) == 5 and {path.parent for path in files} == {tmp_path}


def test_a_folder_that_is_not_there_has_no_answers(tmp_path) -> None:
    assert answer_files.read_answers(tmp_path / "nobody").empty


def test_a_file_that_is_just_being_written_is_not_read(tmp_path) -> None:
    (tmp_path / ".Ann.123.unfinished.json").write_text('{"format"')
    assert answer_files.read_answers(tmp_path).empty


def spoil(content: dict, **changes: object) -> dict:
    spoiled = json.loads(json.dumps(content))
    row = next(r for r in spoiled["answers"] if all(r[key] is not None for key in changes))
    row.update(changes)
    return spoiled


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"rating": 130}, "between 0 and 100"),
        ({"x": "C"}, "A or B"),
        ({"kind": "guess"}, "'abx' or 'rating'"),
        ({"scene": "another"}, "not what the test asked"),
        ({"system": "S9"}, "not what the test asked"),
        ({"a": "S9"}, "not what the test asked"),
        ({"trial": 999}, "not what the test asked"),
    ],
)
def test_a_changed_answer_is_refused(test, tmp_path, changes, complaint) -> None:
    write_json(tmp_path / "a.json", spoil(simulated.answers(test, "Ann"), **changes))
    with pytest.raises(SnrlibError, match=complaint):
        read_and_held(tmp_path / "a.json", test)


def test_right_and_wrong_cannot_be_edited_afterwards(test, tmp_path) -> None:
    content = simulated.answers(test, "Ann")
    row = next(r for r in content["answers"] if r["kind"] == "abx")
    row["correct"] = not row["correct"]
    write_json(tmp_path / "a.json", content)
    with pytest.raises(SnrlibError, match="answer 1: 'correct' contradicts"):
        answer_files.read_answers(tmp_path)


def test_answers_to_another_test_or_by_another_name_are_refused(test, tmp_path) -> None:
    write_json(tmp_path / "a.json", simulated.answers(make(seed=8), "Ann"))
    with pytest.raises(SnrlibError, match="belong to test"):
        read_and_held(tmp_path / "a.json", test)
    write_json(tmp_path / "b.json", {**simulated.answers(test, "Ann"), "listener": "Bob"})
    with pytest.raises(SnrlibError, match="not what the test asked"):
        read_and_held(tmp_path / "b.json", test)


def test_two_answers_to_one_trial_are_refused(test, tmp_path) -> None:
    content = simulated.answers(test, "Ann")
    write_json(tmp_path / "a.json", content)
    write_json(tmp_path / "b.json", spoil(content, rating=3))
    with pytest.raises(SnrlibError, match="in two ways"):
        answer_files.read_answers(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", "shopping: milk", '{"format": "other"}'])
def test_a_file_that_is_no_answer_file_is_refused_by_name(tmp_path, text) -> None:
    for name in ("list.json", "list.csv"):
        (tmp_path / name).write_text(text)
        with pytest.raises(SnrlibError, match=name):
            answer_files.read_answers(tmp_path / name)


def test_a_live_notebook_writes_every_click_to_a_file(test, tmp_path, monkeypatch) -> None:
    assert test.live(tmp_path) is None  # nobody sits before pytest
    monkeypatch.setattr("snrlib.support.kernel.attended", lambda: True)
    _, box, note = test.live(tmp_path).children
    content = {**simulated.answers(test, "Ann"), "example": False}
    begun = {**content, "answers": content["answers"][:1]}
    box.value = json.dumps(begun)
    assert len(read_and_held(tmp_path, test)) == 1
    box.value = json.dumps(content)
    assert len(read_and_held(tmp_path, test)) == len(content["answers"])
    box.value = "nonsense"
    assert "Not saved" in note.value
    assert len(read_and_held(tmp_path, test)) == len(content["answers"])
    frame = test.live(tmp_path).children[0].value
    assert "&quot;saved&quot;: {&quot;Ann&quot;" in frame  # the page can go on from the file


# --- statistics -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    # Printed tables of the one-sided binomial test at 5 % (the ABX tables of audio forums).
    ("trials", "right"),
    [(4, 5), (5, 5), (8, 7), (10, 9), (12, 10), (16, 12), (20, 15), (25, 18), (50, 32)],
)
def test_how_many_right_answers_beat_guessing(trials, right) -> None:
    assert judgements.abx_threshold(trials) == right


def test_power_is_the_sum_of_the_binomial_tail() -> None:
    k, n, p = 12, 16, 0.75
    tail = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert judgements.abx_power(n, p) == pytest.approx(tail)
    assert judgements.abx_power(4, 1.0) == 0  # four right answers prove nothing


def abx_table(right: int, trials: int) -> pandas.DataFrame:
    return pandas.DataFrame(
        {
            "kind": "abx",
            "a": ["S1", "S2"] * (trials // 2),
            "b": ["S2", "S1"] * (trials // 2),
            "snr_db": 5.0,
            "correct": [i < right for i in range(trials)],
        }
    )


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson() -> None:
    (row,) = judgements.abx(abx_table(9, 10)).to_dict("records")
    # Their 1934 table and any since: 9 of 10 gives 0.555 to 0.997.
    assert row["low"] == pytest.approx(0.5550, abs=5e-5)
    assert row["high"] == pytest.approx(0.9975, abs=5e-5)
    assert row["p_value"] == pytest.approx(11 / 1024)
    assert row["pair"] == "S1 / S2" and row["trials"] == 10


def test_all_right_answers_have_a_closed_interval() -> None:
    (row,) = judgements.abx(abx_table(10, 10)).to_dict("records")
    assert row["low"] == pytest.approx(0.025 ** (1 / 10)) and row["high"] == 1


def test_the_bootstrap_of_one_listener_has_the_width_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(60, 10, 40)
    table = ratings_table({("Ann", f"s{i}", "S2"): v for i, v in enumerate(values)})
    (row,) = judgements.ratings(table, by=("system",)).to_dict("records")
    expected = 2 * 1.96 * values.std() / math.sqrt(40)
    assert row["high"] - row["low"] == pytest.approx(expected, rel=0.1)
    assert row["mean"] == pytest.approx(values.mean())


def test_listeners_who_disagree_widen_the_interval_however_many_scenes_they_rate() -> None:
    table = ratings_table(
        {
            (who, f"s{i}", "S2"): level
            for who, level in (("Ann", 40), ("Bob", 80))
            for i in range(50)
        }
    )
    (row,) = judgements.ratings(table, by=("system",)).to_dict("records")
    assert (row["low"], row["high"]) == (40, 80)


def test_one_listener_and_one_scene_have_no_interval() -> None:
    (row,) = judgements.ratings(ratings_table({("Ann", "s", "S2"): 50})).to_dict("records")
    assert math.isnan(row["low"]) and math.isnan(row["high"])


def test_who_misses_the_hidden_reference_is_excluded() -> None:
    table = ratings_table(
        {("Ann", f"s{i}", "clean"): 100 if i else 50 for i in range(10)}  # 10 % missed
        | {("Bob", f"s{i}", "clean"): 100 if i > 1 else 89 for i in range(10)}  # 20 % missed
    )
    excluded = judgements.screening(table).set_index("listener")["excluded"]
    assert dict(excluded) == {"Ann": False, "Bob": True}


def test_a_metric_that_is_the_rating_agrees_and_its_negative_disagrees() -> None:
    generator = np.random.default_rng(1)
    heard = {
        ("Ann", f"s{i}", f"S{j}"): generator.uniform(0, 100) for i in range(8) for j in (1, 2, 3)
    }
    scores = pandas.DataFrame(
        [{"scene": s, "system": m, "same": v, "opposite": -v} for (_, s, m), v in heard.items()]
    )
    table = judgements.agreement(ratings_table(heard), scores, ["same", "opposite"])
    same, opposite = table.to_dict("records")
    assert (same["correlation"], same["same_order"]) == (pytest.approx(1), 1)
    assert (opposite["correlation"], opposite["same_order"]) == (pytest.approx(-1), 0)
    assert same["pairs"] == 8 * 3


def test_the_snr_flatters_a_correlation_but_not_the_order_within_a_scene() -> None:
    # Louder noise lowers rating and metric alike, while the metric ranks the systems backwards.
    heard, scores = {}, []
    for i, level in enumerate((10, 30, 50, 70)):
        for system, better in (("S1", 0), ("S2", 4)):
            heard["Ann", f"s{i}", system] = level + better
            scores.append({"scene": f"s{i}", "system": system, "metric": level - better})
    (row,) = judgements.agreement(
        ratings_table(heard), pandas.DataFrame(scores), ["metric"]
    ).to_dict("records")
    assert row["correlation"] > 0.9 and row["same_order"] == 0


def test_ties_decide_nothing() -> None:
    heard = {("Ann", "s0", "S1"): 50, ("Ann", "s0", "S2"): 50, ("Ann", "s0", "S3"): 70}
    scores = pandas.DataFrame(
        {"scene": "s0", "system": ["S1", "S2", "S3"], "metric": [1.0, 2.0, 2.0]}
    )
    (row,) = judgements.agreement(ratings_table(heard), scores, ["metric"]).to_dict("records")
    assert row["pairs"] == 1 and row["same_order"] == 1


# --- the simulated listener and the shipped example -------------------------------------------


def test_the_simulated_listener_hears_no_difference_between_equal_clips() -> None:
    clips = scene(0, 0.0).clips
    assert simulated.distance(clips["S2"], clips["S2"]) == 0
    near, far = (simulated.distance(clips["clean"], clips[n]) for n in ("S2", "noisy"))
    assert 0 < near < far


def test_the_simulated_listener_says_the_same_again_and_says_that_it_is_simulated(test) -> None:
    content = simulated.answers(test, "simulated 1")
    assert content == simulated.answers(test, "simulated 1")
    assert content["example"] is True and "No human listened" in content["note"]


def test_everything_made_from_the_shipped_example_says_so() -> None:
    answers, scores = simulated.example()
    assert answers["example"].all()
    assert all(name.startswith("simulated") for name in answers["listener"])
    assert "EXAMPLE" in figures.who(answers) and "no human listened" in figures.who(answers)
    for draw in (figures.abx_shares, figures.rating_means):
        figure, ax = draw(answers)
        assert "EXAMPLE" in ax.get_title(loc="left") + ax.get_title()
        assert ax.get_xlabel().endswith("dB")
    figure = figures.against_metrics(answers, scores, ["pesq_raw", "stoi", "si_sdr"])
    assert "EXAMPLE" in figure.get_suptitle()


def test_the_shipped_example_has_scores_for_every_clip_that_was_judged() -> None:
    answers, scores = simulated.example()
    scored = set(zip(scores["scene"], scores["system"], strict=True))
    rated = answers[answers["kind"] == "rating"]
    assert set(zip(rated["scene"], rated["system"], strict=True)) == scored
    systems = scores[~scores["system"].isin([blind.REFERENCE])]
    assert systems[["pesq_raw", "stoi", "si_sdr"]].notna().all(axis=None)


def test_a_title_tells_no_listener_what_plays() -> None:
    rows = pandas.DataFrame([{"utterance": "u", "noise": "n", "snr_db": 0.0}])
    with pytest.raises(SnrlibError, match="names S2, which listeners must not know"):
        blind.design(rows, None, {"S2": None}, title="Listening test: S1, S2")
