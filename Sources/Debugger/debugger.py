"""Runs inside gdb, which is connected to Ridealong's server of many replays: takes the user to positions, and makes gdb's picture
of a process fit after each move.

gdb reads this before there is a program to look at. What to do comes in environment variables. Everything that moves a replay is
done by the server (`monitor @...`, answered with a line of JSON); what can be said about frames only gdb knows. script.py of Replay
stands before it.
"""

import json
import os

import gdb

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


class Session(Script):
    """The session: what was asked for, and what gdb knows of the processes."""

    def __init__(self, variables):
        # How gdb finds the server.
        self.port = int(variables.pop("RIDEALONG_PORT"))
        super().__init__(variables.pop("RIDEALONG_BATCH") or None)
        # How many programs a process had begun where gdb last saw it: with each, other files are mapped.
        self.programs = {}
        self.headline = []
        # The thread that made the call where the user was taken, None if it does not matter.
        self.task = None

    def start(self):
        """Connects gdb, and stands at the position that the server has gone to."""
        for setting in SETTINGS:
            quietly(setting)
        self.quiet()
        try:
            gdb.execute("target extended-remote 127.0.0.1:%d" % self.port, to_string=True)
            notes = self.arrive(ask("@arrival"))
        except gdb.error as error:
            self.restore()
            complain(error)
            gdb.execute("quit 1")
        self.arrived(self.headline, notes)

    def go(self, command):
        """A command of the user that moves: the server goes there, and gdb follows."""
        notes = self.arrive(ask(command))
        greet(self.headline, notes)

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
        self.task = arrival.get("task")
        self.attach(arrival["number"], arrival["programs"])
        notes = arrival["notes"] + select_task(self.task)
        return notes + self.stand(arrival["returned"], arrival["returning"])

    def return_to(self, frame):
        """Has the selected thread run to where it comes back to `frame`."""
        ask("@return %s %d %d" % (selected(), frame.pc(), stack_pointer(frame)))
        forget()
        select_task(self.task)

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


class Move(gdb.Command):
    """A command that takes the user to another place."""

    def __init__(self, name, words):
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

    def __init__(self, name, words):
        super().__init__(name, gdb.COMMAND_STATUS)
        self.name = name.split(" ")[-1]
        self.words = words

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        if self.name == "checkpoint":
            # So that the list of checkpoints tells where they are.
            argument = gdb.execute("frame 0", to_string=True).splitlines()[0]
        gdb.write(ask("@%s %s %s" % (self.name, selected(), argument)))

    def complete(self, text, word):
        return [one for one in self.words if one.startswith(word)]


MOVES = {
    "ride": (
        """Ride a message: stand in the process that receives what this thread sends next, or has just sent.
Usage: ride [back|next|previous]
back goes from where a message arrived to where it was sent. next and previous go to another message of the same channel, on the same
side of it.""",
        ("back", "next", "previous"),
    ),
    "goto": (
        """Go to a position, a rank of the total order, or a bookmark, in whichever process it is.
Usage: goto NODE@EVENT[.CALL]|RANK|BOOKMARK""",
        (),
    ),
    "back": ("Go back to where the last goto or ride began.\nUsage: back", ()),
    "forward": ("Go forward again to where the last back began.\nUsage: forward", ()),
    "run": (
        "Go to an event of this process's node, as rr's `run` does; without a number, to the process's beginning.\nUsage: run [EVENT]",
        (),
    ),
    "restart": ("Go to a checkpoint of this process.\nUsage: restart NUMBER", ()),
    "seek-ticks": ("Go to a count of rr's ticks in this process.\nUsage: seek-ticks TICKS", ()),
}
TELLS = {
    "when": ("Say where this thread stands: position, process, and rank in the total order of the run.\nUsage: when", ()),
    "bookmark": ("Give this place a name that goto takes; without a name, list the bookmarks.\nUsage: bookmark [NAME]", ()),
    "nodes": ("List the nodes of the run.\nUsage: nodes", ()),
    "messages": (
        "List messages: all of the run, those of a node or a channel, or those around this place.\nUsage: messages [here|NODE|CHANNEL]",
        ("here",),
    ),
    "checkpoint": ("Make a checkpoint of this process, for `restart`. It lasts until its replay is ended.\nUsage: checkpoint", ()),
    "info checkpoints": ("List the checkpoints of this process.\nUsage: info checkpoints", ()),
    "when-ticks": ("Say how many ticks rr has counted in this thread.\nUsage: when-ticks", ()),
    "elapsed-time": ("Say how many seconds of the recording have passed, as rr counts them.\nUsage: elapsed-time", ()),
}


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


ridealong_session = Session(os.environ)
for kind, table in ((Move, MOVES), (Tell, TELLS)):
    for name, (text, words) in table.items():
        # gdb takes the help of a command from the documentation of its class.
        type(kind.__name__, (kind,), {"__doc__": text})(name, words)
