"""The desk in a real browser, from the disk: it mixes, enhances and scores what Python does."""

import base64
import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from test_browser import NASTY, browser, complaints, requests, until  # noqa: F401  (a fixture)
from test_desk_engine import trained

from snrlib import metrics, mixing, teachers
from snrlib.commands import pages
from snrlib.enhancement import load_model
from snrlib.listening import desk, spectrogram
from snrlib.listening.desk import page, showing, sounds
from snrlib.listening.players import compare
from snrlib.support.files import write_text

pytestmark = pytest.mark.browser

RATE = 16_000
RELEASED = {"S1": "S1", "S2": "S2"} | {f"T{i}": f"T{i}-narrow" for i in range(1, 5)}
STARTED = """window.sound = (samples) => {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""
SETTLED = """const { state, systems } = snrlibDesk;
return systems.every((s) => s.kind === "clean" || !s.ready || s.version === state.version)
  && systems.some((s) => s.kind === "network" && s.ready)"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: Any) -> Path:
    """A site with the desk, beside the run of a reader who has trained an S2 so far."""
    run = tmp_path_factory.mktemp("run")
    trained(run / "models" / "S2", channels=8, growth=4, depth=12)
    return desk.build(run / "site", run).parent


def opened(browser: Any, address: str) -> Any:  # noqa: F811
    browser.get(address)
    browser.execute_script(STARTED)
    until(lambda: browser.execute_script(SETTLED), "the first network")
    return browser


@pytest.fixture(scope="module")
def table(browser: Any, site: Path) -> Any:  # noqa: F811
    requests(browser)
    complaints(browser)
    opened(browser, (site / "desk.html").as_uri())
    ready = "return snrlibDesk.systems.filter((s) => s.kind === 'network' && s.ready).length"
    until(lambda: browser.execute_script(ready) == 6, "all released networks")
    return browser


def system(table: Any, name: str, which: str = "0") -> Any:
    """Where a system stands in the page's list."""
    same = "s.name === arguments[0] && (s.set ?? 0) == arguments[1]"
    found = f"return snrlibDesk.systems.findIndex((s) => {same})"
    return table.execute_script(found, name, which)


def samples(table: Any, index: int) -> np.ndarray:
    text = table.execute_script("return sound(snrlibDesk.systems[arguments[0]].samples)", index)
    return np.frombuffer(base64.b64decode(text), np.float32)


def turn(table: Any, snr_db: float) -> None:
    table.execute_script("snrlibDesk.setSnr(arguments[0])", snr_db)
    same = "return snrlibDesk.state.snr === arguments[0] && !snrlibDesk.state.turned"
    until(lambda: table.execute_script(same, snr_db), "the knob")
    until(lambda: table.execute_script(SETTLED), "the networks")


def material() -> tuple[np.ndarray, np.ndarray]:
    noises = {noise["id"]: noise["samples"] for noise in sounds.noises()}
    clean = sounds.decoded(sounds.sentences()[0]["samples"])
    return clean, sounds.decoded(noises[page.FIRST_NOISE])


def test_the_mixture_is_that_of_mixing_and_each_network_that_of_load_model(table: Any) -> None:
    clean, noise = material()
    for snr_db in (-20, 2.5):
        turn(table, snr_db)
        noisy = mixing.mix(clean, noise, snr_db).noisy
        shown = samples(table, 1)
        assert np.abs(shown - noisy).max() <= 1e-7 and np.mean(shown == noisy) > 0.999
        outputs = {}
        for name, released in RELEASED.items():
            expected = load_model(released, precision="float32").enhance(noisy)
            outputs[name] = samples(table, system(table, name))
            assert np.abs(outputs[name] - expected).max() < 1e-5, name
            score = f"return snrlibDesk.systems[{system(table, name)}].score"
            assert table.execute_script(score) == pytest.approx(
                metrics.si_sdr(clean, expected), abs=1e-3
            )
        mean = np.mean([outputs[f"T{i}"] for i in range(1, 5)], axis=0, dtype=np.float64)
        assert np.abs(samples(table, system(table, "mean")) - mean).max() < 1e-6
        charge = teachers.assign(snr_db)[0]
        assert np.array_equal(samples(table, system(table, "rule")), outputs[charge])
        assert charge in table.find_element("id", "charge").text
        lit = table.find_elements("css selector", "#dial .arc.lit")
        assert {arc.get_attribute("data-teacher") for arc in lit} == {charge}


