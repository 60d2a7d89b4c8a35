"""A new encoder or detector without new photos: the kept crops of the templates before are embedded again."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from enroll.naming import finder_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from attendance.access import Actor
    from attendance.clock import Clock
    from enroll.face import Pixels
    from enroll.pipeline import Pipeline
    from gallery import Gallery
    from gallery.values import StoredCrop

BATCH: Final = 16
"""Templates that are filed in one step, so that the disk is waited for once; no more crops are in memory.

They are embedded one by one: on a CPU several at a time take no less, and more than four take longer.
"""


class Renewal:
    """Makes templates of the present pipeline (detector, landmark network, encoder) from the crops kept of others."""

    def __init__(self, gallery: "Gallery", clock: "Clock", load: "Callable[[], Pipeline]") -> None:
        self._gallery = gallery
        self._clock = clock
        self._load = load

    def is_needed(self) -> bool:
        """Whether somebody active has a kept crop but no template of this pipeline; one query."""
        return bool(self._gallery.renewable())

    @needs("upkeep.run")
    def run(self, actor: "Actor", *, lacking: bool = False, missing: bool = False) -> "Reembedding":
        """A run over all kept crops, those ``lacking``, or those ``missing``, as `Gallery.crops` tells them apart."""
        return Reembedding(self._gallery, self._clock, self._load, actor, lacking=lacking, missing=missing)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a crop has given: a vector (d,) of unit length and its cohort mean, and what is kept with them."""

    crop: "StoredCrop"
    vector: "NDArray[np.float32]"
    mean: float
    kept: dict[str, Any]


class Reembedding:
    """Iterate to make one template a crop, some of them filed in one step; counts what became of them.

    With ``lacking`` the crops of active people alone who have no template of the present pipeline; with ``missing``
    those of photos that have given none, so that a run that was broken off goes on where it was. ``news`` tells what is
    new in it, such as "the encoder default-2026.5".
    """

    def __init__(
        self,
        gallery: "Gallery",
        clock: "Clock",
        load: "Callable[[], Pipeline]",
        actor: "Actor",
        *,
        lacking: bool = False,
        missing: bool = False,
    ) -> None:
        self._gallery, self._clock, self._load, self._by = gallery, clock, load, actor.name
        self._only = {"lacking": lacking, "missing": missing}
        self._others = dict(gallery.stats().other_encoders)
        if lacking or missing:
            self._others = gallery.renewable() if lacking else gallery.missing()
        self.news = _news(gallery.pipeline_id, self._others)
        self.total = sum(self._others.values())
        self.made = self.known = self.failed = self.refused = 0

    def __iter__(self) -> Iterator[None]:
        crops = self._gallery.crops
        # All are chosen before the first template is made: who has one then lacks none.
        chosen = [(pipeline, crops(pipeline, **self._only)) for pipeline in self._others]
        for pipeline, kept in chosen:
            seen = 0
            while some := list(islice(kept, BATCH)):
                self._file([made for crop in some if (made := self._tried(crop)) is not None])
                seen += len(some)
                yield from (None for _ in some)
            self.failed += self._others[pipeline] - seen  # templates without a crop, or with one that does not open

    def _tried(self, crop: "StoredCrop") -> _Made | None:
        """Embed one crop; one that cannot be used, or of whoever has not agreed, is counted, and the others go on."""
        from attendance.privacy_errors import ConsentMissing
        from enroll.errors import EncoderFailed
        from gallery.errors import PersonUnknown

        pipeline = self._load()  # an encoder that does not load ends the run
        try:
            self._gallery.ask(crop.template.person_id)
            return _embedded(crop, pipeline)
        except ConsentMissing:
            self.refused += 1
        except PersonUnknown:  # removed since the crops were chosen: there is nothing left to embed
            pass
        except (EncoderFailed, OSError, SyntaxError, ValueError):  # of Pillow and NumPy, for a picture that is none
            self.failed += 1
        return None

    def _file(self, made: "Sequence[_Made]") -> None:
        """Put in what was made, in one step; not of a photo that has gone meanwhile, nor of whoever agrees no more."""
        from attendance.privacy_errors import ConsentMissing
        from gallery.repositories import templates

        if not made:
            return
        made_by = self._load().id
        with self._gallery.store.atomic() as transaction:
            owners = templates.owners_of(transaction, [each.crop.template.id for each in made])
            for each in made:
                owner = owners.get(each.crop.template.id)
                try:
                    if owner is not None:
                        self._add(each, owner, made_by)
                except ConsentMissing:
                    self.refused += 1

    def _add(self, made: _Made, owner: int, made_by: str) -> None:
        found = made.crop.template
        added = self._gallery.add_template(
            owner,
            made.vector,
            made.mean,
            quality=found.quality,
            source=found.source,
            source_sha256=found.source_sha256,
            at=self._clock.utc(),
            by=self._by,
            made_by=made_by,
            **made.kept,
        )
        self.made += added.changed
        self.known += not added.changed

    def drop_old(self) -> int:
        """Delete the templates of all other pipelines; how many went."""
        return sum(self._gallery.drop_pipeline(each, at=self._clock.utc(), by=self._by) for each in self._others)


def _news(present: str, others: "Collection[str]") -> tuple[str, ...]:
    """Which parts of the present pipeline none of the others has; where each is in some, how they are put together."""
    known = {part for other in others for part in parts_of(other)}
    *finder, encoder = parts_of(present)
    new = () if encoder in known else (f"the encoder {encoder}",)
    if new and not any(map(finder_of, others)):
        return new  # templates of before that tell the encoder alone say nothing of the others
    kinds = ("detector", *["landmark network"] * len(finder))
    found = (f"the {kind} {part}" for kind, part in zip(kinds, finder, strict=False) if part not in known)
    return (*found, *new) or (f"the detector {finder[0] if finder else ''} with the encoder {encoder}",)


def _embedded(crop: "StoredCrop", pipeline: "Pipeline") -> _Made:
    pixels, kept = _renewed(crop, pipeline)
    vectors = pipeline.encoder.embed(pixels[None])
    return _Made(crop, vectors[0], float(pipeline.encoder.cohort_means(vectors)[0]), kept)


def _renewed(crop: "StoredCrop", pipeline: "Pipeline") -> "tuple[Pixels, dict[str, Any]]":
    """The crop (S, S, 3) that the encoder sees, and what is kept with the new template.

    The picture stays as it is; a chip gets the landmarks of this pipeline and is cut by them.
    """
    from enroll.chips import crop_of, decoded, decoded_crop

    side, kept = pipeline.encoder.crop_size, crop.picture
    if crop.landmarks is None:
        return decoded_crop(kept, side), {"crop": kept}
    chip = pipeline.realigned(decoded(kept, crop.landmarks), crop.template.pipeline_id)
    return crop_of(chip, side), {"crop": kept, "landmarks": chip.landmarks}
