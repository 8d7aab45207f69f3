"""Whether the holder of a lease still lives; what a lease does on a server is an integration test."""

import os
import socket
import subprocess
import sys

import psutil
import pytest

from listino.store import crawls

HOST = socket.gethostname()


def test_this_process_lives() -> None:
    assert not crawls._is_dead(crawls._this_process())
    assert crawls._this_process().startswith(f"{HOST}/pid {os.getpid()}/")


def test_a_process_that_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = f"{HOST}/pid {child.pid}/{psutil.Process(child.pid).create_time():.2f}"
        assert not crawls._is_dead(holder)
        child.communicate(b"\n", timeout=20)
    assert crawls._is_dead(holder)


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        holder = f"{HOST}/pid {child.pid}/{process.create_time():.2f}"
        assert child.stdin is not None
        child.stdin.close()
        # Waited for without being collected: that is what a zombie is.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process.status() == psutil.STATUS_ZOMBIE
        assert crawls._is_dead(holder)


def test_another_process_under_the_same_number_is_not_the_holder() -> None:
    assert crawls._is_dead(f"{HOST}/pid {os.getpid()}/1.00")


@pytest.mark.parametrize(
    "holder",
    ["elsewhere/pid 1/1.00", f"{HOST}/pid x/1.00", f"{HOST}", "", "elsewhere", f"elsewhere/pid {2**22 + 1}/1.00"],
)
def test_of_what_cannot_be_known_no_death_is_told(holder: str) -> None:
    assert not crawls._is_dead(holder)