def test_the_network_that_is_heard_comes_first(table: Any) -> None:
    # Whichever is heard: it is there before any other has been begun.
    for name in ("T4", "S1"):
        table.execute_script("snrlibDesk.choose(arguments[0])", system(table, name))
        order = table.execute_async_script(
            """const { systems, state, setSnr } = snrlibDesk, done = arguments[1], came = [];
            const watch = () => {
              for (const s of systems)
                if (s.kind === "network" && s.version === state.version && !state.turned)
                  if (!came.includes(s.name)) came.push(s.name);
              if (state.snr === arguments[0] && came.length === 6) done(came);
              else setTimeout(watch, 1);
            };
            setSnr(arguments[0]);
            watch();""",
            3.3 if name == "T4" else 4.4,
        )
        assert order[0] == name


def test_the_rule_is_that_of_the_paper_at_every_step(table: Any) -> None:
    snrs = np.round(np.arange(-20, 20.05, 0.1), 1).tolist()
    facts = "JSON.parse(document.getElementById('facts').textContent).teachers"
    chosen = table.execute_script(f"return arguments[0].map((snr) => assign(snr, {facts}))", snrs)
    assert chosen == teachers.assign(snrs)


def test_a_noise_that_is_too_short_goes_round_as_in_python(table: Any) -> None:
    _, noise = material()
    code = "return sound(looped(Float32Array.from(arguments[0]), arguments[1]))"
    for length in (5_000, 700):
        short = noise[:length]
        text = table.execute_script(code, short.tolist(), 12_345)
        looped = np.frombuffer(base64.b64decode(text), np.float32)
        assert np.abs(looped - mixing.loop(short, 12_345)).max() < 1e-7


def test_spectrograms_are_those_of_the_players(table: Any) -> None:
    until(lambda: table.execute_script("return snrlibDesk.systems[0].picture"), "the picture")
    code = "const p = snrlibDesk.systems[0].picture; return [p.bins, p.columns, sound(p.db)]"
    bins, columns, text = table.execute_script(code)
    shown = np.frombuffer(base64.b64decode(text), np.float32).reshape(bins, columns)
    expected = 10 * np.log10(np.maximum(spectrogram.power(material()[0]), 1e-30))
    loud = expected > expected.max() - 80
    assert expected.shape == shown.shape and np.abs(shown - expected)[loud].max() < 1e-3


def test_the_curves_hold_every_tenth_decibel_and_where_the_knob_is(table: Any) -> None:
    clean, noise = material()
    code = "return [...snrlibDesk.systems[arguments[0]].curve]"
    for name in ("S2", "rule", "mean"):
        at = system(table, name)
        until(lambda at=at: len(table.execute_script(code, at)) >= 9, f"the curve of {name}")
    curve = dict(map(tuple, table.execute_script(code, system(table, "S2"))))
    assert {-20, -10, 0, 10, 20} <= set(curve)
    enhanced = load_model("S2", precision="float32").enhance(mixing.mix(clean, noise, 10).noisy)
    assert curve[10] == pytest.approx(metrics.si_sdr(clean, enhanced), abs=1e-3)
    assert len(table.find_elements("css selector", "#curve .now")) == 1
    assert len(table.find_elements("css selector", "#curve .line")) >= 9


