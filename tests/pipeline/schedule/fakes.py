"""A clock that is moved by hand, and a launcher without processes."""

from datetime import datetime, timedelta, timezone

from pipeline.schedule.daemon import Clocks, Daemon
from pipeline.schedule.launcher import Drift
from pipeline.schedule.request import Result
from pipeline.workspace import Workspace


class FakeClock:
    def __init__(self, text="2026-11-25T00:00"):
        self.time, self.ticks = datetime.fromisoformat(text).replace(tzinfo=timezone.utc), 0.0

    def move(self, **by):
        self.time += timedelta(**by)
        self.ticks += timedelta(**by).total_seconds()

    @property
    def clocks(self):
        return Clocks(now=lambda: self.time, monotonic=lambda: self.ticks)


class FakeLauncher:
    """Runs end when a test says so."""

    def __init__(self):
        self.requests, self.stops, self.measures, self.result, self.drift, self.prepared = [], 0, 0, None, None, 0

    def prepare(self):
        self.prepared += 1

    def start(self, request):
        self.requests.append(request)
        return 4711

    def poll(self):
        result, self.result = self.result, None
        return result

    def stop(self):
        self.stops += 1

    def measure(self, config, workspace, overrides):
        self.measures += 1

    def measured(self):
        found, self.drift = self.drift, None
        return found

    def close(self):
        pass

    def end(self, status="pushed", code=0, **more):
        self.result = Result(
            token=self.requests[-1].token, status=status, exit_code=code, headline=f"It {status}.", **more
        )


CONFIG = "name: taxi\ndata:\n  source: {csv: 'span-{SPAN}/*.csv'}\n  label: y\n"


class Scheduled:
    """A scheduler in a folder of its own."""

    def __init__(self, folder, section, notify=""):
        self.folder, self.clock, self.launcher, self.said = folder, FakeClock(), FakeLauncher(), []
        self.config = folder / "retrain.yaml"
        self.config.write_text(f"{CONFIG}schedule: {section}\n{notify}")
        self.start()

    def start(self):
        """Starts it anew, as after a kill: only what is on the disk is left."""
        place = Workspace.for_config(self.config)
        self.launcher = FakeLauncher()
        self.daemon = Daemon(self.config, place, self.launcher, self.clock.clocks, self.said.append)

    def step(self, **by):
        self.clock.move(**by)
        return self.daemon.step()

    def end(self, status="pushed", code=0, **more):
        self.launcher.end(status, code, **more)
        return self.step()

    @property
    def history(self):
        return [(o.status, o.span) for o in self.daemon.state.history]

    def write(self, span, text="a,y\n1,0\n"):
        path = self.folder / f"span-{span}" / "a.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def drifts(self, sentence, key="k"):
        self.launcher.drift = Drift(drift=sentence, key=key)

    def writes(self, *paths):
        self.launcher.drift = Drift(unsettled=list(paths))
