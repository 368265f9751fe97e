"""Runs cases in forked workers that may die: a worker's death or silence is an outcome of the case it
was working on, and the next case gets a new worker."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import time

context = multiprocessing.get_context("fork")


def worker(connection, cases, make_backend, judge):
    backend = make_backend()
    while (index := connection.recv()) is not None:
        try:
            outcome = judge(backend, cases[index])
        except Exception as error:  # a defect of Tenon or of the runner: never a pass, never a refusal
            outcome = "crash", f"{type(error).__name__}: {error}"
        connection.send(outcome)
    os._exit(0)


class Slot:
    """One worker and the case it works on."""

    def __init__(self, pool, cases):
        self.pool, self.cases, self.process = pool, cases, None

    def give(self, index):
        if self.process is None:
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=worker, daemon=True, args=(
                theirs, self.cases, self.pool.make_backend, self.pool.judge))
            self.process.start()
            theirs.close()
        self.index, self.deadline = index, time.monotonic() + self.pool.timeout
        self.connection.send(index)

    def result(self):
        """The outcome, if there is one by now."""
        try:
            if self.connection.poll():
                return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            status, self.process = self.process.exitcode, None
            died = signal.Signals(-status).name if status < 0 else f"exit status {status}"
            return "crash", f"the process died: {died}"
        if time.monotonic() > self.deadline:
            self.process.kill()
            self.process.join()
            self.process = None
            return "crash", f"no end after {self.pool.timeout} s"
        return None

    def stop(self):
        if self.process is not None:
            self.connection.send(None)
            self.process.join(5)


class Pool:
    def __init__(self, make_backend, judge, jobs, timeout):
        self.make_backend, self.judge, self.jobs, self.timeout = make_backend, judge, jobs, timeout

    def map(self, cases):
        """Yields (case, outcome) as they come."""
        todo = iter(range(len(cases)))
        idle, busy = [Slot(self, cases) for _ in range(self.jobs)], []
        while True:
            while idle and (index := next(todo, None)) is not None:
                idle[-1].give(index)
                busy.append(idle.pop())
            if not busy:
                break
            multiprocessing.connection.wait([slot.connection for slot in busy], timeout=1)
            for slot in list(busy):
                if (outcome := slot.result()) is not None:
                    busy.remove(slot)
                    idle.append(slot)
                    yield cases[slot.index], outcome
        for slot in idle:
            slot.stop()
