"""What the benchmark of the schedule makes of its measurements, and how it counts processor time."""

import os
import subprocess
import sys
import time

from benchmarks.processes import Tree
from benchmarks.schedule import Cost, Line, summary, table

BUSY = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"


def line(span, status, scheduled, cold):
    outcome = {"span": span, "status": status, "headline": f"a | {span}", "reused": ["schema"], "exit_code": 0}
    return Line(outcome, Cost(*scheduled), Cost(*cold))


def test_ratios_leave_out_the_first_span_and_tell_blocked_runs_apart():
    lines = [
        line(1, "pushed", (50, 50, 9), (50, 50)),
        line(2, "pushed", (10, 5, 9), (20, 20)),
        line(3, "pushed", (12, 6, 9), (20, 20)),
        line(4, "not_blessed", (18, 9, 9), (20, 20)),
        line(5, "blocked", (1, 1, 9), (10, 10)),
    ]
    text = summary(lines)
    assert (
        "The 3 scheduled runs that trained took 60% of the time of cold ones (median; 50% to 90%), and 30% of their"
        in text
    )
    assert "The 1 scheduled runs that were blocked took 10%" in text
    assert "9.0 s more of it had been spent ahead" in text
    assert "| 2 | pushed | a / 2 | schema | 10.0 | 5.0 | 20.0 | 20.0 |" in table(lines)


def test_a_tree_counts_living_and_ended_descendants():
    tree, before = Tree(os.getpid()), Tree(os.getpid()).ended()
    again = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\nprint(flush=True)\ntime.sleep(30)"
    process = subprocess.Popen([sys.executable, "-c", again], stdout=subprocess.PIPE)
    process.stdout.readline()
    assert process.pid in tree.pids()
    living = tree.children()
    assert living >= 0.5
    assert tree.share(0.3) < 0.5
    process.kill()
    process.communicate()
    time.sleep(0.05)
    assert tree.ended() - before >= 0.5
