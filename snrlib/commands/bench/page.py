"""The desk in a browser: how long from the knob to the sound, beside PyTorch on this machine."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from snrlib import mixing
from snrlib.commands.bench.figure import Figure
from snrlib.enhancement import load_model
from snrlib.listening.desk import page, sounds
from snrlib.support.errors import SnrlibError

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
)  # fmt: skip
READY = """const { systems, state } = snrlibDesk;
return systems.every((s) => s.ready && (s.kind === "clean" || s.version === state.version))
  && systems.every((s) => s.kind === "clean" || s.curve.size >= 9)"""
# The last turn of the knob has been heard, and the other networks have followed.
FOLLOWED = """const { systems, state } = snrlibDesk;
return state.snr === arguments[0] && !state.turned && systems.every(
  (s) => s.kind === "clean" || s.version === state.version)"""
MOST_SECONDS = 120


def figures(quick: bool) -> Iterator[Figure]:
    """S2 on one sentence: what a reader waits for, and the network alone.

    Raises:
        SnrlibError: no Chromium that can be driven, or a page that does not start.
    """
    snrs = [float(snr) for snr in range(-20, 20, 8 if quick else 2)]
    heard, alone, plain = [], [], []
    clean = sounds.decoded(sounds.sentences()[0]["samples"])
    noise = next(n for n in sounds.noises() if n["id"] == page.FIRST_NOISE)
    student = load_model("S2", precision="float32")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        browser = _browser()
        try:
            browser.get(page.build(Path(folder)).as_uri())
            _until(browser, READY)
            for snr_db in snrs:
                noisy = mixing.mix(clean, sounds.decoded(noise["samples"]), snr_db).noisy
                student.enhance(noisy)
                began = time.perf_counter()
                student.enhance(noisy)
                plain.append(time.perf_counter() - began)
                browser.execute_script("snrlibDesk.setSnr(arguments[0])", snr_db)
                _until(browser, FOLLOWED, snr_db)
                took = browser.execute_script(
                    "const s = snrlibDesk; "
                    "return [s.state.timings.at(-1), s.systems[s.state.heard].milliseconds]"
                )
                heard.append(took[0] / 1000)
                alone.append(took[1] / 1000)
        finally:
            browser.quit()
            torch.set_num_threads(threads)
    seconds = len(clean) / 16_000
    reference = "load_model('S2', precision='float32').enhance, one thread"
    sentence = f"S2 on {seconds:.1f} s in the page"
    yield Figure(f"{sentence}: the network", reference, "WebAssembly", plain, alone)
    yield Figure(
        f"{sentence}: from turning the knob to the sound", reference,
        "mixing, WebAssembly, and the sound exchanged", plain, heard,
    )  # fmt: skip


def _browser() -> Any:
    try:
        from selenium import webdriver
    except ImportError as error:
        raise SnrlibError("Driving a browser needs selenium: pip install selenium.") from error
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        raise SnrlibError(
            "There is no Chromium with chromedriver here (Debian: apt-get install chromium "
            "chromium-driver)."
        )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=driver)
    return webdriver.Chrome(options=options, service=service)


def _until(browser: Any, condition: str, *given: Any) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not browser.execute_script(condition, *given):
        if time.monotonic() > end:
            said = browser.execute_script("return document.getElementById('trouble').textContent")
            raise SnrlibError(f"The desk did not answer in {MOST_SECONDS} s. {said}".strip())
        time.sleep(0.02)