def test_the_knob_obeys_the_keyboard_the_field_and_the_pointer(table: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    snr = "return snrlibDesk.state.snr"
    turn(table, 0)
    knob = table.find_element("id", "dial")
    table.execute_script("arguments[0].focus()", knob)
    for keys, expected in [
        ([Keys.ARROW_UP], 1),
        ([Keys.PAGE_DOWN], -4),
        ([Keys.END], 20),
        ([Keys.HOME], -20),
        ([Keys.ARROW_RIGHT], -19),
    ]:
        ActionChains(table).send_keys(*keys).perform()
        assert table.execute_script(snr) == expected
        assert float(knob.get_attribute("aria-valuenow")) == expected
    assert "T1" in knob.get_attribute("aria-valuetext")
    ActionChains(table).key_down(Keys.SHIFT).send_keys(Keys.ARROW_UP).key_up(Keys.SHIFT).perform()
    assert table.execute_script(snr) == pytest.approx(-18.9)
    field = table.find_element("id", "snr")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("7.25")
    assert table.execute_script(snr) == 7.25
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("99")
    assert table.execute_script(snr) == 20
    assert "mixing.mix" in table.find_element("id", "trouble").text
    table.execute_script("document.querySelector('main').focus()")
    ActionChains(table).send_keys("[").perform()
    assert table.execute_script(snr) == 19
    top = ActionChains(table).move_to_element_with_offset(knob, 0, -100).click()
    top.perform()
    assert abs(table.execute_script(snr)) < 1


def test_switching_goes_on_at_the_same_sample(table: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    table.execute_script("document.querySelector('main').focus()")
    place = "return [snrlibDesk.player.playing, snrlibDesk.player.position, snrlibDesk.state.heard]"
    ActionChains(table).send_keys(" ").perform()
    until(lambda: table.execute_script(place)[1] > 800, "the desk to play")
    for key, name in (("1", "clean"), ("4", "S2"), ("9", "rule"), ("0", "mean")):
        ActionChains(table).send_keys(key).perform()
        playing, _, heard = table.execute_script(place)
        assert playing and heard == system(table, name)
        pressed = table.find_elements("css selector", ".card[aria-pressed=true]")
        assert [card.get_attribute("aria-label").split(",")[0] for card in pressed] == [name]
    turn(table, 5)
    assert table.execute_script(place)[0], "turning the knob does not stop the sound"
    ActionChains(table).send_keys(" ").perform()
    assert not table.execute_script(place)[0]


def test_new_samples_of_a_source_come_in_at_their_place_and_without_a_click(table: Any) -> None:
    # The real graph, rendered without sound: equal samples must leave no trace.
    heard = table.execute_async_script(
        """const done = arguments[arguments.length - 1];
        const noise = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i * i * 0.01) * 0.3);
        const one = new DeskPlayer([{ name: "a", samples: noise }, { name: "b", samples: noise }]);
        one.context = new OfflineAudioContext(1, 16000, 16000);
        one.start();
        for (const when of [0.3, 0.5]) one.context.suspend(when).then(() => {
          one.replace(0, noise.slice());
          if (when > 0.4) one.select(1);
          one.context.resume();
        });
        one.context.startRendering().then((b) => done(Array.from(b.getChannelData(0))));"""
    )
    noise = 0.3 * np.sin(np.arange(5000.0) ** 2 * 0.01)
    expected = np.resize(noise, 16_000)
    inside = np.arange(16_000) % 5_000
    away = (inside > 100) & (inside < 4_900)  # the seam of the loop fades
    shifted = np.array(heard)[160:]  # a start takes 10 ms, and fades in
    told = away[: len(shifted)] & (np.arange(len(shifted)) > 1_500)
    assert np.abs(shifted - expected[: len(shifted)])[told].max() < 1e-4


def wav(signal: np.ndarray, rate: int = RATE, width: int = 2) -> bytes:
    """A PCM WAV file of `(samples,)` or `(samples, channels)`."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(signal.shape[1] if signal.ndim == 2 else 1)
        file.setsampwidth(width)
        file.setframerate(rate)
        coded = np.rint(signal * 32767).astype("<i2")
        file.writeframes(coded.tobytes() if width == 2 else (coded // 256 + 128).astype("u1"))
    return held.getvalue()


def drop(table: Any, folder: Path, name: str, content: bytes) -> tuple[str, str]:
    """Gives the page a file; what it says of it, and what it says is wrong."""
    path = folder / name
    path.write_bytes(content)
    table.execute_script("document.getElementById('trouble').textContent = '…'")
    before = table.find_element("id", "about").text
    table.find_element("id", "file").send_keys(str(path))
    said = "return document.getElementById('trouble').textContent"
    until(lambda: table.execute_script(said) != "…", f"an answer to {name}")
    after = table.find_element("id", "about").text
    return after if after != before else "", table.execute_script(said)


def test_a_readers_own_file_is_enhanced_in_the_page(table: Any, tmp_path: Path) -> None:
    clean, noise = material()
    noisy = np.rint(mixing.mix(clean, 0.5 * noise, 3).noisy * 32767) / 32768
    about, trouble = drop(
        table, tmp_path, f"{NASTY.replace('/', '')}.wav", wav(noisy * 32768 / 32767)
    )
    assert not trouble and "stays on this machine" in about
    assert table.find_element("id", "text").text.startswith("<script>")
    until(lambda: table.execute_script(SETTLED), "the networks")
    expected = load_model("S2", precision="float32").enhance(noisy)
    assert np.array_equal(samples(table, 1), noisy.astype("f4"))
    assert np.abs(samples(table, system(table, "S2")) - expected).max() < 1e-5
    assert table.execute_script("return snrlibDesk.systems[3].score") is None, "nothing to score"
    table.execute_script("document.querySelector('[name=own][value=clean]').click()")
    until(lambda: table.execute_script(SETTLED), "the networks")
    assert np.isfinite(table.execute_script("return snrlibDesk.systems[3].score"))

    stereo = np.stack([noisy, -0.5 * noisy], axis=1)
    about, trouble = drop(table, tmp_path, "eight.wav", wav(np.tile(stereo, 4)))
    assert not trouble and "mean of its 8 channels" in about
    about, trouble = drop(table, tmp_path, "other.wav", wav(noisy, 44_100))
    assert not trouble and "from 44.1 kHz to 16 kHz" in about
    about, trouble = drop(table, tmp_path, "hour.wav", wav(np.tile(noisy[:8000], 2400), 8_000, 1))
    assert not trouble and "first of its 40 minutes" in about


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("text.wav", b"no sound at all", "is no sound that this browser can read; try WAV"),
        ("silent.wav", wav(np.zeros(16_000)), "is silent: there is nothing to enhance"),
        ("empty.wav", b"", "is no sound"),
        ("short.wav", wav(np.full(80, 0.1)), "lasts 0.005 s; take a sound of at least"),
    ],
)
def test_what_cannot_be_enhanced_gets_a_sentence(
    table: Any, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    about, trouble = drop(table, tmp_path, name, content)
    assert sentence in trouble and not about and name in trouble
    assert table.find_element("id", "trouble").is_displayed()


def test_a_file_can_be_dropped(table: Any) -> None:
    clean, _ = material()
    content = base64.b64encode(wav(clean)).decode()
    table.execute_script(
        """const transfer = new DataTransfer();
        transfer.items.add(new File([bytesOf(arguments[0])], "dropped.wav"));
        dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));""",
        content,
    )
    until(lambda: table.find_element("id", "text").text == "dropped.wav", "the dropped file")
    table.execute_script(
        "dispatchEvent(new DragEvent('drop', { dataTransfer: new DataTransfer() }))"
    )
    assert "no file" in table.find_element("id", "trouble").text


def test_the_microphone_goes_live_through_the_student(table: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    table.execute_script("snrlibDesk.choose(arguments[0])", system(table, "S2"))
    table.find_element("id", "live").click()
    blocks = "return snrlibDesk.state.liveBlocks || 0"
    until(lambda: table.execute_script(blocks) > 8, "some blocks of the microphone")
    said = table.find_element("id", "livestate").text
    assert "ms later" in said and "look-ahead" in said
    level = "return document.getElementById('heardlevel').value"
    until(lambda: table.execute_script(level) > -50, "the fake microphone to beep")
    table.execute_script("document.querySelector('main').focus()")
    ActionChains(table).send_keys("b").perform()
    assert table.find_element("id", "bypass").get_attribute("aria-pressed") == "true"
    table.find_element("id", "live").click()
    assert not table.find_element("id", "bypass").is_enabled()


def test_what_is_live_is_what_python_computes(table: Any) -> None:
    # Block by block, with 512 samples of look-ahead, against the network on the same windows.
    noisy = mixing.mix(*material(), 5).noisy[:16_000]
    key = f"snrlibDesk.systems[{system(table, 'S2')}].key"
    text = table.execute_async_script(
        f"""const done = arguments[1], whole = Float32Array.from(arguments[0]), key = {key};
        const {{ crew }} = snrlibDesk, home = crew.home.get(key), at = 12000;
        const window = whole.slice(at - 8064, at + 2048 + 512);
        crew.ask(home, "quiet", {{}}, () => 0)
          .then(() => crew.ask(home, "live", {{ key, window, left: 8064, hop: 2048 }}, () => 0))
          .then((o) => done([o.rms, sound(o.estimate)]));""",
        noisy.tolist(),
    )
    rms, estimate = text[0], np.frombuffer(base64.b64decode(text[1]), np.float32)
    window = noisy[12_000 - 8_064 : 12_000 + 2_048 + 512].astype(np.float64)
    assert rms == pytest.approx(np.sqrt(np.mean(window[-2_048:] ** 2)), rel=1e-6)
    student = load_model("S2", precision="float32")
    expected = np.concatenate(list(student.stream([window.astype("f4")], rms)))[8_064:-512]
    assert np.abs(estimate - expected).max() < 1e-5


def test_the_microphone_can_be_recorded(table: Any) -> None:
    table.find_element("id", "record").click()
    until(lambda: "Stop" in table.find_element("id", "record").text, "the recording to begin")
    table.find_element("id", "record").click()
    until(lambda: table.find_element("id", "record").text == "Record 5 s", "the recording to end")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [("NotAllowedError", "allow it beside the address"), ("NotFoundError", "plug one in")],
)
@pytest.mark.parametrize("button", ["live", "record"])
def test_a_microphone_that_does_not_come_gets_a_sentence(
    table: Any, error: str, sentence: str, button: str
) -> None:
    table.execute_script(
        """navigator.mediaDevices.real ||= navigator.mediaDevices.getUserMedia;
        navigator.mediaDevices.getUserMedia =
          () => Promise.reject(new DOMException("x", arguments[0]));""",
        error,
    )
    try:
        table.find_element("id", button).click()
        until(lambda: sentence in table.find_element("id", "trouble").text, "the sentence")
    finally:
        table.execute_script("const d = navigator.mediaDevices; d.getUserMedia = d.real.bind(d)")
    turn(table, 1.5)  # the rest goes on


def test_a_model_of_this_run_is_loaded_when_it_is_chosen(table: Any, site: Path) -> None:
    table.execute_script("document.getElementById('sentence').dispatchEvent(new Event('change'))")
    own = system(table, "S2", "1")
    ready = f"return snrlibDesk.systems[{own}].ready"
    assert not table.execute_script(ready), "nobody has asked for it yet"
    table.execute_script("snrlibDesk.choose(arguments[0])", own)
    until(lambda: table.execute_script(ready), "the model of this run")
    turn(table, -3)
    noisy = mixing.mix(*material(), -3).noisy
    folder = site.parent / "models" / "S2"
    expected = load_model(folder, precision="float32").enhance(noisy)
    assert np.abs(samples(table, own) - expected).max() < 1e-5
    assert "Trained in this run" in table.find_element("id", "sources").text


def test_everything_that_can_be_operated_has_a_name(table: Any) -> None:
    nameless = table.execute_script(
        """return [...document.querySelectorAll("button, input, select, [role=slider], meter")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() ||
          (e.labels && [...e.labels].some((l) => l.textContent.trim()))))
        .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    images = "return [...document.querySelectorAll('[role=img]')].map(e => e.ariaLabel)"
    assert all(table.execute_script(images))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone_in_both_themes(table: Any, theme: str) -> None:
    table.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    table.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        widths = "return [document.documentElement.scrollWidth, innerWidth]"
        scrolled, inner = table.execute_script(widths)
        assert scrolled <= inner == 360
    finally:
        table.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nobody_was_asked_and_nothing_was_complained_about(table: Any) -> None:
    asked = requests(table)
    assert asked and all(url.startswith("file://") for url in asked)
    assert complaints(table) == []


