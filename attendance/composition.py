"""`Composition`: the parts of a home and what is done with them, each made when it is first asked for."""

import dataclasses
import threading
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.access import Actor
from attendance.clock import Clock
from attendance.home import encoder_card, former_name, in_force, load_pipeline, pipeline_id
from attendance.settings import Resolved, Settings
from gallery.errors import GalleryError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from attendance.judge.judging import Judge
    from attendance.register.marks import Marks
    from attendance.register.retention import Retention
    from attendance.register.sessions import Sessions
    from attendance.services.approving import Approvals
    from attendance.services.archives import Archives
    from attendance.services.arrivals import Arrivals
    from attendance.services.byhand import ByHand
    from attendance.services.calendars import Calendars
    from attendance.services.checking import Checks
    from attendance.services.consentrule import ConsentRule
    from attendance.services.consents import Consents
    from attendance.services.coverings import Coverings
    from attendance.services.desk import Desk
    from attendance.services.encoders import Encoders
    from attendance.services.encoderside import Side
    from attendance.services.enrolment import Enroller
    from attendance.services.excuses import Excuses
    from attendance.services.exports import Exports
    from attendance.services.foreignids import ForeignIds
    from attendance.services.leaving import Leaving
    from attendance.services.livenessmeasure import LivenessMeasures
    from attendance.services.lookalikes import Lookalikes
    from attendance.services.markimport import MarkImport
    from attendance.services.months import Months
    from attendance.services.nights import Nights
    from attendance.services.outlook import Outlooks
    from attendance.services.people import People
    from attendance.services.places import Places
    from attendance.services.portrait import Portraits
    from attendance.services.proving import Proofs
    from attendance.services.reembedding import Renewal
    from attendance.services.reporting import Reports
    from attendance.services.reviewing import Reviews
    from attendance.services.rosterimport import RosterImport
    from attendance.services.scopes import Scopes
    from attendance.services.sessions import SessionBook
    from attendance.services.settled import Settled
    from attendance.services.sites import Sites
    from attendance.services.statuses import Statuses
    from attendance.services.statusreports import StatusReports
    from attendance.services.tally import Tally
    from attendance.services.timetables import Timetables
    from attendance.services.upkeep import Upkeep
    from enroll.card import EncoderCard
    from enroll.pipeline import Pipeline
    from gallery import Database, Gallery, GalleryIndex
    from gallery.slices.slice import Slice


