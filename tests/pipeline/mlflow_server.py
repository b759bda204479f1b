"""A small server that takes what an MLflow tracking server takes, and refuses what one refuses: names, lengths, sizes of batches,
changed parameters. Values of metrics are kept as often as they are sent, as by a server that keeps runs in files."""

import json
import posixpath
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

NAME = re.compile(r"[/\w.\- ]+", re.ASCII)


class Refusal(Exception):  # noqa: N818 - what a server does
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.answer = status, {"error_code": code, "message": message}


def check_name(name):
    plain = NAME.fullmatch(name) and posixpath.normpath(name) == name and name[0] != "/" and name[:2] != ".."
    if not plain or len(name) > 250 or name == ".":
        raise Refusal(400, "INVALID_PARAMETER_VALUE", f"bad name {name!r}")


class FakeMlflow:
    """`runs` has id -> what is stored; `requests` each method, path and headers."""

    def __init__(self, artifacts="mlflow-artifacts:/"):
        self.experiments, self.runs, self.files, self.requests = {}, {}, {}, []
        self.artifacts, self.refuse, self.page = artifacts, None, 5

    def get_by_name(self, body):
        if body["experiment_name"] not in self.experiments:
            raise Refusal(404, "RESOURCE_DOES_NOT_EXIST", "no such experiment")
        stage = self.experiments[body["experiment_name"]]["lifecycle_stage"]
        number = self.experiments[body["experiment_name"]]["experiment_id"]
        return {"experiment": {"experiment_id": number, "lifecycle_stage": stage}}

    def create_experiment(self, body):
        number = str(len(self.experiments) + 1)
        self.experiments[body["name"]] = {"experiment_id": number, "lifecycle_stage": "active"}
        return {"experiment_id": number}

    def search(self, body):
        key, value = re.fullmatch(r"tags\.`([^`]+)` = '([^']*)'", body["filter"]).groups()
        found = [
            r for r in self.runs.values() if r["tags"].get(key) == value and r["experiment"] in body["experiment_ids"]
        ]
        return {"runs": [self.run_of(r) for r in found]} if found else {}

    def create(self, body):
        number = f"{len(self.runs) + 1:032x}"
        tags = {t["key"]: t["value"] for t in body["tags"]}
        self.runs[number] = {
            "id": number,
            "experiment": body["experiment_id"],
            "tags": tags,
            "params": {},
            "points": [],
        }
        self.runs[number] |= {"status": "RUNNING", "start": body["start_time"]}
        return {"run": self.run_of(self.runs[number])}

    def run_of(self, run):
        info = {"run_id": run["id"], "artifact_uri": f"{self.artifacts}{run['experiment']}/{run['id']}/artifacts"}
        latest = [{"key": k} for k in {p["key"] for p in run["points"]}]
        return {"info": info, "data": {"metrics": latest}}

    def log(self, body):
        run = self.runs[body["run_id"]]
        sizes = {k: len(body.get(k, [])) for k in ("params", "tags", "metrics")}
        if sizes["params"] > 100 or sizes["tags"] > 100 or sizes["metrics"] > 1000:
            raise Refusal(400, "INVALID_PARAMETER_VALUE", "batch too large")
        for p in body.get("params", []):
            check_name(p["key"])
            if len(p["value"]) > 500 or run["params"].setdefault(p["key"], p["value"]) != p["value"]:
                raise Refusal(400, "INVALID_PARAMETER_VALUE", f"parameter {p['key']} too long or changed")
        for t in body.get("tags", []):
            check_name(t["key"])
            run["tags"][t["key"]] = t["value"]
        for m in body.get("metrics", []):
            check_name(m["key"])
            assert set(m) == {"key", "value", "timestamp", "step"}
            assert isinstance(m["timestamp"], int)
            assert isinstance(m["step"], int)
            run["points"].append(m)
        return {}

    def history(self, body):
        found = [p for p in self.runs[body["run_id"]]["points"] if p["key"] == body["metric_key"]]
        first = int(body.get("page_token", 0))
        more = {"next_page_token": str(first + self.page)} if first + self.page < len(found) else {}
        return {"metrics": found[first : first + self.page], **more}

    def update(self, body):
        self.runs[body["run_id"]] |= {k: body[k] for k in body if k != "run_id"}
        return {}

    def answer(self, method, target, body):
        path, prefix = target.path, "/api/2.0/mlflow/"
        if self.refuse:
            raise self.refuse
        if method == "PUT" and path.startswith("/api/2.0/mlflow-artifacts/artifacts/"):
            self.files[unquote(path.removeprefix("/api/2.0/mlflow-artifacts/artifacts/"))] = body
            return {}
        does = {
            ("GET", "experiments/get-by-name"): self.get_by_name,
            ("POST", "experiments/create"): self.create_experiment,
            ("POST", "runs/search"): self.search,
            ("POST", "runs/create"): self.create,
            ("POST", "runs/log-batch"): self.log,
            ("POST", "runs/update"): self.update,
            ("GET", "metrics/get-history"): self.history,
        }[method, path.removeprefix(prefix)]
        query = {k: v for k, (v,) in parse_qs(target.query).items()}
        return does(json.loads(body) if method == "POST" else query)


class Served:
    """The same behind an address, while the context is open."""

    def __init__(self, fake):
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, dict(self.headers)))
                try:
                    status, answer = 200, fake.answer(self.command, urlsplit(self.path), body)
                except Refusal as error:
                    status, answer = error.status, error.answer
                text = json.dumps(answer).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://elsewhere.invalid/")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self.address

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
