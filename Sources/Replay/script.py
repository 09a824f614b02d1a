"""What our scripts in gdb have in common: which frame is the user's, and how a file of commands is run.

It stands before the script itself, in the same text.
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
# Libraries through which a program reaches a system call, by the beginning of the file's name.
SYSTEM_LIBRARIES = ("libc.so", "libc-", "libc.musl", "libpthread", "ld-linux", "ld-musl", "librrpreload")
AUXV_VDSO = 33
VDSO_SIZE = 0x4000
# Where a thread begins. What gdb may take for frames further out is whatever the stack held.
OUTERMOST = ("_start", "clone", "clone3", "__clone", "__clone3")
# A backtrace deeper than this is a runaway recursion or a damaged stack.
MAXIMUM_DEPTH = 1000


class Script:
    """A script of ours: it goes somewhere quietly, and then gives the user a prompt, or runs a file of commands."""

    def __init__(self, batch):
        # The file of commands to run there, None for a prompt.
        self.batch = batch
        self.output = None

    def quiet(self):
        """Quiets gdb until `restore`."""
        quietly("set print symbol-loading off")
        quietly("set suppress-cli-notifications on")
        # Commands are redefined, and gdb would ask each time.
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

    def restore(self):
        """Takes back what `quiet` did."""
        quietly("set suppress-cli-notifications off")
        quietly("set print symbol-loading full")
        if self.batch is None:
            quietly("set confirm on")
        if self.output is not None:
            gdb.flush()
            os.dup2(self.output, 1)
            os.close(self.output)
            self.output = None

    def exiting(self):
        """gdb ends."""
        self.restore()

    def arrived(self, headline, notes):
        """The user is there: says where, or runs the file of commands."""
        self.restore()
        if self.batch is None:
            greet(headline, notes)
            return
        for note in notes:
            complain(note)
        self.run_batch()

    def stand(self, returned, returning):
        """Selects the user's frame, once the call has come back from where its results are not yet the program's; what there is to say."""
        notes = []
        if returning or returned and in_syscall_buffer(gdb.newest_frame().pc()):
            caller = next(program_frames(), None)
            if caller is not None and caller.level() > 0:
                self.return_to(caller)
            if is_system(gdb.newest_frame()):
                notes.append("the call has not come back to the program: its results may still be missing")
        frame, remark = user_frame()
        if frame is not None:
            frame.select()
        return notes + remark

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


def greet(headline, notes):
    """Says where the user is."""
    for line in headline + ["note: " + note for note in notes]:
        gdb.write(line + "\n")
    gdb.execute("frame")


def select_task(task):
    """Selects a thread: rr selects the one that runs next. What there is to say about it."""
    for thread in gdb.selected_inferior().threads():
        if task == thread.ptid[1]:
            thread.switch()
            return []
    return ["thread %d is not there: this is the thread that runs next" % task] if task else []


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
    return pc in RR_PAGE or pc in vdso(gdb.selected_inferior().num)


@functools.cache
def vdso(_):
    """The addresses of the kernel's library of system calls, in an inferior."""
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
