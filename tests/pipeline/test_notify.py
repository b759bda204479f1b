"""Messages: what is said, and that each way of saying it survives what goes wrong."""

import http.server
import json
import socket
import threading

import pytest

from pipeline.notify import Message, message_of, moments, tell
from schemas.schedule import Notify
from tests import factories

MESSAGE = Message(
    "blocked", "taxi", "Blocked by data.", ("Why: fare is empty.",), {"run_id": "r8", "span": 8, "version": None}
)


def test_the_text_is_the_verdict():
    record = factories.blocked()
    text = message_of(record, "blocked", "New data: span 8.").text
    assert text.startswith(f"{record.name}: Blocked by data in span 8")
    assert "Why: fare in span 8" in text
    assert "Do: Look for a broken export" in text
    assert "Started because: New data: span 8." in text
    assert record.run_id in text


@pytest.mark.parametrize(
    ("status", "before", "told"),
    [
        ("pushed", None, ["pushed"]),
        ("pushed", True, ["pushed"]),
        ("pushed", False, ["pushed", "recovered"]),
        ("nothing_new", False, ["recovered"]),
        ("nothing_new", True, []),
        ("invalid", True, ["failed"]),
        ("blocked", False, ["blocked"]),
        ("locked", True, []),
    ],
)
def test_moments(status, before, told):
    assert moments(status, before) == told


def test_what_is_not_asked_for_is_not_told(tmp_path):
    assert tell(Notify(on=["pushed"], command=f"touch {tmp_path}/told"), MESSAGE) == []
    assert not (tmp_path / "told").exists()


def test_a_command_gets_text_and_facts(tmp_path):
    command = f'cat > {tmp_path}/text; echo "$RETRAIN_EVENT $RETRAIN_SPAN $RETRAIN_RUN_ID[$RETRAIN_VERSION]" > {tmp_path}/facts'
    assert tell(Notify(command=command), MESSAGE) == []
    assert (tmp_path / "text").read_text() == "taxi: Blocked by data.\nWhy: fare is empty.\n"
    assert (tmp_path / "facts").read_text() == "blocked 8 r8[]\n"


def test_a_command_that_hangs_is_ended():
    (problem,) = tell(Notify(command="sleep 30", command_timeout=0.2), MESSAGE)
    assert "took longer than 0.2 s" in problem


class Server:
    """A web server that answers with the given codes, one after the other."""

    def __init__(self, codes):
        self.got, answers = [], list(codes)
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((self.headers["Content-Type"], json.loads(body)))
                self.send_response(answers.pop(0))
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def test_a_webhook_is_tried_again_until_it_answers():
    server, waits = Server([503, 429, 200]), []
    assert tell(Notify(webhook={"url": server.url}), MESSAGE, waits.append) == []
    server.close()
    assert waits == [1, 2]
    kind, document = server.got[-1]
    assert kind.startswith("application/json")
    assert document["event"] == "blocked"
    assert document["span"] == 8
    assert document["version"] is None
    assert document["text"].startswith("taxi: Blocked by data.")


def test_a_webhook_that_refuses_is_not_asked_again():
    server, waits = Server([404]), []
    (problem,) = tell(Notify(webhook={"url": server.url}), MESSAGE, waits.append)
    server.close()
    assert problem == "notify.webhook: blocked was not told (HTTP 404)."
    assert waits == []


def test_a_webhook_that_is_down_and_comes_up():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, servers = f"http://127.0.0.1:{port}/hook", []

    def sleep(seconds):
        if len(servers) == 0 and seconds == 2:
            made = http.server.HTTPServer(("127.0.0.1", port), Ok)
            servers.append(made)
            threading.Thread(target=made.serve_forever, daemon=True).start()

    class Ok(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    assert tell(Notify(webhook={"url": url}), MESSAGE, sleep) == []
    servers[0].shutdown()
    servers[0].server_close()
    waits = []
    (problem,) = tell(Notify(webhook={"url": url, "retries": 2}), MESSAGE, waits.append)
    assert "3 attempts" in problem
    assert waits == [1, 2]


class Mail:
    """A mail server that takes one letter."""

    def __init__(self, refuses=False):
        self.letter, self.commands, self._refuses = "", [], refuses
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rw", newline="\r\n", encoding="utf-8") as lines:

            def answer(text):
                lines.write(text + "\r\n")
                lines.flush()

            answer("220 here")
            for line in lines:
                word = line.strip().upper()
                self.commands.append(word)
                if word == "DATA":
                    answer("354 go on")
                    for part in lines:
                        if part.strip() == ".":
                            break
                        self.letter += part
                    answer("250 taken")
                elif word == "QUIT":
                    answer("221 bye")
                    return
                elif self._refuses and word.startswith("RCPT"):
                    answer("550 nobody here")
                else:
                    answer("250 fine")


def test_a_letter():
    server = Mail()
    section = Notify(email={"to": ["ada@example.org", "bob@example.org"], "host": "127.0.0.1", "port": server.port})
    assert tell(section, MESSAGE) == []
    server.thread.join(5)
    assert "Subject: [taxi] Blocked by data." in server.letter
    assert "Why: fare is empty." in server.letter
    assert len([c for c in server.commands if c.startswith("RCPT")]) == 2


def test_a_mail_server_that_refuses_or_is_away():
    server = Mail(refuses=True)
    section = Notify(email={"to": ["ada@example.org"], "host": "127.0.0.1", "port": server.port})
    (problem,) = tell(section, MESSAGE)
    assert "notify.email" in problem
    assert "550" in problem
    server.thread.join(5)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (problem,) = tell(Notify(email={"to": ["a@b.c"], "host": "127.0.0.1", "port": port}), MESSAGE)
    assert "refused" in problem


def test_a_way_that_fails_keeps_no_other_from_telling():
    mail, hook = {"to": ["a@b.c"], "host": "127.0.0.1", "port": 9}, {"url": "http://127.0.0.1:9/", "retries": 0}
    assert len(tell(Notify(command="exit 1", email=mail, webhook=hook), MESSAGE)) == 3
