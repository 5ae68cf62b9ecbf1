"""Tools for voice agents, by the Model Context Protocol (`dnc mcp`, an extra): decide, explain, record, status.

An answer is short, and has no telephone number in it. Arguments are checked here: the library would quote them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any

import msgspec
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from polars.exceptions import PanicException
from pydantic import WithJsonSchema

from dnc.api import explain
from dnc.checks.campaign import brief_of_campaign
from dnc.checks.status import status
from dnc.clock import today
from dnc.desk.desk import Desk
from dnc.desk.request_decider import RequestDecider
from dnc.desk.routes import fault
from dnc.desk.schema import CallBatch, Objections, odd_date, said_of
from dnc.errors import DncError, InputError
from dnc.law.findings import Finding
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief
from dnc.messages import DESK, in_language, messages
from dnc.reports.status_lines import as_text
from dnc.store.audit_log import acting
from dnc.store.store import Store

_TOLD = (Finding.BROKEN, Finding.OPEN, Finding.MAYBE_OPEN)

# Any value is taken, so that none is quoted in an error of the library.
_Number = Annotated[Any, WithJsonSchema({"type": "string", "description": "the telephone number"})]
_Text = Annotated[Any, WithJsonSchema({"type": ["string", "null"]})]
_Campaign = Annotated[Any, WithJsonSchema({"type": ["string", "null"], "description": "a campaign of the store"})]
_Facts = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": ["object", "null"],
            "description": "what else is known of the call, by column: " + ", ".join(vocabulary().columns),
            "additionalProperties": True,
        }
    ),
]


class AgentTools:
    """What an agent may do with a store.

    rights: words of `dnc.store.keys.RIGHTS`.
    """

    def __init__(self, store: Store, rights: Collection[str], language: str, rules: str | None = None) -> None:
        self._desk = Desk(store, frozenset(), language=language, rules=rules)
        self._decider = RequestDecider(self._desk)
        self._rights = rights
        self._texts = messages("desk", language)

    def decide(self, number: _Number, campaign: _Campaign = None, facts: _Facts = None) -> str:
        """Whether a planned call may be made: clear, blocked or undecided, and the law that says so.

        Call only if the answer begins with "clear". Give `call_at` (ISO 8601) in `facts`, and what else is known.
        """
        self._must_have("decide")
        calls, _ = self._asked(number, campaign, facts)
        [row] = self._decider.ask(calls, campaign).result().iter_rows(named=True)
        later = row["dnc_next_at"]
        return f"{row['dnc_outcome']}: {row['dnc_why']}" + (f" ({later})" if later else "")

    def explain(self, number: _Number, campaign: _Campaign = None, facts: _Facts = None) -> str:
        """Every rule that forbids a planned call, or that needs a fact that was not given, with its citation."""
        self._must_have("decide")
        [call], brief = self._asked(number, campaign, facts)
        desk, cells = self._desk, msgspec.structs.asdict(call)
        told = {name: str(cell) for name, cell in cells.items() if cell is not None and name != "number"}
        verdict, results = explain(
            cells["number"], desk.store, told, brief=brief, language=desk.language, rulebook=desk.book
        )
        lines = [
            f"{result.regime.id} ({result.finding.key}): {result.regime.says[desk.language]}"
            f" {result.regime.cites[0].texts[desk.language]}"
            for result in results
            if result.finding in _TOLD
        ]
        return "\n".join([f"{verdict['dnc_outcome']}: {verdict['dnc_why']}", *lines])

    def record_objection(self, number: _Number, region: _Text = None, reason: _Text = None) -> str:
        """Record that the person said today that they do not want to be called again. It blocks every later call.

        `region` is the country of a number in national form (ISO 3166-1).
        """
        self._must_have("record")
        sent = {"numbers": [number], "on": str(today()), "region": region, "reason": reason}
        told = self._checked(sent, Objections)
        self._desk.store.object(told.numbers, told.on, region=told.region, reason=told.reason)
        return str(self._texts["agent_recorded"])

    def status(self) -> str:
        """What the store holds, how old it is, and what is due."""
        return "\n".join(as_text(status(self._desk.store, self._desk.book, verifying=False), self._desk.language))

    def close(self) -> None:
        """Stop deciding."""
        self._decider.close()

    def _must_have(self, right: str) -> None:
        if right not in self._rights:
            raise InputError(self._texts["no_right"].format(right=right))

    def _asked(self, number: object, campaign: object, facts: object) -> tuple[list[Any], Brief]:
        """The call of a tool, checked as one over HTTP, and the brief of its campaign. Raises InputError."""
        more = facts if isinstance(facts, Mapping) else {}
        sent = {"campaign": campaign, "calls": [{**more, "number": number}]}
        calls = self._checked(sent, CallBatch)
        brief = brief_of_campaign(self._desk.store, calls.campaign) if calls.campaign else Brief()
        if facts is not more and facts is not None:
            raise InputError(self._texts["bad_facts"])
        if place := odd_date(calls, brief.dates):
            raise InputError(self._texts["bad_date"].format(place=place))
        return calls.calls, brief

    def _checked(self, sent: object, kind: Any) -> Any:
        try:
            return msgspec.convert(sent, kind)
        except msgspec.ValidationError as error:
            raise InputError(said_of(error, kind, self._texts)) from None


class _StrictServer(MCPServer):
    """A server that refuses arguments which a tool does not know; the library leaves them out, whatever they say."""

    language = "en"

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """As in the library. Raises ToolError."""
        for tool in await self.list_tools():
            takes, needs = tool.input_schema["properties"], tool.input_schema.get("required", [])
            if tool.name == name and not set(needs) <= arguments.keys() <= takes.keys():
                raise ToolError(
                    "error: " + messages("desk", self.language)["bad_arguments"].format(names=", ".join(takes))
                )
        return await super().call_tool(name, arguments, context)


def server(tools: AgentTools, language: str) -> MCPServer:
    """The tools as a server of the protocol; an error is one sentence that says what to do."""
    made = _StrictServer("dnc", version=version("dnc-check"), log_level="WARNING")
    made.language = language

    def told(tool: Callable[..., str]) -> Callable[..., str]:
        @wraps(tool)
        def answer(*arguments: Any, **named: Any) -> str:
            try:
                with acting("agent"):
                    return tool(*arguments, **named)
            except DncError as error:
                sentence = error.message
            except (Exception, PanicException) as error:
                _, sentence = fault(error, messages("desk", language))
            return "error: " + in_language(sentence, language + DESK)

        return answer

    for tool in (tools.decide, tools.explain, tools.record_objection, tools.status):
        made.tool()(told(tool))
    return made
