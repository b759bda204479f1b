"""Sends a run to an MLflow server by its REST API, with the standard library only; a run that is there already is brought up to date."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import schemas
from pipeline.errors import UsageError
from pipeline.run_exports.mlflow import RUN_TAG, Point, metrics, milliseconds, params, status_of, tags
from schemas.run_record import RunRecord

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
#: Seconds that the server may take for one answer.
PATIENCE = 60.0
#: Entries of one batch, as the server limits them.
MOST_PARAMS, MOST_TAGS, MOST_METRICS = 100, 100, 500


@dataclass(frozen=True)
class Sent:
    """What came of it.

    Attributes:
        created: whether the run is new there.
        points: values of metrics that were not there before.
        artifacts: names of the files that were stored.
        note: why files were not stored; empty when they were.
    """

    experiment_id: str
    run_id: str
    created: bool
    points: int
    artifacts: list[str]
    note: str = ""


class ServerError(UsageError):
    """The server refused; `code` is MLflow's name of the error, empty when there is none."""

    def __init__(self, text: str, code: str = ""):
        super().__init__(text)
        self.code = code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: what is sent, and the password with it, goes to the named server only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Never."""
        return


class Client:
    """One server.

    Args:
        uri: its address; environment: where ``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``, or ``_TOKEN``, may be.

    Raises:
        UsageError: when the address is none.
    """

    def __init__(self, uri: str, environment: Mapping[str, str]):
        parts = urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"--uri: must be the address of an MLflow server, like http://mlflow.example:5000, not {uri!r}."
            )
        if parts.username or parts.password:
            raise UsageError(
                "--uri: must not hold a password. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment."
            )
        self._uri = uri.rstrip("/")
        self._headers = {"User-Agent": f"retrain/{schemas.__version__}", **_login(environment)}
        self._opener = urllib.request.build_opener(_NoRedirect())

    def send(self, record: RunRecord, experiment: str, files: Mapping[str, bytes]) -> Sent:
        """Brings a run there, or up to date.

        Args:
            experiment: its name; made when it is not there.
            files: name -> content.

        Raises:
            UsageError: when the server cannot be reached or refuses. Sending again completes what was begun.
        """
        experiment_id = self._experiment(experiment)
        there = self._find(experiment_id, record.run_id)
        run = there or self._create(experiment_id, record)
        run_id = str(run["info"]["run_id"])
        known = self._known(run_id, run) if there else set()
        points = [p for p in metrics(record) if p not in known]
        self._log(run_id, record, points)
        end = {} if record.finished is None else {"end_time": milliseconds(record.finished)}
        update = {"run_id": run_id, "status": status_of(record), "run_name": record.run_id, **end}
        self._post("/runs/update", update)
        stored, note = self._store(str(run["info"]["artifact_uri"]), files)
        return Sent(experiment_id, run_id, there is None, len(points), stored, note)

    def _experiment(self, name: str) -> str:
        try:
            found = self._get("/experiments/get-by-name", {"experiment_name": name})["experiment"]
        except ServerError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return str(self._post("/experiments/create", {"name": name})["experiment_id"])
        if found.get("lifecycle_stage") == "deleted":
            raise UsageError(f"--experiment {name}: was deleted on the server. Restore it there, or give another name.")
        return str(found["experiment_id"])

    def _find(self, experiment_id: str, run_id: str) -> dict[str, Any] | None:
        wanted = {"experiment_ids": [experiment_id], "filter": f"tags.`{RUN_TAG}` = '{run_id}'", "max_results": 1}
        runs = self._post("/runs/search", wanted).get("runs") or []
        return runs[0] if runs else None

    def _create(self, experiment_id: str, record: RunRecord) -> dict[str, Any]:
        # With its tag from the first moment: what breaks off after this is found again.
        asked = {
            "experiment_id": experiment_id,
            "start_time": milliseconds(record.started),
            "run_name": record.run_id,
            "tags": [{"key": RUN_TAG, "value": record.run_id}],
        }
        made: dict[str, Any] = self._post("/runs/create", asked)["run"]
        return made

    def _known(self, run_id: str, run: Mapping[str, Any]) -> set[Point]:
        """The values of metrics that are there: a server that keeps runs in files stores a value as often as it is sent."""
        found: set[Point] = set()
        for key in sorted({m["key"] for m in run.get("data", {}).get("metrics", [])}):
            page: str | None = ""
            while page is not None:
                asked = {"run_id": run_id, "metric_key": key, **({"page_token": page} if page else {})}
                answer = self._get("/metrics/get-history", asked)
                for m in answer.get("metrics", []):
                    found.add(Point(key, float(m["value"]), int(m["timestamp"]), int(m.get("step", 0))))
                page = answer.get("next_page_token") or None
        return found

    def _log(self, run_id: str, record: RunRecord, points: Sequence[Point]) -> None:
        named = [{"key": k, "value": v} for k, v in params(record).items()]
        labels = [{"key": k, "value": v} for k, v in tags(record).items()]
        values = [p._asdict() for p in points]
        for kind, entries, most in (
            ("params", named, MOST_PARAMS),
            ("tags", labels, MOST_TAGS),
            ("metrics", values, MOST_METRICS),
        ):
            for first in range(0, len(entries), most):
                self._post("/runs/log-batch", {"run_id": run_id, kind: entries[first : first + most]})

    def _store(self, artifact_uri: str, files: Mapping[str, bytes]) -> tuple[list[str], str]:
        """Files go through the server, where it hands them on (`mlflow server --serve-artifacts`, its default)."""
        place = urlsplit(artifact_uri)
        if place.scheme != "mlflow-artifacts":
            return (
                [],
                f"The server does not take files for others (its artifacts are at {artifact_uri}): none were sent.",
            )
        for name, content in files.items():
            path = f"{ARTIFACTS}/{quote(place.path.strip('/'))}/{quote(name)}"
            self._ask("PUT", path, content, "application/octet-stream")
        return list(files), ""

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        return self._ask("GET", f"{API}{path}?{urlencode(query)}", None, "")

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps(body, allow_nan=False).encode()
        return self._ask("POST", API + path, text, "application/json")

    def _ask(self, method: str, path: str, body: bytes | None, kind: str) -> dict[str, Any]:
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        request = urllib.request.Request(self._uri + path, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=PATIENCE) as response:
                answer = response.read()
        except urllib.error.HTTPError as error:
            raise _refused(self._uri, path, error) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise UsageError(
                f"{self._uri}: cannot be reached ({reason}). Is it an MLflow server, and running?"
            ) from None
        try:
            found = json.loads(answer) if answer.strip() else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"{self._uri}: does not answer as an MLflow server does. Check the address.")
        return found


def _login(environment: Mapping[str, str]) -> dict[str, str]:
    user, password = environment.get("MLFLOW_TRACKING_USERNAME"), environment.get("MLFLOW_TRACKING_PASSWORD")
    if user and password:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
    token = environment.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _refused(uri: str, path: str, error: urllib.error.HTTPError) -> ServerError:
    """What the server says, in a sentence."""
    where = path.partition("?")[0]
    if error.code in (301, 302, 303, 307, 308):
        return ServerError(f"{uri}: sends on to {error.headers.get('Location')}. Give that address as --uri.")
    try:
        told = json.loads(error.read())
        text, code = str(told.get("message", ""))[:500], str(told.get("error_code", ""))
    except (OSError, ValueError, AttributeError):
        text, code = "", ""
    if error.code in (401, 403):
        text = f"{text or 'no access'}; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    return ServerError(f"{uri}{where}: refused with status {error.code} ({text or error.reason}).", code)
