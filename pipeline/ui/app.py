"""The routes: an address to a view and its template. `make_app` gives the ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pipeline.errors import LockHeld, UsageError
from pipeline.report.page import FOLDER as REPORT
from pipeline.report.page import environment
from pipeline.ui import live
from pipeline.ui.actions import Actions, Form, Refused
from pipeline.ui.guard import Guard, GuardLayer
from pipeline.ui.trends import spark_points
from pipeline.ui.views import NotThere, Views
from schemas.config import ConfigError

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
#: Name in the address -> file and media type: no address becomes a path.
STATIC = {
    "report.css": (REPORT / "report.css", "text/css"),
    "ui.css": (FOLDER / "static" / "ui.css", "text/css"),
    "icon.svg": (FOLDER / "static" / "icon.svg", "image/svg+xml"),
    "live.js": (FOLDER / "static" / "live.js", "text/javascript"),
}
#: No form of ours is longer, in bytes.
LONGEST_FORM = 64 * 1024
MENU = (
    ("/", "Runs"),
    ("/trends", "Trends"),
    ("/compare", "Compare"),
    ("/schema", "Schema"),
    ("/schedule", "Schedule"),
    ("/versions", "Versions"),
    ("/actions", "Actions"),
)
Endpoint = Callable[[Request], Awaitable[Response]]


class Site:
    """Puts views, actions and the guard behind addresses."""

    def __init__(self, views: Views, actions: Actions, guard: Guard):
        self._views, self._actions, self._guard = views, actions, guard

    def page(self, template: str, view: Callable[[Request], Mapping[str, Any]]) -> Endpoint:
        """An endpoint that shows a view in a template; the view works in a thread, as it reads files."""

        async def endpoint(request: Request) -> Response:
            if "token" in request.query_params:
                return self._first_visit(request)
            if not self._guard.local and not self._may_act(request):
                raise HTTPException(403, "This needs the token: open the address that `retrain ui` printed, once.")
            return await run_in_threadpool(lambda: self._rendered(request, template, view(request)))

        return endpoint

    def _first_visit(self, request: Request) -> Response:
        """Takes the token out of the address and leaves the cookie."""
        if not self._guard.is_token(request.query_params["token"]):
            raise HTTPException(403, "This token is not of this server, or of an earlier start of it.")
        rest = [(k, v) for k, v in request.query_params.multi_items() if k != "token"]
        response = RedirectResponse(request.url.path + (f"?{urlencode(rest)}" if rest else ""), 303)
        response.set_cookie(self._guard.cookie, self._guard.session, httponly=True, samesite="strict", path="/")
        return response

    def _may_act(self, request: Request) -> bool:
        return self._guard.may_act(request.headers.get("cookie", ""))

    def _rendered(self, request: Request, template: str, names: Mapping[str, Any], status: int = 200) -> Response:
        made = environment(TEMPLATES).get_template(template)
        may = self._may_act(request)
        common = {
            "menu": MENU,
            "here": request.url.path,
            "within": "/" if request.url.path.startswith("/runs/") else "",
            "pipeline": self._views.name,
            "may_act": may,
            "form_token": self._guard.form_token if may else "",
            "said": request.query_params.get("said", "")[:2000] if may else "",
            "quoted": lambda text: quote(str(text), safe=""),
            "spark_points": spark_points,
        }
        return HTMLResponse(made.render(common | dict(names)), status)

    async def act(self, request: Request) -> Response:
        """An action, if the request may do it; then the page that shows what came of it."""
        action = request.path_params["action"]
        if not self._actions.known(action):
            raise HTTPException(404, "There is no such action.")
        form = await _form(request)
        headers = request.headers
        why_not = self._guard.why_not(
            headers.get("host", ""),
            headers.get("origin", ""),
            headers.get("cookie", ""),
            form.get("form_token", [""])[0],
        )
        client = request.client.host if request.client else ""
        if why_not is not None:
            await run_in_threadpool(self._actions.log.write, action, {}, client, "refused", why_not)
            raise HTTPException(403, why_not)
        done = await run_in_threadpool(self._actions.do, action, form, client)
        return RedirectResponse(f"{done.to}?{urlencode({'said': done.said})}", 303)

    async def live(self, request: Request) -> Response:
        """The state of a run, as JSON."""
        if not self._guard.local and not self._may_act(request):
            raise HTTPException(403, "This needs the token.")
        run_id = request.path_params["run_id"]
        return JSONResponse(await run_in_threadpool(lambda: live.live_data(self._views.record(run_id))))

    async def static(self, request: Request) -> Response:
        """One of our own files."""
        path, kind = STATIC.get(request.path_params.get("name", "icon.svg"), (None, ""))
        if path is None:
            raise HTTPException(404, "There is no such file.")
        return Response(path.read_text(encoding="utf-8"), media_type=kind)

    async def card(self, request: Request) -> Response:
        """A model card, as the text that it is."""
        if not self._guard.local and not self._may_act(request):
            raise HTTPException(403, "This needs the token.")
        return PlainTextResponse(await run_in_threadpool(self._views.card, request.path_params["version"]))

    async def problem(self, request: Request, error: Exception) -> Response:
        """A page that says in sentences what is wrong."""
        status, problems = _told(error)
        names = {"status": status, "problems": problems}
        return await run_in_threadpool(self._rendered, request, "problem.html.j2", names, status)


def _told(error: Exception) -> tuple[int, list[str]]:
    if isinstance(error, HTTPException):
        return error.status_code, [str(error.detail)]
    if isinstance(error, NotThere):
        return 404, [str(error)]
    if isinstance(error, Refused | UsageError | ConfigError):
        return 409 if isinstance(error, Refused) else 400, error.problems
    if isinstance(error, LockHeld):
        return 409, [str(error)]
    return 500, [f"Internal failure: {type(error).__name__}: {error}"]


async def _form(request: Request) -> Form:
    """The fields of a form.

    Raises:
        HTTPException: when it is too long, or no form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise HTTPException(413, f"A form may have at most {LONGEST_FORM:,} bytes.")
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None


