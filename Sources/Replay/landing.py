"""Runs inside the gdb that `rr replay` starts, and takes the user to the position that `ridealong debug` named.

rr gives its own options to gdb first, then ours, and last the command that connects gdb to rr. This script is therefore read
before there is a program to look at; it waits for the connection with a gdb hook. What to do comes in environment variables.
"""

import functools
import os
import sys

import gdb

# rr maps one page of code into every program, with a slot of three bytes for each way of making a system call.
RR_PAGE = range(0x70000000, 0x70001000)
# The first two slots are ordinary, traced calls: their results lie in the program's own memory. Behind the others, results still
# lie in rr's syscall buffer, and code of rr's preload library carries them over.
TRACED_SLOTS = range(0x70000000, 0x70000006)
# The slots through which the calls of the syscall buffer go: made again in replay, not made again, and helped along by rr.
BUFFERED_SLOTS = (0x70000006, 0x7000000C, 0x70000018)
# Where rr keeps the address of the running thread's syscall buffer, whose first word is how many bytes of records it has.
BUFFER_ADDRESS = 0x70001030
# So many signals are passed on between two places, at most.
MAXIMUM_SIGNALS = 10000
# Libraries through which a program reaches a system call, by the beginning of the file's name.
SYSTEM_LIBRARIES = ("libc.so", "libc-", "libc.musl", "libpthread", "ld-linux", "ld-musl", "librrpreload")
AUXV_VDSO = 33
VDSO_SIZE = 0x4000
# Where a thread begins. What gdb may take for frames further out is whatever the stack held.
OUTERMOST = ("_start", "clone", "clone3", "__clone", "__clone3")
# A backtrace deeper than this is a runaway recursion or a damaged stack.
MAXIMUM_DEPTH = 1000


class Landing:
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
        # The file of commands to run there, None for a prompt.
        self.batch = variables.pop("RIDEALONG_BATCH") or None
        self.landed = False
        self.output = None

    def prepare(self):
        """Quiets gdb until the landing, and has it call `land` once it is connected."""
        quietly("set print symbol-loading off")
        quietly("set suppress-cli-notifications on")
        # rr's macros redefine commands, and gdb would ask each time.
        quietly("set confirm off")
        if self.batch is not None:
            quietly("set print inferior-events off")
            quietly("set width 0")
            # What gdb and rr's own macros print on the way is not the script's output.
            gdb.flush()
            self.output = os.dup(1)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
            gdb.events.gdb_exiting.connect(lambda _: self.exiting())
        gdb.execute("define target hookpost-extended-remote\npython ridealong_landing.land()\nend")

    def land(self):
        """Called when gdb is connected to rr, which stands at the position's event, in its process."""
        self.landed = True
        try:
            notes = self.select_task()
            notes += self.run_to_buffered_call()
            notes += self.select_frame()
        except Exception as error:
            notes = ["the user's frame was not found (%s): this is where the event left the process" % error]
        self.restore()
        if self.batch is None:
            self.greet(notes)
        else:
            for note in notes:
                complain(note)
            self.run_batch()

    def select_task(self):
        """Selects the thread that made the call: rr selects the one that runs next."""
        for thread in gdb.selected_inferior().threads():
            if self.task == thread.ptid[1]:
                thread.switch()
        if self.task in (0, gdb.selected_thread().ptid[1]):
            return []
        return ["thread %d is not there: this is the thread that runs next" % self.task]

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

    def select_frame(self):
        """Selects the user's frame, once the call has come back from where its results are not yet the program's."""
        notes = []
        buffered = self.landing == "returned" and in_syscall_buffer(gdb.newest_frame().pc())
        if buffered or self.landing == "returning":
            caller = next(program_frames(), None)
            if caller is not None and caller.level() > 0:
                self.return_to(caller)
            if is_system(gdb.newest_frame()):
                notes.append("the call has not come back to the program: its results may still be missing")
        frame, remark = user_frame()
        if frame is not None:
            frame.select()
        return notes + remark

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

    def restore(self):
        """Takes back what `prepare` quieted."""
        quietly("set suppress-cli-notifications off")
        quietly("set print symbol-loading full")
        if self.batch is None:
            quietly("set confirm on")
        if self.output is not None:
            gdb.flush()
            os.dup2(self.output, 1)
            os.close(self.output)
            self.output = None

    def greet(self, notes):
        """Says where the user is."""
        for line in self.headline + ["note: " + note for note in notes]:
            gdb.write(line + "\n")
        gdb.execute("frame")

    def run_batch(self):
        """Runs the user's file of commands, and ends gdb."""
        status = 0
        try:
            if os.path.isfile(self.batch):
                gdb.execute("source " + self.batch)
            else:
                # `source` refuses pipes, such as a shell's <(…) and /dev/stdin.
                with open(self.batch, encoding="utf-8") as commands:
                    gdb.execute(commands.read())
        except (gdb.error, OSError, ValueError) as error:
            complain(error)
            status = 1
        gdb.flush()
        gdb.execute("quit %d" % status)

    def exiting(self):
        """gdb ends: if it never came to the position, a script must not take that for success."""
        self.restore()
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


def user_frame():
    """The innermost frame of the user's own code, or None; and what there is to say about the choice."""
    innermost = None
    for frame in program_frames():
        if frame.find_sal().symtab is not None:
            return frame, []
        innermost = innermost or frame
    if innermost is not None:
        return innermost, ["no frame has debug information: this is the innermost one outside the system's libraries"]
    return None, ["no frame outside the system's libraries was found: this is where the event left the process"]


def program_frames():
    """The frames outside the system's libraries, innermost first."""
    return (frame for frame in stack() if not is_system(frame))


def stack():
    """The frames of the selected thread, innermost first."""
    frame = gdb.newest_frame()
    for _ in range(MAXIMUM_DEPTH):
        if frame is None or not frame.is_valid():
            return
        yield frame
        if frame.name() in OUTERMOST:
            return
        try:
            frame = frame.older()
        except gdb.error:
            return


def in_syscall_buffer(pc):
    """Whether a call made at `pc` leaves its results in rr's syscall buffer."""
    return pc in RR_PAGE and pc not in TRACED_SLOTS


def is_system(frame):
    """Whether the frame belongs to what lies between a program and its system calls: libc, ld.so, the vdso, rr."""
    pc = frame.pc()
    library = gdb.solib_name(pc)
    if library is not None:
        return os.path.basename(library).startswith(SYSTEM_LIBRARIES)
    return pc in RR_PAGE or pc in vdso()


@functools.cache
def vdso():
    """The addresses of the kernel's library of system calls."""
    for line in gdb.execute("info auxv", to_string=True).splitlines():
        words = line.split()
        if words and words[0] == str(AUXV_VDSO):
            start = int(words[-1], 0)
            return range(start, start + VDSO_SIZE)
    return range(0)


def quietly(command):
    """Executes a setting that older versions of gdb may not have."""
    try:
        gdb.execute(command, to_string=True)
    except gdb.error:
        pass


def complain(message):
    """Says something that is not output of the user's commands."""
    gdb.flush()
    sys.stderr.write("ridealong: %s\n" % message)
    sys.stderr.flush()


ridealong_landing = Landing(os.environ)
ridealong_landing.prepare()
