"""What a model costs, against closed forms."""

import pytest
import torch
from torch import nn

from snrlib.models import create
from snrlib.models.cost import SAMPLE_RATE, multiply_accumulates, real_time_factor
from snrlib.models.crn import CRN
from snrlib.models.psa_bilstm import PSABiLSTM
from snrlib.models.stft import frames
from snrlib.models.wavenet import WavenetDenoiser


class OneLayer(nn.Module):
    """A layer as a model: waveform (1, samples) -> anything."""

    def __init__(self, layer, shape):
        super().__init__()
        self.layer, self.shape = layer, shape

    def forward(self, noisy):
        return self.layer(noisy.reshape(self.shape))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        # outputs x inputs x kernel x positions, for one second of 16,000 numbers
        (nn.Conv1d(4, 6, 5, padding=2), (1, 4, 4_000), 6 * 4 * 5 * 4_000),
        (nn.Conv1d(4, 6, 5, stride=2, padding=2), (1, 4, 4_000), 6 * 4 * 5 * 2_000),
        (nn.Conv1d(4, 6, 5, padding=2, groups=2), (1, 4, 4_000), 6 * 2 * 5 * 4_000),
        (nn.Conv2d(2, 3, (2, 3), (1, 2)), (1, 2, 50, 160), 3 * 2 * 6 * 49 * 79),
        (nn.ConvTranspose2d(2, 3, (2, 3), (1, 2)), (1, 2, 50, 160), 2 * 3 * 6 * 50 * 160),
        (nn.ConvTranspose1d(4, 6, 4, 2), (1, 4, 4_000), 4 * 6 * 4 * 4_000),
        (nn.Linear(160, 7), (1, 100, 160), 160 * 7 * 100),
        # four gates, each with the input and the layer's own state
        (nn.LSTM(160, 9, batch_first=True), (1, 100, 160), 4 * 9 * (160 + 9) * 100),
        (
            nn.LSTM(160, 9, 2, batch_first=True, bidirectional=True),
            (1, 100, 160),
            2 * 4 * 9 * (160 + 9 + 18 + 9) * 100,
        ),
    ],
)
def test_a_layer_costs_what_its_closed_form_says(layer, shape, expected):
    assert multiply_accumulates(OneLayer(layer, shape), seconds=1) == expected


def test_the_bilstm_costs_its_matrices_once_per_frame():
    units, seconds = 384, 10
    per_frame = 2 * 4 * units * (161 + units) + 2 * 4 * units * (2 * units + units)
    per_frame += 2 * units * 161
    expected = per_frame * frames(seconds * SAMPLE_RATE) / seconds
    assert multiply_accumulates(PSABiLSTM(units), seconds) == pytest.approx(expected)


def test_the_crn_costs_its_layers_once_per_frame():
    seconds = 10
    bins, widths = [161, 80, 39, 19, 9, 4], [1, 16, 32, 64, 128, 256]
    per_frame = 2 * 2 * 4 * 1024 * 1024
    for layer in range(5):
        per_frame += 6 * widths[layer] * widths[layer + 1] * bins[layer + 1]
        per_frame += 6 * 2 * widths[layer + 1] * widths[layer] * bins[layer + 1]
    expected = per_frame * frames(seconds * SAMPLE_RATE) / seconds
    assert multiply_accumulates(CRN(), seconds) == pytest.approx(expected)


def test_the_wavenet_costs_its_weights_once_per_sample_plus_the_context_of_every_chunk():
    model = WavenetDenoiser(channels=8, stacks=1, dilations=3, head=(6, 5), chunk=500)
    convolutions = sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Conv1d))
    least = convolutions * SAMPLE_RATE
    cost = multiply_accumulates(model, seconds=1)
    assert least < cost < least * (1 + 2 * model.half_field / 500) * 1.01


def test_a_network_of_fixed_lengths_is_counted_at_a_multiple():
    model = create("unet", channels=4, growth=2)
    first = 15 * 4  # taps x channels of the first layer, at every sample
    assert multiply_accumulates(model, seconds=1) > first * SAMPLE_RATE


def test_counting_leaves_the_model_as_it_was():
    model = PSABiLSTM(units=4).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    multiply_accumulates(model, seconds=1)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.lstm._forward_hooks


def test_time_is_measured_on_one_core_and_threads_are_given_back():
    threads, seen = torch.get_num_threads(), []

    def enhance(signal):
        seen.append((signal.shape, torch.get_num_threads()))
        return signal

    assert real_time_factor(enhance, seconds=0.5, repeats=2) >= 0
    assert seen == [((8_000,), 1)] * 3
    assert torch.get_num_threads() == threads
