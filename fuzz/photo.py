"""Any bytes as a photo: upright RGB within the limits, or a `PhotoError`; decoded as in the decoder's own process."""

import contextlib

from begin import Target, fuzz


def prepared() -> Target:
    """The target."""
    import numpy as np
    import pi_heif  # noqa: F401 - before anything is bounded

    from enroll.decoderprocess import quiet
    from enroll.decoding import decode_here
    from enroll.errors import PhotoError
    from enroll.facts import facts_here
    from enroll.photolimits import PhotoLimits

    limits = PhotoLimits(max_pixels=4_000_000, max_decode_bytes=60_000_000, reduce_to=300)
    quiet()

    def target(data: bytes) -> None:
        facts_here(data)
        with contextlib.suppress(PhotoError):
            pixels, kind = decode_here(data, "photo.jpg", limits)
            if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or max(pixels.shape) > 300:
                raise AssertionError(f"{kind} of {pixels.shape} {pixels.dtype}")

    return target


if __name__ == "__main__":
    fuzz("photo", prepared, ["enroll", "PIL"], longest=40_000)
