"""Runs inside gdb, which is connected to Ridealong's server of many replays: takes the user to positions, and makes gdb's picture
of a process fit after each move.

gdb reads this before there is a program to look at. What to do comes in environment variables. Everything that moves a replay is
done by the server (`monitor @...`, answered with a line of JSON); what can be said about frames only gdb knows.
"""

import functools
import json
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
# What gdb must be like to work with a server of many replays.
SETTINGS = (
    # It may be a whole replay until the server answers.
    "set remotetimeout 3600",
    # What lies where may differ after each move, and gdb does not see the moves.
    "set stack-cache off",
    "set code-cache off",
    "set sysroot /",
    "set tcp auto-retry off",
)


class Session:
    """The session: what was asked for, and what gdb knows of the processes."""

    def __init__(self, variables):
        # How gdb finds the server.
        self.port = int(variables.pop("RIDEALONG_PORT"))
        # The file of commands to run there, None for a prompt.
        self.batch = variables.pop("RIDEALONG_BATCH") or None
        # How many programs a process had begun where gdb last saw it: with each, other files are mapped.
        self.programs = {}
        self.landed = False
        self.output = None

    def start(self):
        """Connects gdb, and stands at the position that the server has gone to."""
        self.prepare()
        try:
            gdb.execute("target extended-remote 127.0.0.1:%d" % self.port, to_string=True)
            notes = self.arrive(ask("@arrival"))
        except gdb.error as error:
            self.restore()
            complain(error)
            gdb.execute("quit 1")
        self.restore()
        if self.batch is None:
            self.greet(notes)
        else:
            for note in notes:
                complain(note)
            self.run_batch()

    def prepare(self):
        """Quiets gdb until the landing."""
        for setting in SETTINGS:
            quietly(setting)
        quietly("set print symbol-loading off")
        quietly("set suppress-cli-notifications on")
        quietly("set confirm off")
        if self.batch is not None:
            quietly("set print inferior-events off")
            quietly("set width 0")
            # What gdb prints on the way is not the script's output.
            gdb.flush()
            self.output = os.dup(1)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
            gdb.events.gdb_exiting.connect(lambda _: self.restore())

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

    def go(self, command):
        """A command of the user that moves: the server goes there, and gdb follows."""
        self.greet(self.arrive(ask(command)))

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
                # `source` refuses pipes, such as a shell's <(...) and /dev/stdin.
                with open(self.batch, encoding="utf-8") as commands:
                    gdb.execute(commands.read())
        except (gdb.error, OSError, ValueError) as error:
            complain(error)
            status = 1
        gdb.flush()
        gdb.execute("quit %d" % status)

    def arrive(self, arrival):
        """Makes gdb see the process that the server has moved, and selects the user's frame; what there is to say about it."""
        self.headline = arrival["headline"]
        quietly("set suppress-cli-notifications on")
        try:
            return self.follow(arrival)
        finally:
            quietly("set suppress-cli-notifications off")

    def follow(self, arrival):
        """Selects the inferior, the thread and the frame."""
        notes = list(arrival["notes"])
        self.attach(arrival["number"], arrival["programs"])
        notes += self.select_task(arrival.get("task"))
        caller = None
        if arrival["returning"] or arrival["returned"] and in_syscall_buffer(gdb.newest_frame().pc()):
            caller = next(program_frames(), None)
        if caller is not None and caller.level() > 0:
            ask("@return %s %d %d" % (selected(), caller.pc(), stack_pointer(caller)))
            forget()
            self.select_task(arrival.get("task"))
            if is_system(gdb.newest_frame()):
                notes.append("the call has not come back to the program: its results may still be missing")
        frame, remark = user_frame()
        if frame is not None:
            frame.select()
        return notes + remark

    def attach(self, number, programs):
        """Selects the inferior of a process, and makes it one if it is none."""
        inferior = next((one for one in gdb.inferiors() if one.pid == number), None)
        if inferior is not None and self.programs.get(number, programs) != programs:
            # It runs another program than where gdb saw it last: gdb has to look at it as at a new one.
            gdb.execute("inferior %d" % inferior.num, to_string=True)
            gdb.execute("detach", to_string=True)
            gdb.execute("attach %d" % number, to_string=True)
        elif inferior is None:
            before = {one.num for one in gdb.inferiors()}
            gdb.execute("add-inferior", to_string=True)
            new = next(one.num for one in gdb.inferiors() if one.num not in before)
            gdb.execute("inferior %d" % new, to_string=True)
            gdb.execute("attach %d" % number, to_string=True)
        elif gdb.selected_inferior().num != inferior.num:
            gdb.execute("inferior %d" % inferior.num, to_string=True)
        self.programs[number] = programs
        forget()

    def select_task(self, task):
        """Selects a thread: rr selects the one that runs next."""
        for thread in gdb.selected_inferior().threads():
            if task == thread.ptid[1]:
                thread.switch()
                return []
        return ["thread %d is not there: this is the thread that runs next" % task] if task else []


