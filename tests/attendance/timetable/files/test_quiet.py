"""Calendar files are read in silence, and nothing of the process is changed by it."""

import threading
import warnings

from attendance.timetable.files.quiet import quiet


def test_two_threads_leave_the_filters_as_they_were():
    """However the readers of two threads begin and end, the warning filters of the process are the same afterwards."""
    before = list(warnings.filters)
    inside, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with quiet():
            inside.set()
            go_on.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(5)
    threading.Timer(0.1, go_on.set).start()
    with quiet():
        warnings.warn("nobody hears this", stacklevel=1)
    thread.join()
    assert before == list(warnings.filters)


def test_it_may_be_asked_within_itself():
    """A reader that calls another does not wait for itself."""
    with quiet(), quiet():
        pass
