"""A process that must not outlive its parent, also where the parent is process 1, as in a container."""

import subprocess
import sys
import time

import pytest

CHILD = "from pipeline.worker import die_with_parent; die_with_parent(); print('at work', flush=True); import time; time.sleep(60)"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline().strip(), child.pid, flush=True)
sys.stdin.read()
"""
ALONE = ["unshare", "--pid", "--fork", "--mount-proc"]


def allowed():
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def start(*before):
    return subprocess.Popen(
        [*before, sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_ends_when_its_parent_is_killed():
    parent = start()
    said, _, pid = parent.stdout.readline().strip().rpartition(" ")
    assert said == "at work"
    assert not ended(pid)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 20
    while not ended(pid):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.skipif(not allowed(), reason="needs the right to make a process namespace")
def test_it_works_where_its_parent_is_process_1():
    parent = start(*ALONE)
    assert parent.stdout.readline().strip() == "at work 2"
    parent.stdin.close()
    parent.wait(30)


@pytest.mark.skipif(not allowed(), reason="needs the right to make a process namespace")
def test_it_ends_where_a_shell_took_it_over():
    """The child's parent has ended before the child could ask for anything; process 1 is a shell."""
    child = f"import time; time.sleep(1); {CHILD}"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])"
    done = subprocess.run(
        [*ALONE, "sh", "-c", '"$0" -c "$1"; sleep 3', sys.executable, parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
