"""Long recordings, piece by piece: same length, no seams, bounded memory."""

import pytest
import torch

from snrlib.models.crn import CRN
from snrlib.models.pieces import CONTEXT, PIECE, in_pieces
from snrlib.models.psa_bilstm import PSABiLSTM
from snrlib.models.stft import HOP


@pytest.mark.parametrize("samples", [1, 959, 960, 961, 2_000, 10_001])
def test_pieces_add_up_to_the_whole(samples):
    noisy, runs = torch.randn(2, samples), []

    def network(piece):
        runs.append(piece.shape[-1])
        return 2 * piece

    assert torch.equal(in_pieces(network, noisy, piece=640, context=160), 2 * noisy)
    assert max(runs) <= 640 + 2 * 160


@pytest.mark.parametrize("create", [lambda: CRN((2, 3, 4, 5, 6)), lambda: PSABiLSTM(units=6)])
@torch.no_grad()
def test_a_networks_frames_do_not_move_between_pieces(create):
    """With context beyond the network's memory, pieces and whole are the same."""
    torch.manual_seed(0)
    model, noisy = create().eval(), torch.randn(1, 40_001)
    whole = model.enhance(noisy)
    pieces = in_pieces(model.enhance, noisy, piece=8_000, context=8_000)
    assert (whole - pieces).square().mean() < 1e-8 * whole.square().mean()  # -80 dB


def test_pieces_fall_on_the_hops():
    assert PIECE % HOP == 0
    assert CONTEXT % HOP == 0
