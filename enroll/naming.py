"""What a pipeline is called: the names of its parts from picture to template, joined; the encoder's is the last."""

from typing import Final

JOINT: Final = "+"


def joined(*parts: str) -> str:
    """Return the name of the parts with these names, in their order."""
    return JOINT.join(parts)


def parts_of(pipeline: str) -> tuple[str, ...]:
    """Return the names of a pipeline's parts, in their order."""
    return tuple(pipeline.split(JOINT))


def finder_of(pipeline: str) -> str:
    """Return what finds and aligns faces in a pipeline, as `Pipeline.finder`; empty where only the encoder is told."""
    return pipeline.rpartition(JOINT)[0]


def encoder_of(pipeline: str) -> str:
    """Return the name of a pipeline's encoder."""
    return pipeline.rpartition(JOINT)[2]
