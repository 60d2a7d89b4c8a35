"""What the copy of one person's data says of itself: its files, how to read them, and that nobody else is named."""

from typing import Final

SUMMARY: Final = "summary.pdf     The same in short, as pages to read and to print. All of it is in the other files."
NO_SUMMARY: Final = "summary.pdf     is not here: there was nothing to print pages with. Nothing else is missing."
README: Final = """What is kept of {name} ({id})
{line}

This is a copy of everything that the attendance program keeps of this person. It was made at
{now} ({zone}), which is {utc}, by the account {by}.
It covers the time from {begin} to {end}.

The files
---------

{summary}

person.json     The person: name, id, groups, note, since when enrolled, from when to when active or not, from which
                days on a member of groups or no longer ("memberships", the latest word counts), what other systems call
                the person ("other_ids"), which other ways in than the face there are ("credentials", without what
                opens them), and with how many other people the program takes care not to take this person for.
                "internal_ids" are the numbers by which the program's records name this person, and "answers" tells
                how many answers to other programs are kept for some hours that tell of this person.
templates.json  The templates that faces are compared with ({templates}): when each was made, from which photo file, how
                good the photo was, and the numbers themselves, with a sentence on what they are.
photos/         The pictures of the face that are kept with the templates ({photos}). The photos are not kept.
marks.csv       The marks of presence ({marks}), as a table for a spreadsheet: session, day and time, how each came
marks.json      about, who entered it, whether it counts or waits for somebody to approve it, and who did. The second
                file holds the same with all corrections.
excuses.json    The excuses ({excuses}): from when to when this person need not be there and why, the SHA-256 of a
                document that somebody has shown (the document is not kept), who approved it, and who took it back.
timetable.json  The lines of the timetable for this person alone ({rules}), each with all that it said, from which days
                on. Those for the groups are not in it.
sightings.json  The sightings ({sightings}): every time the program took a face in a picture or before a camera for this
                person, was in doubt whether it is, or was told so afterwards. With place and time, the numbers that
                the ruling rests on, the reasons, and what somebody has said of it since.
faces/          The pictures that are kept of sightings until somebody has looked at them ({faces}). As nobody has yet,
                such a picture may show another person.
news.json       The news of this person ({news}) that pages and other systems are told of, kept for some days.
consent.json    What this person, or a guardian for them, has agreed to or refused ({consents} words), each with the
                version and SHA-256 of the text that was asked, how and when it was given and until when; the forms
                that were handed out; from when to when erasing was on hold (why stands with whoever hands this over);
                and when the face was erased, where it was.
events.json     The entries of the log ({events}) that tell what was done with this person's data, when, and by which
                account; also who has looked at their pictures and evidence, and corrections of what was wrong.
                Reports on many people that somebody has taken out name nobody there, so that they are not among these.
                The last one is the making of this copy.

How to read them
----------------

Times are those of the clock at the place, with their distance from UTC at the end. Where "time_known" is false, it is
not known when on that day the person was there. The "ruling" of a sighting is "present" or "already" (taken for this
person, who was marked then or had been before) or "review" (in doubt: somebody was asked to look). "score" and
"cosine" tell how alike the face was, higher is more, and "threshold" what the score had to reach.

Other people
------------

Other people are not named here: "{another}" stands in their place, also where their full name, or their id if it
has three letters or more, is found in a file name, a reason or a note. Whoever hands this copy over looks through what
was typed all the same: the program does not know nicknames, first names alone, or people who are not enrolled. "by"
names the accounts of those who work with the program.
"""