def test_names_are_text(browser: Any, site: Path) -> None:  # noqa: F811
    model = {"key": "0/S2", "name": NASTY, "file": "desk/none.js", "rounded": False}
    sets = [{"title": NASTY, "note": NASTY, "models": [model]}] * 2
    write_text(site / "nasty.html", page.document(sets))
    browser.get((site / "nasty.html").as_uri())
    assert NASTY in browser.find_element("id", "sources").text
    assert browser.title != "broken"
    trouble = browser.find_element("id", "trouble")
    until(lambda: "cannot be loaded" in trouble.text, "the missing file to be noticed")
    assert 'copy the folder "desk"' in trouble.text
    complaints(browser)  # the browser's own about the missing file


@pytest.fixture
def without(browser: Any, site: Path) -> Iterator[Any]:  # noqa: F811
    added: list[str] = []

    def open_without(name: str) -> Any:
        source = {"source": f"delete window.{name}"}
        command = "Page.addScriptToEvaluateOnNewDocument"
        added.append(browser.execute_cdp_cmd(command, source)["identifier"])
        browser.get((site / "desk.html").as_uri())
        return browser

    yield open_without
    for identifier in added:
        remove = {"identifier": identifier}
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", remove)


@pytest.mark.parametrize("name", ["WebAssembly", "DecompressionStream", "Worker"])
def test_an_old_browser_gets_a_sentence_and_still_mixes(without: Any, name: str) -> None:
    old = without(name)
    assert "so no network can run here: take a" in old.find_element("id", "trouble").text
    old.execute_script(STARTED)
    old.execute_script("snrlibDesk.setSnr(5)")
    old.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 30))")
    noisy = mixing.mix(*material(), 5).noisy
    assert np.abs(samples(old, 1) - noisy).max() <= 1e-7
    assert complaints(old) == []