class Composition:
    """The parts of an opened home and the use cases above them; what is done with them stands in `app`."""

    def __init__(
        self,
        store: "Database",
        resolved: Resolved,
        clock: Clock,
        pipeline: "Pipeline | None" = None,
        actor: Actor | None = None,
        *,
        offline: "Slice | None" = None,
    ) -> None:
        self.store = store
        self.offline = offline
        """The slice of a site whose database this is, None for the database of the home itself."""
        self.home = store.home if offline is None else offline.home
        self.resolved = resolved
        self.settings: Settings = resolved.values
        self.clock = clock
        self.actor = actor or Actor.of_account()
        self.begun = False
        """Whether the home was made by this opening."""
        self.zone_taken: str | None = None
        """In words the zone that this new home keeps from now on, and what told it; None for any other home."""
        from gallery.vault.filevault import FileVault

        self.vault = FileVault(store) if offline is None else offline.vault
        """What seals, and links the entries of the log."""
        if offline is None:
            store.after_erasure = self.publish_erasures
        self._pipeline, self._given = pipeline, pipeline is not None
        self._loading: Future[Pipeline] | None = None
        self._lock = threading.RLock()

    def publish_erasures(self) -> None:
        """Write the list of what was erased into the home and beside its backups, as far as that can be done now.

        It is in the tables all the same, and is written again every day.
        """
        from gallery.backup import erased

        folder = self.settings.backup_folder
        if self.offline is None:
            with suppress(GalleryError, OSError):
                erased.publish(self.store, self.vault, [] if folder is None else [Path(folder).expanduser()])

    # The parts

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder, loaded at first use; raises EncoderError, DetectorError."""
        with self._lock:
            if self._pipeline is None:
                loading, self._loading = self._loading, None
                self._pipeline = load_pipeline(self.settings) if loading is None else loading.result()
            return self._pipeline

    @property
    def pipeline_is_loaded(self) -> bool:
        """Whether detector and encoder can be used at once."""
        return self._pipeline is not None

    @cached_property
    def card(self) -> "EncoderCard":
        """What is known of the encoder."""
        if self._pipeline is not None:
            return self._pipeline.encoder.card
        return encoder_card(self.settings.encoder)

    @cached_property
    def gallery(self) -> "Gallery":
        """The people and their templates, those of homes that earlier versions wrote under the present name."""
        from attendance.services.holds import refuse_held
        from gallery import Gallery

        name = pipeline_id(self.settings) if self._pipeline is None else self._pipeline.id
        opened = Gallery(self.store, name, self.vault, formerly=former_name(name, self.card))
        opened.spares = refuse_held
        opened.admits, opened.keeps_crop = self.consent_rule.admits, self.consent_rule.keeps
        if not self.store.read_only:
            opened.adopt_former(at=self.clock.utc(), by=self.actor.name)
        return opened

    @cached_property
    def consent_rule(self) -> "ConsentRule":
        """Whether a template may be made of somebody."""
        from attendance.services.consentrule import Asking, ConsentRule

        return ConsentRule(Asking(self.store, self.resolved), self.clock)

    @cached_property
    def sessions(self) -> "Sessions":
        """The sessions, days in the site's zone."""
        from attendance.register.sessions import Sessions

        return Sessions(self.store, self.zone, self.actor.name, self.settings.site)

    @cached_property
    def marks(self) -> "Marks":
        """The marks."""
        from attendance.register.marks import Customs, Marks

        again = timedelta(minutes=self.settings.mark_again_minutes)
        customs = Customs(again, self.settings.second_approval, self.nights.of_mark, self.settings.site)
        return Marks(self.store, self.actor.name, customs)

    @cached_property
    def desk(self) -> "Desk":
        """Where faces are judged and recorded for whoever acts."""
        from attendance.register.coverage import CoverageNotes
        from attendance.register.recording import Recorder
        from attendance.services.desk import Desk

        def searched() -> int:
            return self.judging.policy().gallery_size

        site = self.settings.site
        coverage = CoverageNotes(self.store, searched, self.actor.name, also=self.nights.of_look, site=site)
        records = (self.gallery, self.sessions, self.marks, self.retention, coverage)
        recorder = Recorder(*records, actor=self.actor, site=site)
        parts = (self.store, self.judging, recorder, lambda: self.pipeline)
        return Desk(*parts, settings=self.settings, clock=self.clock, tally=self.tally)

    @cached_property
    def tally(self) -> "Tally":
        """What this process has done."""
        from attendance.services.tally import Tally

        return Tally(self.clock)

    @cached_property
    def retention(self) -> "Retention":
        """How long faces are kept that nobody has looked at."""
        from attendance.register.retention import Retention

        return Retention(self.store, self.clock, self.settings)

    @cached_property
    def judging(self) -> "Judge":
        """What compares faces with the gallery."""
        from attendance.judge.judging import Judge

        judge = Judge(self.gallery, self._index(self.gallery), self.card.score_model, self.settings)
        judge.before_refresh = None if self._given else self.follow_encoder
        return judge

    def _index(self, gallery: "Gallery") -> "GalleryIndex":
        """What searches a gallery, as the settings want it; in memory where nothing is written, or no server there."""
        from gallery import GalleryIndex
        from gallery.search.plans import ON_SERVER

        if self.settings.search_plan == ON_SERVER and self.offline is None and not self.store.read_only:
            from gallery.search.onserver import ServerIndex  # another home need not load it

            return ServerIndex(gallery)
        return GalleryIndex(gallery, plan=self.settings.search_plan)

    def follow_encoder(self) -> None:
        """Go by the encoder that is in force for the home now, from the next face on; one query where it is the same.

        Whoever holds the gallery holds the same object afterwards: only the name of its pipeline is another. What was
        made with the encoder of before is told apart by that name, and neither compared nor filed. An encoder that
        does not load here raises what it raises, and nobody is marked.
        """
        found = in_force(self.resolved, self.store)
        if found.values.encoder == self.settings.encoder:
            return
        loaded, card, name = load_pipeline(found.values), encoder_card(found.values.encoder), pipeline_id(found.values)
        with self._lock:
            self.resolved, self.settings, self._pipeline = found, found.values, loaded
            self.__dict__["card"] = card
            self.gallery.go_by(name, former_name(name, card))
            self.judging.go_by(card.score_model)

    @cached_property
    def encoders(self) -> "Encoders":
        """Which encoder is in force, and others beside it."""
        from attendance.services.encoders import Encoders

        return Encoders(self.gallery, self.clock, self._side, lambda: self.settings.encoder)

    def _side(self, encoder: str) -> "Side":
        """The home seen with an encoder: with the one in force as everything else sees it, else beside that."""
        from attendance.judge.judging import Judge
        from attendance.services.encoderside import Side
        from gallery import Gallery

        settings = dataclasses.replace(self.settings, encoder=encoder)
        card, name = encoder_card(encoder), pipeline_id(settings)
        if name == self.gallery.pipeline_id:
            return Side(encoder, self.gallery, self.judging, lambda: self.pipeline, settings.track_factor)
        seen = Gallery(self.store, name, self.vault, formerly=former_name(name, card))
        seen.spares, seen.admits, seen.keeps_crop = self.gallery.spares, self.gallery.admits, self.gallery.keeps_crop
        judge = Judge(seen, self._index(seen), card.score_model, settings)
        return Side(encoder, seen, judge, lru_cache(1)(lambda: load_pipeline(settings)), settings.track_factor)

    @property
    def zone(self) -> str:
        """The site's IANA zone."""
        from attendance.zones.computer import system_zone

        return self.settings.time_zone or system_zone()

    @property
    def zone_warning(self) -> str | None:
        """What is in doubt about the zone that days are counted in, None where all is well or the site's is set."""
        from attendance.zones.computer import computer_zone

        if self.settings.time_zone is not None:
            return None
        found = computer_zone(self.clock.utc())
        return None if found.warning is None else f"{found.warning}. To settle it: {found.repair}"

    # The use cases

    @cached_property
    def people(self) -> "People":
        """Who is enrolled."""
        from attendance.services.people import People

        return People(self.gallery, self.sessions, self.clock, self.settled, self.publish_erasures)

    @cached_property
    def leaving(self) -> "Leaving":
        """Who leaves, and who comes back."""
        from attendance.services.leaving import Leaving

        return Leaving(self.gallery, self.sessions, self.clock, self.settled)

    @cached_property
    def portraits(self) -> "Portraits":
        """All that is known of somebody."""
        from attendance.services.portrait import Portraits

        return Portraits(self.gallery, self.judging, self.leaving)

    @cached_property
    def lookalikes(self) -> "Lookalikes":
        """Who is hard to tell apart."""
        from attendance.services.lookalikes import Lookalikes

        return Lookalikes(self.gallery, self.clock)

    @cached_property
    def upkeep(self) -> "Upkeep":
        """Whether the gallery is sound."""
        from attendance.services.upkeep import Upkeep

        return Upkeep(self.gallery, self.clock)

    @cached_property
    def consents(self) -> "Consents":
        """Who has agreed to what."""
        from attendance.services.consents import Consents

        return Consents(self.gallery, self.clock, self.consent_rule, self.zone, self.publish_erasures)

    @cached_property
    def enrolment(self) -> "Enroller":
        """How photos become people."""
        from attendance.services.enrolment import Enroller

        return Enroller(
            self.gallery, self.judging, self.clock, self.settings, lambda: self.pipeline, self.zone, self.consents
        )

    @cached_property
    def renewal(self) -> "Renewal":
        """Templates of a new encoder, without new photos."""
        from attendance.services.reembedding import Renewal

        return Renewal(self.gallery, self.clock, lambda: self.pipeline)

    @cached_property
    def archives(self) -> "Archives":
        """People as a file."""
        from attendance.services.archives import Archives

        return Archives(self.gallery, self.sessions, self.clock)

    @cached_property
    def session_book(self) -> "SessionBook":
        """What people are marked for."""
        from attendance.services.sessions import SessionBook

        return SessionBook(self.gallery, self.sessions, self.marks, self.clock)

    @cached_property
    def by_hand(self) -> "ByHand":
        """What a person marks and voids."""
        from attendance.services.byhand import ByHand

        return ByHand(self.gallery, self.sessions, self.marks, self.clock)

    @cached_property
    def reports(self) -> "Reports":
        """Who was there."""
        from attendance.services.reporting import Reports

        return Reports(self.gallery, self.sessions, self.marks, self.clock, self.settings.site_name)

    @cached_property
    def statuses(self) -> "Statuses":
        """What became of everybody by the timetable."""
        from attendance.services.statuses import Statuses

        return Statuses(self.gallery, self.sessions, self.clock)

    @cached_property
    def nights(self) -> "Nights":
        """What else belongs to days of closed months."""
        from attendance.services.nights import Nights

        return Nights(lambda: self.statuses, self.zone)

    @cached_property
    def settled(self) -> "Settled":
        """Closed months, kept as they are."""
        from attendance.services.settled import Settled

        return Settled(lambda: self.statuses)

    @cached_property
    def status_reports(self) -> "StatusReports":
        """Who was there by the timetable."""
        from attendance.services.statusreports import StatusReports

        return StatusReports(self.gallery, self.sessions, self.statuses, self.clock, self.settings.site_name)

    @cached_property
    def proofs(self) -> "Proofs":
        """All that somebody's day rests on."""
        from attendance.services.proving import Proofs

        return Proofs(self.gallery, self.statuses, self.clock, self.settings.site_name)

    @cached_property
    def places(self) -> "Places":
        """Cameras and kiosks by name."""
        from attendance.services.places import Places

        return Places(self.gallery, self.clock, self.settled)

    @cached_property
    def liveness_measures(self) -> "LivenessMeasures":
        """What liveness was measured to be worth at places."""
        from attendance.services.livenessmeasure import LivenessMeasures

        return LivenessMeasures(self.gallery, self.clock, self.settings)

    @cached_property
    def timetables(self) -> "Timetables":
        """When who is expected."""
        from attendance.services.timetables import Timetables

        return Timetables(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def calendars(self) -> "Calendars":
        """Days off, and terms."""
        from attendance.services.calendars import Calendars

        return Calendars(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def excuses(self) -> "Excuses":
        """When somebody need not be there."""
        from attendance.services.excuses import Excuses

        awaits = self.settings.second_approval
        return Excuses(self.gallery, self.sessions, self.clock, self.statuses, second_approval=awaits)

    @cached_property
    def months(self) -> "Months":
        """What is not changed any more."""
        from attendance.services.months import Months

        return Months(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def scopes(self) -> "Scopes":
        """For what people are looked for."""
        from attendance.services.scopes import Scopes

        given = self.resolved.origins["target_fpir"] == "flag"
        return Scopes(self.judging, self.sessions, self.places, self.clock, target_given=given)

    @cached_property
    def outlooks(self) -> "Outlooks":
        """What checks will judge by."""
        from attendance.services.outlook import Outlooks

        return Outlooks(self.gallery, self.judging, lambda: self.card)

    @cached_property
    def checks(self) -> "Checks":
        """Pictures, folders and videos looked through."""
        from attendance.services.checking import Checks

        return Checks(self.desk)

    @cached_property
    def roster_import(self) -> "RosterImport":
        """Registers of other systems."""
        from attendance.services.rosterimport import RosterImport

        return RosterImport(self.gallery, self.sessions, self.clock)

    @cached_property
    def mark_import(self) -> "MarkImport":
        """Marks of other devices."""
        from attendance.services.markimport import MarkImport

        return MarkImport(self.gallery, self.sessions, self.clock, self.nights)

    @cached_property
    def exports(self) -> "Exports":
        """Marks as files for other systems."""
        from attendance.services.exports import Exports

        return Exports(self.gallery, self.sessions)

    @cached_property
    def foreign_ids(self) -> "ForeignIds":
        """What other systems call people."""
        from attendance.services.foreignids import ForeignIds

        return ForeignIds(self.gallery, self.clock)

    @cached_property
    def reviews(self) -> "Reviews":
        """What waits for somebody to look."""
        from attendance.services.reviewing import Reviews

        return Reviews(self.gallery, self.sessions, self.marks, self.retention, self.clock)

    @cached_property
    def approvals(self) -> "Approvals":
        """What waits for a second person."""
        from attendance.services.approving import Approvals

        return Approvals(self.gallery, self.sessions, self.marks, self.clock, self.statuses)

    @cached_property
    def coverings(self) -> "Coverings":
        """When people were looked for."""
        from attendance.services.coverings import Coverings

        return Coverings(self.gallery, self.sessions, self.clock, self.nights)

    @cached_property
    def arrivals(self) -> "Arrivals":
        """What sites did while they were cut off."""
        from attendance.services.arrivals import Arrivals

        parts = (self.gallery, self.marks, self.clock, self.actor.name, self.zone)
        return Arrivals(*parts, also_look=self.nights.of_look)

    @cached_property
    def sites(self) -> "Sites":
        """Schools, branches, buildings, and who belongs to which."""
        from attendance.services.sites import Sites

        return Sites(self.gallery, self.clock)
