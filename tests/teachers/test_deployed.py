"""The teachers at work: the student's output tells the SNR, the SNR the teacher."""

import numpy as np
import pytest
from click.testing import CliRunner

import snrlib
from snrlib import audio, mixing
from snrlib.commands.cli import cli
from snrlib.enhancement import RELEASED
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.teachers import deployed

RATE = 16_000


class Scaling:
    """A model that keeps a share of whatever comes in, in pieces of 100 samples."""

    def __init__(self, name: str, share: float) -> None:
        self.name, self.share, self.card = name, share, {"name": name, "parameters": 1}

    def stream(self, blocks, rms):
        signal = np.concatenate(list(blocks))
        for begin in range(0, len(signal), 100):
            yield self.share * signal[begin : begin + 100]

    def enhance(self, noisy, sample_rate=RATE):
        return self.share * noisy

    @staticmethod
    def at_model_rate(noisy, sample_rate):
        return noisy


def four() -> dict[str, Scaling]:
    return {name: Scaling(name, i / 10) for i, name in enumerate(("T1", "T2", "T3", "T4"), 1)}


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, 3_217).astype(np.float32)


def test_what_is_kept_beside_what_is_removed_is_the_snr(noise: np.ndarray) -> None:
    # A student that keeps the share c removes 1 - c: 20 log10(c / (1 - c)), in closed form.
    for share in (0.1, 0.5, 0.9):
        cut = np.array_split(noise, 7)
        told = deployed.own_snr_db(Scaling("S2", share), lambda cut=cut: cut, 0.1)
        assert told == pytest.approx(20 * np.log10(share / (1 - share)), abs=1e-3)
    assert deployed.own_snr_db(Scaling("S2", 1.0), lambda: [noise], 0.1) == deployed.HIGHEST
    assert deployed.own_snr_db(Scaling("S2", 0.0), lambda: [noise], 0.1) == deployed.LOWEST


def test_the_nearer_the_border_the_less_sure(noise: np.ndarray) -> None:
    inside, border = deployed.choose(5.0, error_db=2.0), deployed.choose(0.4, error_db=2.0)
    assert inside.teacher == "T3" and inside.sure > 0.8 > border.sure
    assert sum(border.shares.values()) == pytest.approx(1)
    assert deployed.choose(-19.0).shares["T1"] > 0.9
    assert str(inside).startswith("T3 (5.0 dB, ")


def test_each_recording_goes_to_the_teacher_of_its_snr(noise: np.ndarray) -> None:
    for share, teacher, factor in ((0.09, "T1", 0.1), (0.3, "T2", 0.2), (0.9, "T4", 0.4)):
        model = deployed.RoutedTeachers(four(), Scaling("S2", share))
        assert model.choice(noise).teacher == teacher
        assert np.allclose(model.enhance(noise), factor * noise)
        assert [choice.teacher for choice in model.choices] == [teacher]


def test_a_teacher_that_is_missing_is_named() -> None:
    some = {name: model for name, model in four().items() if name != "T3"}
    with pytest.raises(SnrlibError, match="T3 is needed"):
        deployed.RoutedTeachers(some, Scaling("S2", 0.5))


@pytest.fixture(scope="module")
def released() -> deployed.RoutedTeachers:
    return snrlib.load_model("teachers", precision="float32")


def test_the_released_teachers_are_one_model(released, tmp_path, noise: np.ndarray) -> None:
    speech = audio.read(next(RELEASED.parent.glob("audio/embedded/ivrvoice/ru/*.ogg")))[: 3 * RATE]
    loud, soft = (
        mixing.mix(speech, np.resize(noise, len(speech)), snr).noisy for snr in (-20.0, 20.0)
    )
    assert released.choice(loud).teacher in ("T1", "T2")
    assert released.choice(soft).teacher == "T4"
    enhanced = released.enhance(soft)
    alone = snrlib.load_model("T4-narrow", precision="float32").enhance(soft)
    assert np.array_equal(enhanced, alone)
    assert len(released.enhance(soft[:4_800], 8_000)) == 4_800
    assert not released.enhance(np.zeros(500, np.float32)).any()
    with pytest.raises(AudioError, match="mono"):
        released.enhance(np.zeros((2, 500)))


def test_a_file_is_enhanced_by_the_teacher_it_goes_to_and_told_so(tmp_path) -> None:
    speech = audio.read(next(RELEASED.parent.glob("audio/embedded/ivrvoice/ru/*.ogg")))[: 2 * RATE]
    audio.write(tmp_path / "talk.wav", speech)
    command = ["enhance", str(tmp_path / "talk.wav"), str(tmp_path / "out.wav")]
    told = CliRunner().invoke(cli, [*command, "--model", "teachers"], catch_exceptions=False)
    assert told.exit_code == 0 and "talk.wav: T4 (" in told.output and "sure)" in told.output
    assert len(audio.read(tmp_path / "out.wav")) == len(speech)


def test_a_folder_of_own_teachers_is_one_model_too(tmp_path) -> None:
    for name in ("T1", "T2", "T3", "T4"):
        (tmp_path / name).symlink_to(RELEASED / f"{name}-narrow")
    with pytest.raises(SnrlibError, match="no student to tell them the SNR; train S2 there"):
        snrlib.load_model(tmp_path)
    (tmp_path / "S1").symlink_to(RELEASED / "S1")
    assert isinstance(snrlib.load_model(tmp_path), deployed.RoutedTeachers)
    with pytest.raises(SnrlibError, match=r"released are .*teachers"):
        snrlib.load_model(tmp_path / "nothing")
