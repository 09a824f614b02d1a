"""Random commands for a session of `ridealong debug` on the three tiers of chain-*.c; run it with --batch.

FUZZ_SEED, FUZZ_COUNT and FUZZ_PLACES (sends and receives: `s POSITION` and `r POSITION`, separated by commas) say what to do. The last
line of output is "done COUNT"; lines that begin with "WRONG" are failures. Each command is written to FUZZ_LOG before it is run.
"""

import os
import random
import re
import time

import gdb

random.seed(int(os.environ["FUZZ_SEED"]))
COUNT = int(os.environ["FUZZ_COUNT"])
PLACES = [place.split(" ") for place in os.environ["FUZZ_PLACES"].split(",")]
LOG = open(os.environ["FUZZ_LOG"], "w", buffering=1)
FUNCTIONS = ["handle_question", "pass_on", "answer_question", "answer_to", "serve", "send_question", "receive_answer", "plus", "talk"]
# Whatever a person types, gdb and the session survive it, and none of these is said.
BAD = re.compile(
    "internal-error|internal-warning|Remote connection closed|Connection reset|not being run|Broken pipe|Remote failure|"
    "Couldn't get registers|Protocol error|Invalid remote reply|Cannot find thread|Cannot remove breakpoints|Cannot execute this command|"
    "reply is too long|Traceback"
)
COMMANDS = [
    ("break %s", 8), ("tbreak %s", 4), ("delete", 4), ("continue", 12), ("reverse-continue", 8), ("next", 8), ("step", 6), ("finish", 6),
    ("reverse-next", 5), ("reverse-step", 3), ("reverse-finish", 4), ("stepi", 3), ("reverse-stepi", 3), ("until", 2), ("up", 2),
    ("info threads", 4), ("thread", 5), ("inferior", 9), ("bt 6", 4), ("print latest_answer", 2), ("print passed", 2),
    ("call", 4), ("set var", 2), ("watch", 3), ("info sharedlibrary", 2), ("maint flush register-cache", 1), ("goto", 14), ("ride", 10),
    ("ride back", 6), ("ride next", 3), ("ride previous", 3), ("back", 5), ("forward", 3), ("when", 3), ("bookmark x", 1), ("goto x", 1),
    ("info inferiors", 2), ("x/4i $pc", 2), ("info registers rip", 2),
]


def wrong(what, text):
    print("WRONG %s | %s" % (what, text[-500:].replace("\n", " | ")))


def execute(command):
    """The output of a command, or what gdb says against it."""
    LOG.write(command + "\n")
    start = time.time()
    try:
        text = gdb.execute(command, to_string=True)
    except gdb.error as error:
        text = "error: %s" % error
    LOG.write("  %.0f ms %s\n" % (1000 * (time.time() - start), text[-300:].strip().replace("\n", " | ")))
    if BAD.search(text):
        wrong(command, text)
    return text


def check_place(kind, place, text):
    """After a jump to a message, the user's frame is where it is sent or received."""
    if text.startswith("error"):
        return wrong("goto " + place, text)
    name = gdb.selected_frame().name()
    if name != ("send_all" if kind == "s" else "receive_all"):
        wrong("stands in %s after goto %s" % (name, place), execute("bt 20"))
    elif "main" not in execute("bt 30") and "clone" not in execute("bt -3"):
        wrong("no whole backtrace after goto " + place, execute("bt 30"))


def call():
    """A function of the program that the selected process runs."""
    program = gdb.current_progspace().filename or ""
    for name, words, result in (("client", "plus(20,22)", 42), ("backend", "answer_to(42)", 1042)):
        if name in os.path.basename(program):
            text = execute("print " + words)
            if "=" in text and "= %d" % result not in text:
                wrong("call", text)


def one():
    command = random.choices([name for name, _ in COMMANDS], [weight for _, weight in COMMANDS])[0]
    if "%s" in command:
        return execute(command % random.choice(FUNCTIONS))
    if command == "goto":
        kind, place = random.choice(PLACES)
        return check_place(kind, place, execute("goto " + place))
    if command == "inferior":
        return execute("inferior %d" % random.choice([one.num for one in gdb.inferiors()]))
    if command == "thread":
        threads = gdb.selected_inferior().threads()
        return execute("thread %d.%d" % (gdb.selected_inferior().num, random.choice(threads).num)) if threads else None
    if command == "call":
        return call()
    if command == "set var":
        return execute("set var passed = 5")
    if command == "watch":
        return execute("watch -l " + random.choice(["passed", "answered", "latest_answer"]))
    return execute(command)


for setting in ("pagination off", "confirm off", "debuginfod enabled off"):
    gdb.execute("set " + setting)
for setting in ("internal-error", "internal-warning"):
    gdb.execute("maint set %s quit no" % setting)
    gdb.execute("maint set %s corefile no" % setting)
done = 0
for done in range(1, COUNT + 1):
    one()
print("done %d" % done)