def test_a_page_of_the_book_holds_the_desk_in_a_frame(browser: Any, site: Path) -> None:  # noqa: F811
    shown = showing.Desk(site / "desk.html")
    assert "desk.html" in repr(shown)
    output = new_output("display_data", data={"text/html": shown._repr_html_()})
    sound = {"clean": material()[0]}
    players = new_output("display_data", data={"text/html": compare(sound).html})
    cells = [new_code_cell("desk.show(run.folder)", outputs=[output, players])]
    nbformat.write(new_notebook(cells=cells), site / "00_page.ipynb")
    pages.export(site / "00_page.ipynb", site / "00_page.html")
    complaints(browser)
    browser.get((site / "00_page.html").as_uri())
    frame = browser.find_element("css selector", ".snrlib-desk iframe")
    browser.execute_script("arguments[0].scrollIntoView()", frame)
    browser.execute_script("document.getElementById('theme').click()")
    theme = browser.execute_script("return document.documentElement.dataset.theme")
    until(lambda: frame.size["height"] not in (0, 1500), "the frame to take its height")
    browser.switch_to.frame(frame)
    try:
        assert browser.find_elements("id", "dial")
        assert not browser.find_element("css selector", ".top").is_displayed()
        adopted = "return document.documentElement.dataset.theme"
        until(lambda: browser.execute_script(adopted) == theme, "the theme of the page around")
        browser.execute_script("snrlibDesk.toggle()")
        playing = "return snrlibDesk.player.playing"
        until(lambda: browser.execute_script(playing), "the desk to play")
        browser.switch_to.default_content()
        browser.execute_script("document.querySelector('audio').play()")
        browser.switch_to.frame(frame)
        until(lambda: not browser.execute_script(playing), "the desk to give way to a player")
    finally:
        browser.switch_to.default_content()
    assert complaints(browser) == []
