"""The tools for voice agents, asked by the SDK's own client."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from dnc import Store
from dnc.desk.agent import AgentTools, server
from dnc.store.keys import RIGHTS
from tests.desk.test_v1 import BRIEF, LISTED, NOT_LISTED, SHOP

ROOT = Path(__file__).parents[2]
TODAY = {"DNC_TODAY": "2026-08-09"}  # the day before the calls of `SHOP`
Ask = Callable[..., Awaitable[str]]


def asked(store: Store, questions: Callable[[Ask, ClientSession], Awaitable[None]], *options: str) -> None:
    """Start the server as an agent does, and ask it."""
    arguments = ["-m", "dnc", "mcp", "--lang", "en", "--store", str(store.path), *options]

    async def run() -> None:
        told = StdioServerParameters(command=sys.executable, args=arguments, cwd=str(ROOT), env=os.environ | TODAY)
        async with stdio_client(told) as pipes, ClientSession(*pipes) as session:
            await session.initialize()

            async def ask(tool: str, **arguments: object) -> str:
                answer = await session.call_tool(tool, arguments)
                [content] = answer.content
                return content.text

            await questions(ask, session)

    anyio.run(run)


def test_a_fault_in_the_program_quotes_nothing(store):
    """The library would tell the agent its message, in which there may be a number."""

    def status() -> str:
        """Fail."""
        raise ValueError("+33199000810")

    tools = AgentTools(store, RIGHTS, "en")
    tools.status = status
    answer = str(anyio.run(server(tools, "en").call_tool, "status", {}))
    assert "Internal error (ValueError at test_agent.py" in answer and "33199" not in answer


def test_an_agent_asks_records_and_asks_again(screened, dnc, tmp_path):
    """The outcome with its law; an objection counts for the next question; a campaign tells what is in its brief."""
    (tmp_path / "brief.toml").write_text(BRIEF)
    facts = {name: cell for name, cell in SHOP.items() if name != "region"} | {"region": "FR"}

    async def questions(ask: Ask, session: ClientSession) -> None:
        tools = (await session.list_tools()).tools
        assert {tool.name for tool in tools} == {"decide", "explain", "record_objection", "status"}
        first = await ask("decide", number=NOT_LISTED, facts=facts)
        assert first.startswith("undecided: ")
        assert (await ask("record_objection", number=NOT_LISTED, region="FR", reason="no")).startswith("recorded")
        second = await ask("decide", number=NOT_LISTED, facts=facts)
        assert second.startswith("blocked: ")
        assert "2016/679" in second
        whole = await ask("explain", number=NOT_LISTED, facts=facts)
        assert whole.splitlines()[0] == second
        assert "eu-gdpr-objection (broken): " in whole
        assert (await ask("decide", number=LISTED, campaign="autumn", facts={"call_at": "2026-08-10T10:30"}))[:7] in (
            "blocked", "undecid",
        )  # fmt: skip
        state = await ask("status")
        assert "fr-bloctel" in state
        said = "".join([first, second, whole, state])
        assert NOT_LISTED not in said
        assert "199000418" not in said
        assert max(map(len, (first, second))) < 200
        began = time.monotonic()
        for _ in range(20):
            await ask("decide", number=NOT_LISTED, facts=facts)
        print(f"{(time.monotonic() - began) * 50:.1f} ms a decision")

    assert dnc("campaigns", "add", "autumn", "--brief", "brief.toml", "--store", screened.path)[0] == 0
    asked(screened, questions)


def test_no_error_repeats_what_was_sent(screened):
    """Each is one sentence that says what to do."""
    wrong = [
        ("decide", {"number": ["+33199000418"]}, "$.calls[0].number: Expected `str`, got `array`"),
        ("decide", {"number": 33199000418}, "$.calls[0].number: Expected `str`, got `int`"),
        ("decide", {"number": LISTED, "facts": "+33199000418"}, "facts is an object"),
        ("decide", {"number": LISTED, "facts": {"+33199000418": "x"}}, "unknown field"),
        ("decide", {"number": LISTED, "facts": {"caller": "+33199000418"}}, "one of commercial, press"),
        ("decide", {"number": LISTED, "facts": {"call_at": "+33199000418"}}, "is not a date"),
        ("decide", {"number": LISTED, "campaign": "+33199000418"}, "no campaign of that name"),
        ("explain", {"number": LISTED, "campaign": {"+33199000418": 1}}, "$.campaign: Expected"),
        (
            "decide",
            {"number": LISTED, "objected_on": "2026-01-01", "cli": "+33199000418"},
            "this tool takes number, campaign, facts.",
        ),
        ("explain", {"numbers": "+33199000418"}, "an argument is missing"),
        ("record_objection", {"number": "+33199000418", "on": "tomorrow"}, "this tool takes number, region, reason."),
        ("record_objection", {"number": "+33199000418 or so"}, "error: "),
        ("record_objection", {"number": "+33199000418", "region": 5}, "$.region: Expected"),
    ]

    async def questions(ask: Ask, _: ClientSession) -> None:
        for tool, arguments, says in wrong:
            said = await ask(tool, **arguments)
            assert said.startswith("error: ") and says in said and "199000418" not in said, (tool, arguments, said)

    asked(screened, questions)


def test_an_agent_does_what_it_may(screened):
    """Without a right, a tool says so and does nothing."""

    async def questions(ask: Ask, _: ClientSession) -> None:
        assert "needs the right record" in await ask("record_objection", number=NOT_LISTED, region="FR")
        assert not (await ask("decide", number=NOT_LISTED)).startswith("error")

    before = screened.log().height
    asked(screened, questions, "--may", "decide")
    assert screened.log().height == before
