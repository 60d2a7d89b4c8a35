"""Rows that say of an excuse, a calendar entry or a mark that it was taken back or approved, as values."""

from gallery.schema import ApprovalRow, WithdrawalRow
from gallery.timetablevalues import Withdrawn
from gallery.values import Approval


def withdrawn_by(row: WithdrawalRow | None) -> Withdrawn | None:
    """What the row says, if there is one."""
    return None if row is None else Withdrawn(row.at, row.by, row.reason)


def approved_by(row: ApprovalRow | None) -> Approval | None:
    """What the row says, if there is one."""
    return (
        None if row is None else Approval(row.id, row.granted, row.at, row.by, row.reason, row.mark_id, row.excuse_id)
    )