def compile_templates() -> None:
    """Compiles all templates, which the first visitor of a page would wait for otherwise."""
    made = environment(TEMPLATES)
    for name in made.list_templates(extensions=["j2"]):
        made.get_template(name)


def make_app(views: Views, actions: Actions, guard: Guard) -> GuardLayer:
    """The application."""
    site = Site(views, actions, guard)

    def by_run(request: Request) -> str:
        return str(request.path_params["run_id"])

    def compared(request: Request) -> Mapping[str, Any]:
        # The list of runs sends its two ticks as `run`; newest first.
        ticked = sorted(request.query_params.getlist("run"))[:2]
        before, after = ticked if len(ticked) == 2 else (ticked[0] if ticked else "", "")
        return views.compare(request.query_params.get("before", before), request.query_params.get("after", after))

    routes = [
        Route("/", site.page("runs.html.j2", lambda r: views.runs(r.query_params))),
        Route("/runs/{run_id}", site.page("run.html.j2", lambda r: views.run(by_run(r)))),
        Route("/runs/{run_id}/why", site.page("why.html.j2", lambda r: views.why(by_run(r)))),
        Route("/runs/{run_id}/live", site.live),
        Route("/trends", site.page("trends.html.j2", lambda r: views.trends(r.query_params))),
        Route("/compare", site.page("compare.html.j2", compared)),
        Route("/schema", site.page("schema.html.j2", lambda r: views.schema())),
        Route("/schedule", site.page("schedule.html.j2", lambda r: views.schedule())),
        Route("/versions", site.page("versions.html.j2", lambda r: views.versions())),
        Route("/versions/{version}/card", site.card),
        Route("/actions", site.page("actions.html.j2", lambda r: views.actions(actions.log))),
        Route("/actions/{action}", site.act, methods=["POST"]),
        Route("/static/{name}", site.static),
        # Browsers ask for it beside a model card, which is text and can name no icon.
        Route("/favicon.ico", site.static),
    ]
    kinds = (HTTPException, NotThere, Refused, UsageError, ConfigError, LockHeld, Exception)
    # Around all of it, so that pages about internal failures have the headers too.
    return GuardLayer(Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, site.problem)), guard)
