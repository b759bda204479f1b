"""As process 1 of a container, the scheduler leaves no ended process in the table that it inherited."""

import subprocess
import sys

import pytest

from pipeline.schedule.orphans import Orphans
from tests.pipeline.test_die_with_parent import ALONE, allowed

PROCESS_1 = """
import os, subprocess, time
from pipeline.schedule.orphans import NOBODYS, Orphans

time_is = 0.0
orphans = Orphans(lambda: time_is, os.getpid())
own = subprocess.Popen(["sleep", "600"])
subprocess.run(["sh", "-c", "sleep 0.1 & sleep 0.1 &"], check=True)
until = time.monotonic() + 20
while len(orphans._ended()) < 2 and time.monotonic() < until:
    time.sleep(0.05)
counts = []
for time_is in (0.0, NOBODYS - 1, NOBODYS):
    orphans.reap()
    counts.append(len(orphans._ended()))
print(counts, own.poll())
own.kill()
"""


@pytest.mark.skipif(not allowed(), reason="needs the right to make a process namespace")
def test_what_it_inherited_is_asked_how_it_ended_after_a_while():
    done = subprocess.run([*ALONE, sys.executable, "-c", PROCESS_1], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[2, 2, 0] None"


def test_elsewhere_nothing_is_asked():
    with subprocess.Popen(["true"]) as process:
        orphans = Orphans(iter([0.0, 60.0]).__next__, 4711)
        orphans.reap()
        orphans.reap()
        assert process.wait(20) == 0
