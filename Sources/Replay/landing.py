"""Runs inside the gdb that `rr replay` starts, and takes the user to the position that `ridealong debug` named.

rr gives its own options to gdb first, then ours, and last the command that connects gdb to rr. This script is therefore read
before there is a program to look at; it waits for the connection with a gdb hook. What to do comes in environment variables.
script.py stands before it.
"""

import os
import sys

import gdb

# The slots through which the calls of the syscall buffer go: made again in replay, not made again, and helped along by rr.
BUFFERED_SLOTS = (0x70000006, 0x7000000C, 0x70000018)
# Where rr keeps the address of the running thread's syscall buffer, whose first word is how many bytes of records it has.
BUFFER_ADDRESS = 0x70001030
# So many signals are passed on between two places, at most.
MAXIMUM_SIGNALS = 10000


class Landing(Script):
    """One landing: the settings of the caller, and the way from the connection to the user's frame."""

    def __init__(self, variables):
        # The thread that made the call, 0 if it does not matter.
        self.task = int(variables.pop("RIDEALONG_TASK"))
        # Whether to stand before the call ("entered") or after it ("returned"); "returning": after it, but rr stopped before its end.
        self.landing = variables.pop("RIDEALONG_LANDING")
        # At a call of the syscall buffer: where its record begins there, behind the header. -1: the event is the place.
        self.place = int(variables.pop("RIDEALONG_PLACE"))
        # What to tell a person on arrival.
        self.headline = variables.pop("RIDEALONG_HEADLINE").splitlines()
        super().__init__(variables.pop("RIDEALONG_BATCH") or None)
        self.landed = False

    def prepare(self):
        """Quiets gdb until the landing, and has it call `land` once it is connected."""
        self.quiet()
        gdb.execute("define target hookpost-extended-remote\npython ridealong_landing.land()\nend")

    def land(self):
        """Called when gdb is connected to rr, which stands at the position's event, in its process."""
        self.landed = True
        try:
            notes = select_task(self.task)
            notes += self.run_to_buffered_call()
            notes += self.stand(self.landing == "returned", self.landing == "returning")
        except Exception as error:
            notes = ["the user's frame was not found (%s): this is where the event left the process" % error]
        self.arrived(self.headline, notes)

    def run_to_buffered_call(self):
        """Runs to where the thread makes a call of the syscall buffer, if the position is one."""
        if self.place < 0:
            return []
        stops = [self.stop_at(slot) for slot in BUFFERED_SLOTS]
        for stop in stops:
            stop.condition = "*(unsigned int *) *(unsigned long *) %d == %d" % (BUFFER_ADDRESS, self.place)
        if run_to(stops):
            return []
        return ["the call was not found: this is where the replay stopped"]

    def return_to(self, frame):
        """Runs the selected thread to where it comes back to `frame`."""
        # `finish` would do, but for leaving the call's result as $1 in the user's history of values.
        run_to([self.stop_at(frame.pc())])

    def stop_at(self, pc):
        """A breakpoint at `pc` for the selected thread."""
        stop = gdb.Breakpoint("*%d" % pc, internal=True)
        stop.silent = True
        stop.thread = gdb.selected_thread().num
        return stop

    def exiting(self):
        """gdb ends: if it never came to the position, a script must not take that for success."""
        super().exiting()
        if not self.landed:
            complain(
                "gdb could not be connected to rr: look for rr's own message above"
                " (it cannot parse gdb's requests if the run's path is not plain ASCII: move the run)"
            )
            sys.stderr.flush()
            os._exit(1)


def run_to(stops):
    """Runs to one of these breakpoints, past any signals, and removes them; whether it got there."""
    for _ in range(MAXIMUM_SIGNALS):
        gdb.execute("continue", to_string=True)
        if any(stop.hit_count for stop in stops) or not gdb.selected_inferior().pid:
            break
    found = any(stop.hit_count for stop in stops)
    for stop in stops:
        stop.delete()
    return found


ridealong_landing = Landing(os.environ)
ridealong_landing.prepare()
