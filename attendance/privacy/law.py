"""What the law of some places says of faces and of keeping time: each sentence with its source and date.

Nobody here is a lawyer. `READ` is when these sentences were last looked through; those that are not ``sure`` are
known from reports alone, or move.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

READ: Final = date(2026, 11, 27)


@dataclass(frozen=True, slots=True)
class Law:
    """A sentence in both languages, under a heading (`HEADINGS`), where it stands, and of which day that text is."""

    place: str
    en: str
    de: str
    source: str
    dated: date
    sure: bool = True


HEADINGS: Final = {
    "eu": {"en": "European Union: GDPR", "de": "Europäische Union: DSGVO"},
    "work": {"en": "Faces and working time", "de": "Gesichter und Arbeitszeit"},
    "school": {"en": "Schools", "de": "Schulen"},
    "us": {"en": "Illinois, United States: BIPA", "de": "Illinois, USA: BIPA"},
    "ai": {"en": "European Union: AI Act", "de": "Europäische Union: KI-Verordnung"},
}
_GDPR: Final = "Regulation (EU) 2016/679"
_DAY: Final = date(2016, 4, 27)
_AI: Final = "Regulation (EU) 2024/1689"
_AI_DAY: Final = date(2024, 6, 13)
_POFA: Final = "Protection of Freedoms Act 2012"
_POFA_DAY: Final = date(2012, 5, 1)

LAWS: Final = (
    Law(
        "eu",
        "Data from technical processing of somebody's face that allow or confirm their unique identification are "
        "biometric data.",
        "Daten aus der technischen Verarbeitung eines Gesichts, die eine Person eindeutig identifizieren oder dies "
        "bestätigen, sind biometrische Daten.",
        f"{_GDPR}, Art. 4(14)",
        _DAY,
    ),
    Law(
        "eu",
        "Processing them to identify somebody uniquely is prohibited unless an exception applies, such as explicit "
        "consent for one or more purposes; and one of the bases of Art. 6 is needed as well.",
        "Ihre Verarbeitung zur eindeutigen Identifizierung ist untersagt, wenn keine Ausnahme greift, etwa die "
        "ausdrückliche Einwilligung für festgelegte Zwecke; außerdem ist eine Rechtsgrundlage nach Art. 6 nötig.",
        f"{_GDPR}, Art. 9(1), 9(2)(a), Art. 6(1)",
        _DAY,
    ),
    Law(
        "eu",
        "Whoever relies on consent must be able to prove it; withdrawing it must be as easy as giving it, and consent "
        "that is a condition without need is hardly free.",
        "Wer sich auf eine Einwilligung stützt, muss sie nachweisen können; der Widerruf muss so einfach sein wie die "
        "Erteilung, und eine Einwilligung, die ohne Not zur Bedingung gemacht wird, ist kaum freiwillig.",
        f"{_GDPR}, Art. 7(1), 7(3), 7(4)",
        _DAY,
    ),
    Law(
        "eu",
        "People must be told who processes what for how long and for what, when the data are collected or soon after.",
        "Die Betroffenen müssen erfahren, wer was wie lange und wofür verarbeitet, und zwar bei der Erhebung oder "
        "bald danach.",
        f"{_GDPR}, Art. 13 and 14",
        _DAY,
    ),
    Law(
        "eu",
        "They may ask for a copy, for correction and for erasure, and for what they provided in a machine-readable "
        "form.",
        "Sie können eine Kopie, Berichtigung und Löschung verlangen und, was sie selbst bereitgestellt haben, in "
        "maschinenlesbarer Form.",
        f"{_GDPR}, Art. 15, 16, 17 and 20",
        _DAY,
    ),
    Law(
        "eu",
        "A record of processing is kept; that an organisation has fewer than 250 employees is no excuse where special "
        "categories are processed.",
        "Es ist ein Verzeichnis der Verarbeitungstätigkeiten zu führen; die Ausnahme für weniger als 250 Beschäftigte "
        "gilt nicht, wenn besondere Kategorien verarbeitet werden.",
        f"{_GDPR}, Art. 30(1), 30(5)",
        _DAY,
    ),
    Law(
        "eu",
        "Where a high risk is likely, its impact is assessed beforehand; if the risk stays high, the authority is "
        "asked first.",
        "Ist ein hohes Risiko wahrscheinlich, so werden die Folgen vorher abgeschätzt; bleibt das Risiko hoch, so wird "
        "zuerst die Aufsichtsbehörde befragt.",
        f"{_GDPR}, Art. 35(1), 35(7), 36(1)",
        _DAY,
    ),
    Law(
        "work",
        "Because employees depend on their employer, consent at work is in most cases no valid basis.",
        "Weil Beschäftigte vom Arbeitgeber abhängen, trägt eine Einwilligung im Arbeitsverhältnis in den meisten "
        "Fällen nicht.",
        "Article 29 Working Party, Opinion 2/2017 (WP 249)",
        date(2017, 6, 8),
    ),
    Law(
        "work",
        "France: biometrics may control access to premises, devices and applications at work, after an assessment, "
        "where badges do not suffice.",
        "Frankreich: Biometrie darf am Arbeitsplatz den Zugang zu Räumen, Geräten und Anwendungen kontrollieren, nach "
        "einer Folgenabschätzung und wo Ausweise nicht genügen.",
        "CNIL, délibération n° 2019-001",
        date(2019, 1, 10),
    ),
    Law(
        "work",
        "France: it does not cover the control of working time, which the authority has not admitted since 2012.",
        "Frankreich: Die Kontrolle der Arbeitszeit ist davon nicht erfasst; die Behörde lässt sie seit 2012 nicht zu.",
        "CNIL, délibération n° 2019-001, Art. 1, and délibération n° 2012-322",
        date(2012, 9, 20),
        sure=False,
    ),
    Law(
        "work",
        "United Kingdom: an employer had to stop recognising faces and fingerprints to record attendance, as it was "
        "neither necessary nor proportionate and no alternative was offered.",
        "Vereinigtes Königreich: Ein Arbeitgeber musste aufhören, Anwesenheit über Gesichter und Fingerabdrücke zu "
        "erfassen, weil das weder erforderlich noch verhältnismäßig war und keine Alternative angeboten wurde.",
        "ICO, enforcement notice to Serco Leisure, published 23 February 2024",
        date(2024, 2, 19),
        sure=False,
    ),
    Law(
        "work",
        "Germany: data of employees, special categories too, may be processed where it is needed for the employment; "
        "after a judgment on a like rule it is disputed how far this still holds.",
        "Deutschland: Beschäftigtendaten, auch besondere Kategorien, dürfen verarbeitet werden, soweit es für das "
        "Beschäftigungsverhältnis erforderlich ist; seit einem Urteil zu einer ähnlichen Vorschrift ist strittig, wie "
        "weit das noch gilt.",
        "BDSG § 26(1), 26(3); CJEU, C-34/21",
        date(2023, 3, 30),
    ),
    Law(
        "work",
        "Germany: a fingerprint terminal for working time was held not to be necessary, so that it needs consent.",
        "Deutschland: Ein Fingerabdruck-Terminal zur Zeiterfassung wurde für nicht erforderlich gehalten und braucht "
        "deshalb eine Einwilligung.",
        "LAG Berlin-Brandenburg, 10 Sa 2130/19",
        date(2020, 6, 4),
        sure=False,
    ),
    Law(
        "work",
        "Germany: the works council has a say in technical means that can monitor behaviour or performance.",
        "Deutschland: Bei technischen Einrichtungen, die Verhalten oder Leistung überwachen können, bestimmt der "
        "Betriebsrat mit.",
        "BetrVG § 87(1) no. 6",
        date(1972, 1, 15),
    ),
    Law(
        "school",
        "England and Wales: schools notify each parent, and need the written consent of one parent while none objects.",
        "England und Wales: Schulen benachrichtigen jedes Elternteil und brauchen die schriftliche Einwilligung eines "
        "Elternteils, ohne dass ein anderes widerspricht.",
        f"{_POFA}, s. 26(3), s. 27",
        _POFA_DAY,
    ),
    Law(
        "school",
        "England and Wales: if the child refuses or objects, in whatever way, its data are not processed, whatever the "
        "parents say.",
        "England und Wales: Lehnt das Kind ab, gleich in welcher Form, so werden seine Daten nicht verarbeitet, was "
        "immer die Eltern sagen.",
        f"{_POFA}, s. 26(5)",
        _POFA_DAY,
    ),
    Law(
        "school",
        "England and Wales: there must be reasonable alternatives for the child.",
        "England und Wales: Für das Kind muss es zumutbare Alternativen geben.",
        f"{_POFA}, s. 26(7)",
        _POFA_DAY,
    ),
    Law(
        "school",
        "United Kingdom: a school was reprimanded for recognising faces in the canteen without an assessment; a slip "
        "to opt out was no consent, and older pupils should have answered themselves.",
        "Vereinigtes Königreich: Eine Schule wurde gerügt, weil sie in der Mensa ohne Folgenabschätzung Gesichter "
        "erkannte; ein Zettel zum Abbestellen war keine Einwilligung, und ältere Schüler hätten selbst antworten "
        "müssen.",
        "ICO, reprimand to Chelmer Valley High School, published 23 July 2024",
        date(2024, 7, 23),
        sure=False,
    ),
    Law(
        "school",
        "Sweden: a school was fined for recording attendance by faces; its pupils depend on it, so that their consent "
        "was not valid.",
        "Schweden: Gegen eine Schule, die Anwesenheit über Gesichter erfasste, wurde ein Bußgeld verhängt; weil die "
        "Schüler von ihr abhängen, war die Einwilligung unwirksam.",
        "Datainspektionen, DI-2019-2221 (Skellefteå)",
        date(2019, 8, 20),
        sure=False,
    ),
    Law(
        "school",
        "Germany: what schools may process stands in the school laws of the Länder, which differ; some list the data "
        "one by one. Look up the law of your Land.",
        "Deutschland: Was Schulen verarbeiten dürfen, steht in den Schulgesetzen der Länder, die sich unterscheiden; "
        "manche zählen die zulässigen Daten einzeln auf. Prüfen Sie das Gesetz Ihres Landes.",
        "School laws of the German Länder, as in force; compare GDPR Art. 6(2) and 9(4)",
        _DAY,
        sure=False,
    ),
    Law(
        "us",
        "A private entity makes a written policy public, with a retention schedule: biometric data are destroyed for "
        "good when their purpose is fulfilled, or within 3 years of the last interaction, whichever is first.",
        "Private Stellen veröffentlichen schriftlich einen Löschplan: Biometrische Daten werden endgültig vernichtet, "
        "sobald ihr Zweck erfüllt ist, spätestens 3 Jahre nach dem letzten Kontakt.",
        "740 ILCS 14/15(a)",
        date(2008, 10, 3),
    ),
    Law(
        "us",
        "Before they are collected the person is told so in writing, with purpose and length of time, and gives a "
        "written release.",
        "Vor der Erhebung wird die Person schriftlich über Tatsache, Zweck und Dauer unterrichtet und gibt eine "
        "schriftliche Zustimmung.",
        "740 ILCS 14/15(b)",
        date(2008, 10, 3),
    ),
    Law(
        "us",
        "A release may be signed electronically; taking the same data by the same method from one person counts as "
        "one violation.",
        "Die Zustimmung darf elektronisch unterschrieben werden; dieselben Daten derselben Person auf dieselbe Weise "
        "zu erheben gilt als ein einziger Verstoß.",
        "740 ILCS 14/10, 14/20 as amended by Public Act 103-0769",
        date(2024, 8, 2),
        sure=False,
    ),
    Law(
        "ai",
        "Prohibited are, among others, systems that infer emotions at work or in education, and those that derive "
        "race, opinions or orientation from biometric data; this program does neither.",
        "Verboten sind unter anderem Systeme, die am Arbeitsplatz oder in Bildungseinrichtungen Emotionen ableiten "
        "oder aus biometrischen Daten auf Herkunft, Überzeugung oder Orientierung schließen; dieses Programm tut "
        "beides nicht.",
        f"{_AI}, Art. 5(1)(f), 5(1)(g); applies since 2 February 2025",
        _AI_DAY,
    ),
    Law(
        "ai",
        "Remote biometric identification is high-risk; so are some uses in education and at work. Verifying that "
        "somebody is who they say they are is not. Whether a camera that looks for many at a door is remote depends on "
        "how it is used.",
        "Biometrische Fernidentifizierung ist hochriskant, ebenso manche Verwendung in Bildung und Beschäftigung. Zu "
        "bestätigen, dass jemand ist, wer er zu sein angibt, ist es nicht. Ob eine Kamera, die an einer Tür nach "
        "vielen sucht, aus der Ferne identifiziert, hängt vom Einsatz ab.",
        f"{_AI}, Art. 3(41), Art. 6(2), Annex III nos. 1(a), 3 and 4",
        _AI_DAY,
    ),
    Law(
        "ai",
        "With remote biometric identification nobody acts on a match alone: two people must have confirmed it.",
        "Bei biometrischer Fernidentifizierung wird nicht allein auf einen Treffer hin gehandelt: Zwei Personen müssen "
        "ihn bestätigt haben.",
        f"{_AI}, Art. 14(5)",
        _AI_DAY,
    ),
    Law(
        "ai",
        "Employers tell the workers' representatives and the workers before they use a high-risk system at work.",
        "Arbeitgeber unterrichten Arbeitnehmervertretung und Beschäftigte, bevor sie ein Hochrisiko-System am "
        "Arbeitsplatz einsetzen.",
        f"{_AI}, Art. 26(7)",
        _AI_DAY,
    ),
    Law(
        "ai",
        "Whoever uses emotion recognition or biometric categorisation informs the people exposed to it; this program "
        "has neither.",
        "Wer Emotionserkennung oder biometrische Kategorisierung einsetzt, informiert die Betroffenen; dieses Programm "
        "hat keines von beiden.",
        f"{_AI}, Art. 50(3)",
        _AI_DAY,
    ),
    Law(
        "ai",
        "As published in 2024 the rules for Annex III would have applied from 2 August 2026.",
        "In der Fassung von 2024 hätten die Regeln für Anhang III ab dem 2. August 2026 gegolten.",
        f"{_AI}, Art. 113",
        _AI_DAY,
    ),
    Law(
        "ai",
        "The Council is reported to have moved them to 2 December 2027, and left Art. 50 at 2 August 2026. These dates "
        "have moved before: look into the Official Journal.",
        "Dem Vernehmen nach hat der Rat sie auf den 2. Dezember 2027 verschoben und Art. 50 beim 2. August 2026 "
        "belassen. Diese Daten haben sich schon einmal verschoben: Sehen Sie im Amtsblatt nach.",
        'Reports on the Council\'s decision of 29 June 2026 ("Digital Omnibus on AI")',
        date(2026, 6, 29),
        sure=False,
    ),
)