class Move(gdb.Command):
    """A command that takes the user to another place."""

    def __init__(self, name, words=()):
        super().__init__(name, gdb.COMMAND_RUNNING)
        self.name = name
        self.words = words

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        ridealong_session.go("@%s %s %s" % (self.name, selected(), argument))

    def complete(self, text, word):
        return [one for one in self.words if one.startswith(word)]


class Tell(gdb.Command):
    """A command that says something."""

    def __init__(self, name, command=None, words=()):
        super().__init__(command or name, gdb.COMMAND_STATUS)
        self.name = name
        self.words = words

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        gdb.write(ask("@%s %s %s" % (self.name, selected(), argument)))

    def complete(self, text, word):
        return [one for one in self.words if one.startswith(word)]


class Ride(Move):
    """Ride a message: stand in the process that receives what this thread sends next, or has just sent.
Usage: ride [back|next|previous]
back goes from where a message arrived to where it was sent. next and previous go to another message of the same channel, on the same
side of it."""

    def __init__(self):
        super().__init__("ride", ("back", "next", "previous"))


class Goto(Move):
    """Go to a position, a rank of the total order, or a bookmark, in whichever process it is.
Usage: goto NODE@EVENT[.CALL]|RANK|BOOKMARK"""

    def __init__(self):
        super().__init__("goto")


class Back(Move):
    """Go back to where the last goto or ride began.
Usage: back"""

    def __init__(self):
        super().__init__("back")


class Forward(Move):
    """Go forward again to where the last back began.
Usage: forward"""

    def __init__(self):
        super().__init__("forward")


class Run(Move):
    """Go to an event of this process's node, as rr's `run` does; without a number, to the process's beginning.
Usage: run [EVENT]"""

    def __init__(self):
        super().__init__("run")


class Restart(Move):
    """Go to a checkpoint of this process.
Usage: restart NUMBER"""

    def __init__(self):
        super().__init__("restart")


class SeekTicks(Move):
    """Go to a count of rr's ticks in this process.
Usage: seek-ticks TICKS"""

    def __init__(self):
        super().__init__("seek-ticks")


class Checkpoint(Tell):
    """Make a checkpoint of this process, for `restart`. It lasts until its replay is closed.
Usage: checkpoint"""

    def __init__(self):
        super().__init__("checkpoint")

    def invoke(self, argument, from_tty):
        super().invoke(gdb.execute("frame 0", to_string=True).splitlines()[0], from_tty)


class Checkpoints(Tell):
    """List the checkpoints of this process.
Usage: info checkpoints"""

    def __init__(self):
        super().__init__("checkpoints", "info checkpoints")


class WhenTicks(Tell):
    """Say how many ticks rr has counted in this thread.
Usage: when-ticks"""

    def __init__(self):
        super().__init__("when-ticks")


class ElapsedTime(Tell):
    """Say how many seconds of the recording have passed, as rr counts them.
Usage: elapsed-time"""

    def __init__(self):
        super().__init__("elapsed-time")


class When(Tell):
    """Say where this thread stands: position, process, and rank in the total order of the run.
Usage: when"""

    def __init__(self):
        super().__init__("when")


class Bookmark(Tell):
    """Give this place a name that goto takes; without a name, list the bookmarks.
Usage: bookmark [NAME]"""

    def __init__(self):
        super().__init__("bookmark")


class Nodes(Tell):
    """List the nodes of the run.
Usage: nodes"""

    def __init__(self):
        super().__init__("nodes")


class Messages(Tell):
    """List messages: all of the run, those of a node or a channel, or those around this place.
Usage: messages [here|NODE|CHANNEL]"""

    def __init__(self):
        super().__init__("messages", words=("here",))


def selected():
    """The process and thread that the user has selected, as the server wants to be told; 0 if there is none."""
    thread = gdb.selected_thread()
    return "%d %d" % (gdb.selected_inferior().pid, thread.ptid[1] if thread is not None else 0)


def ask(command):
    """Asks the server for something, and returns its answer."""
    answer = gdb.execute("monitor " + command, to_string=True)
    if answer.startswith("error: "):
        raise gdb.GdbError(answer[len("error: "):].rstrip())
    return json.loads(answer)


def forget():
    """Makes gdb ask anew: a process has moved without gdb's doing. The inferior must be selected before."""
    gdb.execute("maint flush register-cache", to_string=True)
    gdb.execute("maint flush dcache", to_string=True)
    # Libraries may have been loaded or unloaded on the way.
    gdb.execute("info sharedlibrary", to_string=True)


def stack_pointer(frame):
    """The stack pointer of a frame, as an address."""
    return int(frame.read_register("rsp").cast(gdb.lookup_type("long"))) & 0xFFFFFFFFFFFFFFFF


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


ridealong_session = Session(os.environ)
COMMANDS = (
    Ride, Goto, Back, Forward, Run, Restart, SeekTicks, Checkpoint, Checkpoints, WhenTicks, ElapsedTime, When, Bookmark, Nodes, Messages,
)
for command in COMMANDS:
    command()
