"""`ServiceComposition`: what the service adds to the parts of a home, each made when it is first asked for."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from attendance.composition import Composition

if TYPE_CHECKING:
    from attendance.services.accounts import Accounts
    from attendance.services.admission import Admission
    from attendance.services.audit import Audit
    from attendance.services.brokering import Brokering
    from attendance.services.bulk import BulkEnrolment
    from attendance.services.cameras import Cameras
    from attendance.services.configuring import Configuration
    from attendance.services.credentials import Credentials
    from attendance.services.cursors import Cursors
    from attendance.services.dayboard import DayBoards
    from attendance.services.daymarks import DayMarks
    from attendance.services.deciding import Deciding
    from attendance.services.desk import Desk
    from attendance.services.directory import Directory
    from attendance.services.editing import Edits
    from attendance.services.feeds import Feeds
    from attendance.services.housekeeping import Housekeeping
    from attendance.services.idempotency import Answers
    from attendance.services.jobs import Jobs
    from attendance.services.kiosks import Kiosks
    from attendance.services.lane import Lane
    from attendance.services.leases import Leases
    from attendance.services.limits import Limits
    from attendance.services.link import Link, LinkedDesk
    from attendance.services.newsroom import Newsroom
    from attendance.services.ownpeople import OwnPeople
    from attendance.services.photos import Photos
    from attendance.services.posting import Posting
    from attendance.services.qrsheets import QrSheets
    from attendance.services.receivers import Receivers
    from attendance.services.reportfiles import ReportFiles
    from attendance.services.reportviews import ReportViews
    from attendance.services.reviewdesk import ReviewDesk
    from attendance.services.searching import Searching
    from attendance.services.sign_ins import SignIns
    from attendance.services.similarity import Similarity
    from attendance.services.tokens import Tokens
    from attendance.services.uploads import Uploads
    from attendance.services.vitals import Vitals
    from attendance.services.why import Whys
    from attendance.services.workers import Workers


class ServiceComposition(Composition):
    """A home with the use cases of pages, kiosks, cameras in the background and programs."""

    link: "Link[Any] | None" = None
    """What goes on with the slice of a site while the database is out of reach; None where there is none."""

    @property
    def live_desk(self) -> "Desk | LinkedDesk[Any]":
        """The desk of cameras and kiosks: on the database, or on the slice while that is out of reach."""
        return self.desk if self.link is None else self.link.desk(lambda on: on.desk)

    @cached_property
    def newsroom(self) -> "Newsroom":
        """What has happened."""
        from attendance.services.newsroom import Newsroom

        return Newsroom(self.gallery)

    @cached_property
    def lane(self) -> "Lane":
        """Where photos wait for their turn to be judged."""
        from attendance.services.lane import Lane

        return Lane()

    @cached_property
    def receivers(self) -> "Receivers":
        """Other systems that are told of news."""
        from attendance.services.receivers import Receivers

        return Receivers(self.gallery, self.clock)

    @cached_property
    def posting(self) -> "Posting":
        """What sends news to webhooks."""
        from attendance.services.newsfacts import NewsFacts
        from attendance.services.posting import Posting

        return Posting(self.gallery, self.receivers, NewsFacts(self.gallery, self.newsroom), self.clock)

    @cached_property
    def brokering(self) -> "Brokering":
        """What says news to MQTT brokers."""
        from attendance.services.brokering import Brokering

        parts = (self.gallery, self.receivers, self.newsroom, self.clock)
        return Brokering(*parts, zone=self.zone, name=self.settings.site_name)

    @cached_property
    def jobs(self) -> "Jobs":
        """Long work, and what it has made."""
        from attendance.services.jobs import Jobs

        return Jobs(self.store, self.clock, self.uploads.forget)

    @cached_property
    def limits(self) -> "Limits":
        """How often secrets were tried in vain."""
        from attendance.services.limits import Limits

        return Limits(self.store, self.clock, lambda: self.sign_ins.key)

    @cached_property
    def accounts(self) -> "Accounts":
        """Who may sign in."""
        from attendance.services.accounts import Accounts

        return Accounts(self.store, self.clock, self.limits)

    @cached_property
    def sign_ins(self) -> "SignIns":
        """Browsers that are signed in."""
        from attendance.services.sign_ins import SignIns

        return SignIns(self.gallery, self.clock, self.settings)

    @cached_property
    def tokens(self) -> "Tokens":
        """What programs and kiosks prove themselves by."""
        from attendance.services.tokens import Tokens

        return Tokens(self.store, self.clock)

    @cached_property
    def day_boards(self) -> "DayBoards":
        """The day as it stands."""
        from attendance.services.dayboard import DayBoards

        return DayBoards(self.gallery, self.sessions, self.statuses, self.clock)

    @cached_property
    def day_marks(self) -> "DayMarks":
        """Marks as pages show them."""
        from attendance.services.daymarks import DayMarks

        return DayMarks(self.gallery, self.sessions, self.people)

    @cached_property
    def cameras(self) -> "Cameras":
        """Cameras watched in the background."""
        from attendance.services.cameras import Cameras

        parts = (self.gallery, self.desk, self.scopes, self.places, self.clock, self.zone)
        return Cameras(*parts, leases=self.leases, site=self.settings.site, link=self.link)

    @cached_property
    def leases(self) -> "Leases":
        """What this process does alone."""
        from attendance.services.leases import Leases

        return Leases(self.store, self.clock, self.worker_id)

    @cached_property
    def workers(self) -> "Workers":
        """The processes that work with the database."""
        from importlib.metadata import version

        from attendance.services.workers import ASIDE, Workers
        from gallery.slices import aside
        from gallery.slices.slice import folder_of

        made = Workers(self.store, self.clock, self.settings, self.worker_id, version=version("attendance"))
        made.tells[ASIDE] = lambda: aside.count(folder_of(self.home))
        return made

    @cached_property
    def worker_id(self) -> str:
        """What this process is called among those that work with the database."""
        from uuid import uuid4

        return uuid4().hex

    @cached_property
    def similarity(self) -> "Similarity":
        """Models of the workbench that compare pictures."""
        from attendance.services.similarity import Similarity

        return Similarity(self.settings.similarity_folders, self.settings.threads)

    @cached_property
    def edits(self) -> "Edits":
        """People changed from a state that was seen."""
        from attendance.services.editing import Edits

        return Edits(self.gallery, self.people, self.leaving, self.clock)

    @cached_property
    def deciding(self) -> "Deciding":
        """Single photos judged."""
        from attendance.services.deciding import Deciding

        return Deciding(self.desk)

    @cached_property
    def photos(self) -> "Photos":
        """The photos of people."""
        from attendance.services.photos import Photos

        return Photos(self.gallery, self.edits, self.enrolment, self.clock)

    @cached_property
    def answers(self) -> "Answers":
        """What programs were answered under a key."""
        from attendance.services.idempotency import Answers

        return Answers(self.gallery, self.clock)

    @cached_property
    def cursors(self) -> "Cursors":
        """Where lists go on."""
        from attendance.services.cursors import Cursors

        return Cursors(self.gallery)

    @cached_property
    def report_files(self) -> "ReportFiles":
        """Reports as files."""
        from attendance.services.reportfiles import ReportFiles

        return ReportFiles(self.home, self.clock, self.reports, self.status_reports, self.settings.site_name)

    @cached_property
    def directory(self) -> "Directory":
        """The people as a list to look through."""
        from attendance.services.directory import Directory

        return Directory(self.gallery)

    @cached_property
    def admission(self) -> "Admission":
        """Who may be enrolled by whom."""
        from attendance.services.admission import Admission

        return Admission(self.gallery, self.directory, self.edits, self.enrolment, self.consents)

    @cached_property
    def uploads(self) -> "Uploads":
        """What somebody has sent and not decided about yet."""
        from attendance.services.uploads import Uploads

        return Uploads(self.home, self.clock)

    @cached_property
    def own_people(self) -> "OwnPeople":
        """Whose people a visitor sees."""
        from attendance.services.ownpeople import OwnPeople

        return OwnPeople(self.gallery)

    @cached_property
    def review_desk(self) -> "ReviewDesk":
        """What waits for somebody to look, for those who see some people alone."""
        from attendance.services.reviewdesk import ReviewDesk

        return ReviewDesk(self.gallery, self.sessions, self.reviews, self.enrolment, self.clock, lambda: self.pipeline)

    @cached_property
    def whys(self) -> "Whys":
        """What decisions rest on, decided again."""
        from attendance.services.why import Whys

        return Whys(self.gallery, self.sessions, self.review_desk)

    @cached_property
    def feeds(self) -> "Feeds":
        """Calendars to subscribe to."""
        from attendance.services.feeds import Feeds

        return Feeds(self.gallery, self.edits, self.tokens, self.report_files)

    @cached_property
    def credentials(self) -> "Credentials":
        """Other ways than the face."""
        from attendance.services.credentials import Credentials

        return Credentials(self.gallery, self.clock, self.limits)

    @cached_property
    def qr_sheets(self) -> "QrSheets":
        """Cards with codes, to print."""
        from attendance.services.qrsheets import QrSheets

        return QrSheets(self.gallery, self.credentials, self.clock, self.settings, self.zone)

    @cached_property
    def kiosks(self) -> "Kiosks":
        """Pages at doors, by which people mark themselves."""
        from attendance.services.kiosks import Kiosks

        return Kiosks(
            self.gallery,
            self.sessions,
            self.marks,
            self.live_desk,
            self.scopes,
            self.credentials,
            settings=self.settings,
            clock=self.clock,
        )

    @cached_property
    def bulk(self) -> "BulkEnrolment":
        """Many people at once."""
        from attendance.services.bulk import BulkEnrolment

        return BulkEnrolment(self.home, self.gallery, self.admission, self.enrolment, self.jobs)

    @cached_property
    def report_views(self) -> "ReportViews":
        """Reports as pages show them."""
        from attendance.services.reportviews import ReportViews

        return ReportViews(self.report_files, self.status_reports, self.reports, self.own_people)

    @cached_property
    def audit(self) -> "Audit":
        """What was done, by whom, when."""
        from attendance.services.audit import Audit

        return Audit(self.gallery, self.sessions)

    @cached_property
    def configuration(self) -> "Configuration":
        """The settings, and changing them."""
        from attendance.services.configuring import Configuration

        return Configuration(self.store, self.clock, self.resolved)

    @cached_property
    def housekeeping(self) -> "Housekeeping":
        """What lets old things go while the service runs."""
        from attendance.services.housekeeping import Housekeeping

        return Housekeeping(self.gallery, self.retention, self.consents, self.clock, self.actor)

    @cached_property
    def searching(self) -> "Searching":
        """How the gallery is searched, measured once the service runs."""
        from attendance.services.searching import Searching

        return Searching(self.judging.measure)

    @cached_property
    def vitals(self) -> "Vitals":
        """How the service does, for whoever watches it from outside."""
        from attendance.services.vitals import Vitals

        return Vitals(self.store)
