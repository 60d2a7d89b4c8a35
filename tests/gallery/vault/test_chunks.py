"""Sealed chunks: what was written comes out, and nothing that was cut, moved, repeated or changed passes."""

import io
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gallery import BackupInvalid
from gallery.vault.chunks import CHUNK, TAG, ChunkWriter, opened_chunks

KEY, HEAD = bytes(range(32)), b"head\n"
SEALED = CHUNK + TAG


def sealed(*parts: bytes, key: bytes = KEY, head: bytes = HEAD) -> bytes:
    file = io.BytesIO()
    with ChunkWriter(file, key, head) as writer:
        for part in parts:
            writer.write(part)
    return file.getvalue()


def opened(data: bytes, key: bytes = KEY, head: bytes = HEAD) -> bytes:
    return b"".join(opened_chunks(io.BytesIO(data), key, head, "file"))


def plain(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@given(st.lists(st.integers(0, CHUNK * 2), max_size=4))
def test_what_was_written_comes_out(sizes):
    """However the plain bytes come in, the same ones come out, at the cost of one tag a chunk."""
    parts = [plain(size) for size in sizes]
    total = sum(sizes)

    assert b"".join(parts) == opened(sealed(*parts))
    assert total + TAG * max(1, -(-total // CHUNK)) == len(sealed(*parts))


def test_chunks_are_those_of_the_construction():
    """Each chunk is AES-256-GCM with its number and whether it is the last as the nonce, and the head bound to it."""
    cipher, data = AESGCM(KEY), plain(2 * CHUNK + 5)
    expected = [
        cipher.encrypt(bytes(11) + b"\x00", data[:CHUNK], HEAD),
        cipher.encrypt(bytes(10) + b"\x01\x00", data[CHUNK : 2 * CHUNK], HEAD),
        cipher.encrypt(bytes(10) + b"\x02\x01", data[2 * CHUNK :], HEAD),
    ]

    assert b"".join(expected) == sealed(data)


@pytest.mark.parametrize("size", [1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_a_file_cut_anywhere_is_refused(size):
    """Cut at every end of a chunk and beside it, and at its first and last byte: refused."""
    whole = sealed(plain(size))
    ends = {end + step for end in range(0, len(whole), SEALED) for step in (-1, 0, 1)} | {len(whole) - 1, TAG}
    for end in sorted(ends & set(range(len(whole)))):
        with pytest.raises(BackupInvalid):
            opened(whole[:end])


def test_chunks_that_were_moved_are_refused():
    """Swapped, repeated, left out, added from another file or after the end: refused."""
    whole = sealed(plain(3 * CHUNK))
    first, second, last = (whole[at : at + SEALED] for at in range(0, len(whole), SEALED))
    other = sealed(plain(CHUNK), key=bytes(32))
    wrong = [
        (second, first, last),
        (first, first, second, last),
        (first, last),
        (second, last),
        (first, second, last, last),
        (first, second, last, b"\0"),
        (first, second),
        (first, last, second),
        (other, second, last),
    ]
    for parts in wrong:
        with pytest.raises(BackupInvalid, match="cut short or changed"):
            opened(b"".join(parts))
    assert plain(3 * CHUNK) == opened(first + second + last)


@given(st.integers(0, 2 * SEALED + 40), st.integers(0, 7))
def test_a_flipped_bit_is_refused(position, bit):
    """Whichever bit of the sealed bytes is flipped: refused."""
    whole = bytearray(sealed(plain(2 * CHUNK + 30)))
    whole[position % len(whole)] ^= 1 << bit
    with pytest.raises(BackupInvalid):
        opened(bytes(whole))


@pytest.mark.parametrize("given_", [{"key": bytes(32)}, {"head": b"Head\n"}, {"head": b""}])
def test_another_key_or_head_is_refused(given_):
    """Chunks open with the key and the head that they were sealed with, and no other."""
    with pytest.raises(BackupInvalid):
        opened(sealed(b"something"), **given_)


def test_a_writer_that_failed_leaves_no_end():
    """Where the work inside fails, the last chunk is not written: what is there is refused."""
    file = io.BytesIO()
    with suppress(RuntimeError), ChunkWriter(file, KEY, HEAD) as writer:
        writer.write(plain(CHUNK + 1))
        raise RuntimeError
    assert SEALED == len(file.getvalue())
    with pytest.raises(BackupInvalid):
        opened(file.getvalue())
