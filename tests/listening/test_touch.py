"""The two pictures that answer to the hand say what the network and Eq. 1 really do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_browser import browser, complaints, requests, until  # noqa: F401  (a fixture)

from snrlib import models
from snrlib.listening import page, touch
from snrlib.models import cost
from snrlib.support.errors import AudioError
from snrlib.support.files import write_text

pytestmark = pytest.mark.browser


def small() -> Any:
    torch.manual_seed(0)
    arguments = {"channels": 4, "growth": 2, "depth": 4, "decimations": 3, "kernel": 7}
    return models.create("unet", **arguments, decoder_kernel=3).eval()


def opened(browser: Any, shown: touch.Touchable, folder: Path) -> Any:  # noqa: F811
    write_text(folder / "page.html", page.standalone(shown.html, "Touch"))
    requests(browser)
    complaints(browser)
    browser.get((folder / "page.html").as_uri())
    browser.switch_to.frame(browser.find_element("css selector", ".snrlib-touch iframe"))
    return browser


@pytest.fixture
def inside(browser: Any, tmp_path: Path) -> Any:  # noqa: F811
    yield lambda shown: opened(browser, shown, tmp_path)
    browser.switch_to.default_content()
    assert complaints(browser) == []
    assert all(url.startswith("file://") for url in requests(browser))


def test_the_facts_of_the_layers_add_up_to_the_network() -> None:
    network = small()
    rows = touch.layers(network, 1_024)
    assert sum(row["parameters"] for row in rows) == models.parameters(network)
    products = sum(row["products"] for row in rows)
    counted = cost.multiply_accumulates(network, 1_024 / 16_000) * 1_024 / 16_000
    assert products == pytest.approx(counted)
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_the_receptive_field_is_where_the_gradient_is(inside: Any) -> None:
    network, samples = small(), 1_024
    frame = inside(touch.network_map(network, samples))
    for n in (0, 3, 500, 501, 1_020):
        noisy = torch.randn(1, samples, requires_grad=True)
        network(noisy)[0, n].backward()
        assert noisy.grad is not None
        felt = torch.nonzero(noisy.grad[0]).flatten()
        field = frame.execute_script("return receptiveField(arguments[0]).input", n)
        assert field == [int(felt[0]), int(felt[-1])], n


def test_the_network_obeys_keyboard_and_pointer(inside: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    frame = inside(touch.network_map(small(), 1_024))
    picture, words = frame.find_element("id", "picture"), frame.find_element("id", "words")
    assert "Output sample 512" in words.text and "output: 1 channel × 1,024" in words.text
    frame.execute_script("arguments[0].focus()", picture)
    ActionChains(frame).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_UP).perform()
    assert "Output sample 528" in words.text and "decoder 4: 4 channels × 1,024" in words.text
    band = frame.find_element("css selector", "[data-layer='4'] .band")
    ActionChains(frame).move_to_element(band).perform()
    assert "bottleneck" in words.text and "one sample in 8" in words.text


def test_the_slider_moves_the_target_and_the_sound(inside: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    clean = 0.1 * np.sin(np.arange(4_000) / 10).astype("f4")
    teacher = clean + 0.02 * np.random.default_rng(0).standard_normal(4_000).astype("f4")
    frame = inside(touch.blend_slider(teacher, clean, alpha=0.5))
    words, slider = frame.find_element("id", "words"), frame.find_element("id", "alpha")
    # Lowest where the derivative of Eq. 1 vanishes: 0.5 * 0.8 + 0.5 * 0.2.
    assert "= 0.500" in words.text and "−6.0 dB" in words.text
    slider.send_keys(Keys.END)
    assert "= 0.800" in words.text and "0.0 dB" in words.text
    slider.send_keys(Keys.HOME)
    assert "= 0.200" in words.text and "none at all" in words.text
    frame.find_element("id", "play").click()
    until(lambda: frame.execute_script("return graph?.context.state") == "running", "the sound")
    slider.send_keys(Keys.END)
    gains = "return graph.gains.map((gain) => gain.gain.value)"
    until(lambda: np.allclose(frame.execute_script(gains), [1, 0], atol=0.01), "the gains")
    frame.find_element("id", "play").click()


def test_a_blend_of_what_does_not_fit_is_refused() -> None:
    with pytest.raises(AudioError, match="of one length"):
        touch.blend_slider(np.zeros(3), np.zeros(4))
    with pytest.raises(AudioError, match="between 0 and 1"):
        touch.blend_slider(np.zeros(3), np.zeros(3), alpha=2)
