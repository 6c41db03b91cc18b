"""In a real browser: pages play offline, sources stay aligned, answers survive, text is text."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from snrlib.commands import pages
from snrlib.listening import answers as answer_files
from snrlib.listening import blind
from snrlib.listening.players import compare
from snrlib.support.files import write_text

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")


def read_and_held(place: Path, test: blind.BlindTest) -> pandas.DataFrame:
    """The answers, held against what the test asked."""
    found = answer_files.read_answers(place)
    blind.hold_against(found, test)
    return found


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
CHROMEDRIVER = shutil.which("chromedriver")
if not CHROMIUM or not CHROMEDRIVER:
    pytest.skip(
        "no chromium with chromedriver here (Debian: apt-get install chromium chromium-driver)",
        allow_module_level=True,
    )

pytestmark = pytest.mark.browser

RATE = 16_000
NASTY = '<script>document.title="broken"</script> "quoted" & \'single\' 🎧'
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--window-size=1200,1000",
    # Nothing but this machine has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


def until(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Waits for a state; how long it takes is not what is tested."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=CHROMEDRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def requests(browser: Any) -> list[str]:
    """The addresses asked for since the last call, what lies in the page itself left out."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [url for url in found if not url.startswith(("data:", "blob:", "about:"))]


def complaints(browser: Any) -> list[str]:
    return [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def clips() -> dict[str, np.ndarray]:
    """Noise, the same noise again, and a click at 0.5 s: all that alignment needs."""
    noise = 0.2 * np.random.default_rng(0).uniform(-1, 1, RATE).astype("f4")
    click = np.zeros(RATE, "f4")
    click[RATE // 2] = 0.5
    return {"noise": noise, "again": noise.copy(), NASTY: click}


@pytest.fixture(scope="module")
def comparison(browser: Any, tmp_path_factory: Any) -> Any:
    """A page of the site made from a notebook with a comparison, opened from the disk."""
    notes = {"again": "SI-SDR\N{NO-BREAK SPACE}10.5\N{NO-BREAK SPACE}dB"}
    output = new_output("display_data", data={"text/html": compare(clips(), notes=notes).html})
    cells = [new_markdown_cell("# Title\n\nPromise."), new_code_cell("compare", outputs=[output])]
    folder = tmp_path_factory.mktemp("site")
    nbformat.write(new_notebook(cells=cells), folder / "00_page.ipynb")
    pages.export(folder / "00_page.ipynb", folder / "00_page.html")
    requests(browser)
    browser.get((folder / "00_page.html").as_uri())
    frame = browser.find_element("css selector", ".snrlib-panel iframe")
    return frame


def in_panel(browser: Any, frame: Any, script: str) -> Any:
    browser.switch_to.default_content()
    browser.switch_to.frame(frame)
    try:
        return browser.execute_script(script)
    finally:
        browser.switch_to.default_content()


def test_a_score_under_a_player_stands_on_one_line(browser: Any, comparison: Any) -> None:
    lines = "return document.querySelector('.snrlib-note').getClientRects().length"
    assert browser.execute_script(lines) == 1


def test_an_exported_page_plays_offline(browser: Any, comparison: Any) -> None:
    durations = until(
        lambda: (
            (
                found := browser.execute_script(
                    "return [...document.querySelectorAll('audio')].map(a => a.duration)"
                )
            )
            and all(found)
            and found
        ),
        "the players to know their durations",
    )
    assert durations == pytest.approx([1, 1, 1])
    browser.execute_script("document.querySelector('audio').play()")
    until(
        lambda: browser.execute_script("return document.querySelector('audio').currentTime") > 0.1,
        "the first player's time to advance",
    )
    browser.execute_script("document.querySelector('audio').pause()")


def test_a_page_asks_nobody_for_anything(browser: Any, comparison: Any) -> None:
    asked = requests(browser)
    assert asked and all(url.startswith("file://") and url.endswith("_page.html") for url in asked)


def test_names_are_text_in_the_table_and_in_the_panel(browser: Any, comparison: Any) -> None:
    shown = browser.find_elements("css selector", ".snrlib-name")
    assert [name.text for name in shown] == ["noise", "again", NASTY]
    buttons = in_panel(
        browser,
        comparison,
        "return [...document.querySelectorAll('#sources button')].map(b => b.textContent)",
    )
    assert buttons == ["1noise", "2again", f"3{NASTY}"]
    assert browser.title != "broken"


def test_decoded_sources_are_aligned_to_the_sample(browser: Any, comparison: Any) -> None:
    lengths, places = in_panel(
        browser,
        comparison,
        """const s = snrlibPanel.sources.map(source => source.samples);
        return [s.map(x => x.length), s[2].indexOf(Math.max(...s[2]))];""",
    )
    assert lengths == [RATE] * 3 and places == RATE // 2
    heard = in_panel(browser, comparison, "return Array.from(snrlibPanel.sources[1].samples)")
    assert np.abs(np.array(heard) - clips()["again"]).max() <= 0.5 / 32768 + 1e-9


def test_switching_is_aligned_and_does_not_click(browser: Any, comparison: Any) -> None:
    # The real graph, rendered without sound: between equal sources a switch must be inaudible.
    browser.switch_to.frame(comparison)
    try:
        heard = browser.execute_async_script(
            """const done = arguments[arguments.length - 1];
            snrlibPanel.render([[0.2, 1], [0.4, 0], [0.6, 2]], 1).then(x => done(Array.from(x)));"""
        )
    finally:
        browser.switch_to.default_content()
    heard, noise = np.array(heard), clips()["noise"]
    before = slice(0, int(0.6 * RATE))
    assert np.abs(heard[before] - np.rint(noise[before] * 32768) / 32768).max() < 1e-5
    # Away from a source it fades with 5 ms: e^-1 after 5 ms, e^-4 after 20 ms.
    for milliseconds in (5, 20):
        at = int((0.6 + milliseconds / 1000) * RATE)
        part = slice(at - 8, at + 8)
        share = heard[part] @ noise[part] / (noise[part] @ noise[part])
        assert share == pytest.approx(np.exp(-milliseconds / 5), rel=0.05)


def test_the_panel_obeys_the_keyboard(browser: Any, comparison: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.switch_to.frame(comparison)
    try:
        browser.find_element("css selector", "main").click()
        state = "return [snrlibPanel.playing, snrlibPanel.audible, snrlibPanel.position]"
        ActionChains(browser).send_keys(" ").perform()
        until(lambda: browser.execute_script(state)[2] > 800, "the panel to play")
        ActionChains(browser).send_keys("2").perform()
        assert browser.execute_script(state)[:2] == [True, 1]
        pressed = browser.find_element("css selector", "#sources [aria-pressed=true]").text
        assert "again" in pressed
        assert "again" in browser.find_element("id", "status").get_attribute("textContent")
        browser.execute_script("snrlibPanel.setRegion(4000, 6400)")
        assert browser.execute_script("return snrlibPanel.loop")
        until(lambda: browser.execute_script(state)[2] > 5_000, "the loop to be under way")
        time.sleep(0.3)  # longer than the loop
        playing, _, position = browser.execute_script(state)
        assert playing and 4_000 <= position <= 6_400
        # Giving the part up gives up the loop that came with it.
        ActionChains(browser).send_keys(Keys.ESCAPE).perform()
        assert browser.execute_script("return [snrlibPanel.loop, snrlibPanel.region]") == [
            False, None,
        ]  # fmt: skip
        browser.execute_script("snrlibPanel.setLoop(true)")
        browser.execute_script("snrlibPanel.setRegion(4000, 6400); snrlibPanel.setRegion(null)")
        assert browser.execute_script("return snrlibPanel.loop"), "it was looping before"
        ActionChains(browser).send_keys(" ").perform()
        assert browser.execute_script(state)[0] is False
    finally:
        browser.switch_to.default_content()


def test_one_panel_plays_and_its_keys_work_where_the_pointer_is(
    browser: Any, tmp_path: Path
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    shown = [new_output("display_data", data={"text/html": compare(clips()).html}) for _ in "ab"]
    cells = [new_code_cell("compare", outputs=[output]) for output in shown]
    nbformat.write(new_notebook(cells=cells), tmp_path / "00_two.ipynb")
    pages.export(tmp_path / "00_two.ipynb", tmp_path / "00_two.html")
    browser.get((tmp_path / "00_two.html").as_uri())
    first, second = browser.find_elements("css selector", ".snrlib-panel iframe")
    until(lambda: in_panel(browser, second, "return Boolean(window.snrlibPanel)"), "the panels")
    playing = "return snrlibPanel.playing"
    # Nobody has clicked: the pointer alone brings the keys, and the panel says so.
    ActionChains(browser).move_to_element(first).perform()
    until(lambda: in_panel(browser, first, "return document.hasFocus()"), "the keys")
    assert in_panel(browser, first, "return document.querySelector('main.listens') !== null")
    ActionChains(browser).send_keys(" ").perform()
    until(lambda: in_panel(browser, first, playing), "the first panel to play")
    in_panel(browser, second, "snrlibPanel.setLoop(true); snrlibPanel.play()")
    until(lambda: in_panel(browser, second, playing), "the second panel to play")
    assert not in_panel(browser, first, playing), "two panels are never heard at once"
    in_panel(browser, second, "snrlibPanel.stop()")


# --- the listening test as one page ------------------------------------------------------------


def listening_test() -> blind.BlindTest:
    speech = (0.1 * np.sin(2 * np.pi * 300 * np.arange(3_200) / RATE)).astype("f4")
    noise = 0.05 * np.random.default_rng(1).standard_normal(3_200).astype("f4")
    versions = {"clean": speech, blind.ANCHOR: blind.low_pass(speech)}
    versions |= {"noisy": speech + noise, "S2": speech + 0.2 * noise}
    scenes = tuple(blind.Scene(f'{n}, "{NASTY}"', n, versions) for n in (-5.0, 5.0))
    rated = (blind.REFERENCE, blind.ANCHOR, "noisy", "S2")
    return blind.BlindTest(NASTY, scenes, (("noisy", "S2"),), rated, 7, 1)


LISTENER = 'Zoë, "the 1st" 🎧'


def listen_to_all(browser: Any) -> None:
    for button in browser.find_elements("css selector", "[data-source]"):
        label, index = button.text, int(button.get_attribute("data-source"))
        button.click()
        until(
            lambda i=index: browser.execute_script("return heard.has(arguments[0])", i),
            f"{label} to sound",
        )


def begin(browser: Any) -> None:
    # chromedriver cannot type what lies beyond the basic plane.
    browser.execute_script(
        """const box = document.getElementById('name');
        box.value = arguments[0]; box.dispatchEvent(new Event('input'));""",
        LISTENER,
    )
    browser.find_element("id", "begin").click()
    until(lambda: browser.find_element("id", "trial").is_displayed(), "the first trial")


def test_an_answer_is_taken_only_when_something_has_sounded(browser: Any, tmp_path: Path) -> None:
    page = listening_test().save(tmp_path / "test.html")
    browser.get(page.as_uri())
    begin(browser)
    # An interrupted context: it says that it plays, and its clock stands still.
    browser.execute_script(
        """player.context = new AudioContext();
        Object.defineProperty(player.context, 'currentTime', { get: () => 1 });"""
    )
    for button in browser.find_elements("css selector", "[data-source]"):
        button.click()
    time.sleep(0.6)
    assert not browser.find_element("css selector", "[data-answer=A]").is_enabled()
    until(lambda: "No sound is playing" in browser.find_element("id", "hint").text, "the sentence")
    browser.execute_script("player.context = null")  # the next press makes a new one
    listen_to_all(browser)
    assert browser.find_element("css selector", "[data-answer=A]").is_enabled()


def test_without_an_audio_context_the_test_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    text = listening_test().page().replace("<script>", "<script>delete window.AudioContext;", 1)
    (tmp_path / "old.html").write_text(text, encoding="utf-8")
    browser.get((tmp_path / "old.html").as_uri())
    said = browser.find_element("id", "start").text
    assert "no AudioContext" in said and "Firefox" in said


def test_a_class_takes_the_test_from_one_page(browser: Any, tmp_path: Path) -> None:
    test = listening_test()
    page = test.save(tmp_path / "test.html")
    requests(browser)
    browser.get(page.as_uri())
    assert browser.find_element("id", "title").text == NASTY

    for name in ("Ann", LISTENER, "", "日本"):
        plan = browser.execute_script("return planFor(arguments[0])", name)
        assert plan == test.plan(name), "the page draws the plan that Python knows"

    begin(browser)
    answer = browser.find_element("css selector", "[data-answer=A]")
    assert not answer.is_enabled(), "nobody answers without having listened"
    listen_to_all(browser)
    answer.click()
    kept = "return JSON.parse(localStorage.getItem(keyOf(session.listener))).answers.length"
    assert browser.execute_script(kept) == 1

    browser.get(page.as_uri())  # closed and opened again: nothing is lost
    begin(browser)
    assert browser.find_element("id", "count").text == "Trial 2 of 4"
    listen_to_all(browser)
    browser.find_element("css selector", "[data-answer=B]").click()

    listen_to_all(browser)
    sliders = browser.find_elements("css selector", "[data-rating]")
    assert [s.get_attribute("aria-valuetext") for s in sliders] == ["not rated yet"] * 4
    assert not browser.find_element("id", "rated").is_enabled(), "no unforced default"
    sliders[0].click()
    browser.get(page.as_uri())  # in the middle of a screen
    begin(browser)
    first = browser.find_element("css selector", "[data-rating='0']")
    assert first.get_attribute("aria-valuetext").endswith("of 100")
    for _ in range(2):
        listen_to_all(browser)
        for slider in browser.find_elements("css selector", "[data-rating]"):
            slider.click()
        browser.find_element("id", "rated").click()
    assert browser.find_element("id", "end").is_displayed()

    saved, as_csv = browser.execute_script("return [answerDocument(), csv()]")
    write_text(tmp_path / "saved.json", json.dumps(saved))
    write_text(tmp_path / "saved.csv", as_csv)
    one = read_and_held(tmp_path / "saved.json", test)
    other = read_and_held(tmp_path / "saved.csv", test)
    pandas.testing.assert_frame_equal(one, other)
    assert len(one) == 2 + 2 * 4 and set(one["listener"]) == {LISTENER}
    assert not one["example"].any()

    for name in ("saved.json", "saved.csv"):  # another browser, which has kept nothing
        browser.execute_script("localStorage.clear()")
        browser.get(page.as_uri())
        browser.find_element("id", "import").send_keys(str(tmp_path / name))
        until(lambda: browser.find_element("id", "end").is_displayed(), f"{name} to be read")
        again = browser.execute_script("return session.answers")
        assert again == saved["answers"]
    assert all(url.startswith("file://") for url in requests(browser))
    assert complaints(browser) == []


# --- JupyterLab --------------------------------------------------------------------------------


LIVE = """\
import numpy as np
from snrlib.listening import blind

versions = {name: np.full(1600, 0.1, "f4") for name in ("clean", "noisy", "S2")}
scene = blind.Scene("scene", 0.0, versions)
blind.BlindTest("Live", (scene,), (("noisy", "S2"),), (), 7, 2).live("answers")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: Any) -> Iterator[tuple[str, Path]]:
    """A JupyterLab with one notebook as papermill leaves it: executed, never trusted."""
    folder = tmp_path_factory.mktemp("lab")
    output = new_output("display_data", data={"text/html": compare(clips(), notes={}).html})
    cells = [new_code_cell("# executed", outputs=[output], execution_count=1), new_code_cell(LIVE)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "executed.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")
    }
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--IdentityProvider.token=", "--LabApp.news_url=None"),
        *(f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
    ]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until(lambda: answers_at(port) or server.poll() is not None, "JupyterLab to start")
            assert server.poll() is None, (folder / "log").read_text()
            yield f"http://127.0.0.1:{port}/lab/tree/executed.ipynb", folder
        finally:
            server.terminate()
            server.wait(30)


def answers_at(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_an_untrusted_notebook_in_jupyterlab_plays_and_then_takes_a_live_test(
    browser: Any, lab: tuple[str, Path]
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    address, folder = lab
    browser.get(address)
    durations = "return [...document.querySelectorAll('audio')].map(a => a.duration)"
    until(
        lambda: (found := browser.execute_script(durations)) and all(found),
        "the players of the untrusted notebook",
    )
    assert browser.execute_script(durations) == pytest.approx([1, 1, 1])
    names = browser.find_elements("css selector", ".snrlib-name")
    assert [name.text for name in names] == ["noise", "again", NASTY]
    assert not browser.find_elements("css selector", ".snrlib-panel iframe"), "not trusted"
    pictures = "return [...document.querySelectorAll('.snrlib-source img')].map(i => i.width)"
    assert browser.execute_script(pictures) == [240] * 3

    # The second cell is run by hand: its output is trusted, and a kernel listens.
    until(lambda: "Idle" in browser.find_element("tag name", "body").text, "the kernel")
    browser.find_elements("css selector", ".jp-CodeCell .cm-content")[-1].click()
    keys = ActionChains(browser)
    keys.key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    frame = until(
        lambda: browser.find_elements("css selector", ".snrlib-blind iframe"), "the live test"
    )[0]
    browser.execute_script("arguments[0].scrollIntoView()", frame)
    browser.switch_to.frame(frame)
    begin(browser)
    listen_to_all(browser)
    browser.find_element("css selector", "[data-answer=A]").click()
    saved = until(
        lambda: answer_files.read_answers(folder / "answers")["listener"].tolist(), "the file"
    )
    assert saved == [LISTENER]
    browser.switch_to.default_content()
