"""A new encoder without new photos: the kept crops of the old one's templates are embedded again."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attendance.app import Attendance
    from gallery.values import StoredCrop


class Reembedding:
    """Iterate to make one template a crop, each committed by itself; counts what became of them.

    With ``lacking`` the crops of active people alone who have no template of the present encoder.
    """

    def __init__(self, app: "Attendance", *, lacking: bool = False) -> None:
        self._app, self._lacking = app, lacking
        self._others = app.gallery.renewable() if lacking else dict(app.gallery.stats().other_encoders)
        self.total = sum(self._others.values())
        self.made = self.known = self.failed = 0

    def __iter__(self) -> Iterator[None]:
        crops = self._app.gallery.crops
        # All are chosen before the first template is made: who has one then lacks none.
        chosen = [(encoder, crops(encoder, lacking=self._lacking)) for encoder in self._others]
        for encoder, kept in chosen:
            seen = 0
            for crop in kept:
                self._try(crop)
                seen += 1
                yield
            self.failed += self._others[encoder] - seen  # templates without a crop, or with one that does not open

    def _try(self, crop: "StoredCrop") -> None:
        """Embed one crop; one that cannot be used is counted, and the others go on."""
        from enroll.errors import EncoderFailed

        self._app.pipeline  # noqa: B018 - an encoder that does not load ends the run
        try:
            self._one(crop)
        except (EncoderFailed, OSError, SyntaxError, ValueError):  # of Pillow and NumPy, for a picture that is none
            self.failed += 1

    def _one(self, crop: "StoredCrop") -> None:
        app = self._app
        encoder = app.pipeline.encoder
        vectors = encoder.embed(_decoded(crop.picture, encoder.crop_size)[None])
        found = crop.template
        added = app.gallery.add_template(
            found.person_id,
            vectors[0],
            float(encoder.cohort_means(vectors)[0]),
            quality=found.quality,
            source=found.source,
            source_sha256=found.source_sha256,
            crop=crop.picture,
            at=app.clock.utc(),
            by=app.actor.name,
        )
        self.made += added.changed
        self.known += not added.changed

    def drop_old(self) -> int:
        """Delete the templates of all other encoders; how many went."""
        app = self._app
        return sum(app.gallery.drop_encoder(each, at=app.clock.utc(), by=app.actor.name) for each in self._others)


def _decoded(picture: bytes, side: int) -> Any:
    """The crop (side, side, 3) uint8 RGB."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        square = image.convert("RGB")
        if square.size != (side, side):
            square = square.resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(square)
