"""The words around a text of consent, on its form and on the page that takes the answer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "form": "Consent to the recognition of a face",
                "for": "For",
                "code": "Code of this form",
                "answer_by": "To be answered by",
                "scan": "Scan the code with a telephone and answer there, or tick below, sign, and give the page back.",
                "question": "Please answer each line by itself",
                "face": "Face: be recognised by it",
                "photo": "Photo: the cut-out face is kept",
                "unknown": "Faces to look at: are kept until somebody has looked",
                "yes": "yes",
                "no": "no",
                "name_guardian": "Name of the parent or guardian",
                "name_self": "Your name",
                "place_day": "Place and date",
                "signature": "Signature",
                "back": "Text {version} ({sha256}). An answer counts once; it can be taken back at any time.",
                "send": "Send the answer",
                "thanks": "Thank you. Your answer is recorded.",
                "thanks_no": "Where you said no, nothing is kept, and a PIN, a card or a badge counts the same.",
                "take_back": "You can take it back at any time; a word to those who asked you is enough.",
                "over": "This form cannot be answered any more, or never could. Ask for a new one.",
                "over_title": "Not to be answered",
                "busy": "There were too many tries. Please wait a little and try again.",
                "missing": "Please answer each question with yes or no.",
                "missing_name": "Please say who answers.",
                "other_language": "Deutsch",
            }
        ),
        "de": MappingProxyType(
            {
                "form": "Einwilligung in die Gesichtserkennung",
                "for": "Für",
                "code": "Code dieses Bogens",
                "answer_by": "Zu beantworten bis",
                "scan": "Code mit dem Telefon scannen und dort antworten, oder ankreuzen, unterschreiben und abgeben.",
                "question": "Bitte jede Zeile für sich beantworten",
                "face": "Gesicht: daran erkannt werden",
                "photo": "Foto: der Gesichtsausschnitt wird aufbewahrt",
                "unknown": "Gesichter zur Durchsicht: werden aufbewahrt, bis jemand nachgesehen hat",
                "yes": "ja",
                "no": "nein",
                "name_guardian": "Name der oder des Sorgeberechtigten",
                "name_self": "Ihr Name",
                "place_day": "Ort und Datum",
                "signature": "Unterschrift",
                "back": "Text {version} ({sha256}). Eine Antwort zählt einmal; sie kann jederzeit widerrufen werden.",
                "send": "Antwort absenden",
                "thanks": "Danke. Ihre Antwort ist erfasst.",
                "thanks_no": "Wo Sie Nein gesagt haben, wird nichts aufbewahrt; PIN, Karte oder Ausweis zählen gleich.",
                "take_back": "Sie können jederzeit widerrufen; ein Wort an die Stelle, die gefragt hat, genügt.",
                "over": "Dieser Bogen kann nicht (mehr) beantwortet werden. Bitte verlangen Sie einen neuen.",
                "over_title": "Nicht zu beantworten",
                "busy": "Es waren zu viele Versuche. Bitte warten Sie ein wenig und versuchen Sie es erneut.",
                "missing": "Bitte beantworten Sie jede Frage mit Ja oder Nein.",
                "missing_name": "Bitte sagen Sie, wer antwortet.",
                "other_language": "English",
            }
        ),
    }
)


def phrases(language: str) -> Mapping[str, str]:
    """The words of a language; English ones where there are none."""
    return _WORDS.get(language, _WORDS["en"])
