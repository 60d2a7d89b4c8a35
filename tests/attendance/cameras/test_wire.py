"""What the capture process and the product say to each other survives the pipe, and nothing forged passes."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.cameras.wire import Message, Order, Orders, Word, receive, send


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**9), st.text(max_size=50))
def test_wire_round_trip(height, width, number, detail):
    """A message comes out of the pipe as it went in, pixels included."""
    pixels = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)[:, ::-1]
    pipe = io.BytesIO()
    send(pipe, Message(Word.FRAME, number, 0.25, 30.0, 7, detail, pixels))
    pipe.seek(0)
    back = receive(pipe)
    assert (Word.FRAME, number, 0.25, 30.0, 7, detail) == (
        back.word, back.number, back.born, back.fps, back.frames, back.detail,
    )  # fmt: skip
    assert np.array_equal(pixels, back.pixels)


def test_wire_cut_anywhere():
    """A message cut at any byte is no message, never half a frame."""
    pipe = io.BytesIO()
    send(pipe, Message(Word.FRAME, 1, pixels=np.zeros((2, 2, 3), np.uint8)))
    whole = pipe.getvalue()
    assert {None} == {receive(io.BytesIO(whole[:end])) for end in range(len(whole))}


def test_wire_refuses_a_bomb():
    """A header that announces an absurd picture is refused before memory is taken."""
    pipe = io.BytesIO()
    send(pipe, Message(Word.FRAME, 1, pixels=np.zeros((2, 2, 3), np.uint8)))
    forged = io.BytesIO(pipe.getvalue().replace(b"[2, 2, 3]", b"[9999999, 9999999, 3]"))
    length = len(forged.getvalue()) - 4 - 12
    forged.write(length.to_bytes(4, "little"))
    forged.seek(0)
    with pytest.raises(ValueError, match="at most"):
        receive(forged)


def test_orders_round_trip():
    """Orders survive their line of JSON, odd passwords included."""
    orders = Orders("stream", 'rtsp://a:"\n\N{GRINNING FACE}@cam', Order.EVERY, 2.5)
    assert orders == Orders.from_line(orders.to_line())
