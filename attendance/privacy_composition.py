"""`PrivacyComposition`: what data protection adds to the parts of a home, each made when it is first asked for."""

from functools import cached_property
from typing import TYPE_CHECKING

from attendance.service_composition import ServiceComposition

if TYPE_CHECKING:
    from attendance.services.auditchain import AuditChain
    from attendance.services.backups import Backups
    from attendance.services.consentforms import ConsentForms
    from attendance.services.consenttexts import ConsentTexts
    from attendance.services.daily import Daily
    from attendance.services.erasing import Erasing
    from attendance.services.holds import Holds
    from attendance.services.keys import Keys
    from attendance.services.looks import Looks
    from attendance.services.privacyreports import PrivacyReports
    from attendance.services.purging import Purging
    from attendance.services.receipts import Receipts
    from attendance.services.refusals import Refusals
    from attendance.services.secondfactors import SecondFactors


class PrivacyComposition(ServiceComposition):
    """A home with the use cases of a data-protection officer."""

    @cached_property
    def looks(self) -> "Looks":
        """Who has looked at what, and taken it out."""
        from attendance.services.looks import Looks

        return Looks(self.store, self.clock)

    @cached_property
    def audit_chain(self) -> "AuditChain":
        """Whether the log is as it was written."""
        from attendance.services.auditchain import AuditChain

        return AuditChain(self.gallery, self.clock, self.settings)

    @cached_property
    def keys(self) -> "Keys":
        """The key of the home."""
        from attendance.services.keys import Keys

        return Keys(self.store, self.vault, self.clock, self.configuration)

    @cached_property
    def backups(self) -> "Backups":
        """Backups by schedule, and whether they can be restored."""
        from attendance.services.backups import Backups

        return Backups(self.gallery, self.clock, self.settings, self.zone)

    @cached_property
    def consent_texts(self) -> "ConsentTexts":
        """The texts by which people are asked."""
        from attendance.services.consenttexts import ConsentTexts

        return ConsentTexts(self.gallery, self.clock, self.settings)

    @cached_property
    def consent_forms(self) -> "ConsentForms":
        """Forms that lead answers back to people."""
        from attendance.services.consentforms import ConsentForms

        return ConsentForms(self.gallery, self.consents, self.consent_texts, self.clock, self.settings, self.zone)

    @cached_property
    def holds(self) -> "Holds":
        """What must not be erased for the time being."""
        from attendance.services.holds import Holds

        return Holds(self.gallery, self.clock)

    @cached_property
    def receipts(self) -> "Receipts":
        """Signed evidence of what was done."""
        from attendance.services.receipts import Receipts

        return Receipts(self.gallery)

    @cached_property
    def purging(self) -> "Purging":
        """What is let go when its time is over."""
        from attendance.services.purging import Purging

        return Purging(
            self.gallery, self.holds, self.retention, self.clock, self.settings, self.zone, lambda: self.statuses
        )

    @cached_property
    def erasing(self) -> "Erasing":
        """Somebody erased, with proof."""
        from attendance.services.erasing import Erasing

        return Erasing(self.gallery, self.receipts, self.clock, self.backups.all, self.publish_erasures)

    @cached_property
    def privacy_reports(self) -> "PrivacyReports":
        """The record of processing, and a draft of the assessment."""
        from attendance.services.privacyreports import PrivacyReports

        return PrivacyReports(self.gallery, self.clock, self.settings, self.home, self.zone, lambda: self.card)

    @cached_property
    def second_factors(self) -> "SecondFactors":
        """What accounts show besides their passwords."""
        from attendance.services.secondfactors import SecondFactors

        return SecondFactors(self.gallery, self.clock, self.limits, self.accounts)

    @cached_property
    def refusals(self) -> "Refusals":
        """Who was refused what they may not do."""
        from attendance.services.refusals import Refusals

        return Refusals(self.store, self.clock)

    @cached_property
    def daily(self) -> "Daily":
        """What the service does once a day."""
        from attendance.services.daily import Daily

        return Daily(self)
