"""What statements about a person amount to for a call: one rule for each kind, whatever order they come in.

Statements against a call count up to the day after it, since days differ by zone, and for all numbers of the person;
those for it count if they were made before it, and for their number. Of two statements one is surely later if it is of
a later day, or if both have a minute and its is later.

* An objection stands unless a surely later lift of this number ends it.
* A withdrawal, and that the number is somebody else's, end every consent but a surely later one with its own proof.
* What says that there is no consent stands until a surely later one; so does what is not understood, which leaves the
  consent open.
* A consent replaces older ones only with its own proof. Of those that are left counts what all say: the weakest kind,
  the calls that all are for, the earliest day and end, the hours. What one leaves open is open.
* What is declared for a whole list counts where nobody speaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache

import polars as pl

from dnc.clock import ALWAYS, NEVER
from dnc.lists import statements as said
from dnc.lists.local_time import latest_local
from dnc.lists.statements import ASSUMED, earliest, latest

CONSENT_FACTS = ("consent", "consent_on", "consent_for", "consent_until", "hours_agreed")
_STRENGTH = {"none": 0, "partners": 1, "named_caller": 2, "written": 3}  # of a consent
# Columns of a call that a rule reads.
CALL = ("day", "at_first", "timed", "clocks", "sector", "jurisdiction")


def reduced(
    calls: pl.DataFrame, found: pl.DataFrame, *, today: date, confirmed_by: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """The facts of calls, of what is said of their persons.

    Args:
        calls: a row each, with the columns `CALL`, `ASSUMED` with each of `CONSENT_FACTS`, `texts` and `related` as
            their rows tell them; and `customers`, `customers_on`, `customers_loaded_at`: the file of customers of the
            day of the call, null where there is none, and `customers_stale`, whether it is too old to tell anything;
            and `begun`, whether it is about to be made.
        found: statements (`SAID`) with `call`, the position of the call, sorted by it.
        today: the day. confirmed_by: jurisdiction → the ways of confirmation that prove a number there.
    Returns:
        The facts `objected_on`, `refused_on`, `consent_withdrawn_on`, `CONSENT_FACTS`, `consent_odd`, `proven`,
        `lacks`, `wording`, `texts`, `relationship`, `relationship_on`, `related`, `customers_stale`, the kind of the
        statement in the store that decides about a consent (`rests`), and in columns that begin with `SOURCE` where
        they are from.
    """
    laid = _laid(calls, found, today, confirmed_by)
    of_calls = calls.lazy().with_row_index("call")
    summed = of_calls.join(laid.group_by("call").agg(*_summaries()), on="call", how="left", maintain_order="left")
    return summed.select(*_found()).collect(engine="in-memory")


def deciding(
    call: pl.DataFrame, found: pl.DataFrame, *, today: date, confirmed_by: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Those of the statements about one call that decide what is found; arguments as of `reduced`."""
    over = pl.col("withdraws") & pl.col("counts")
    is_over = over.any() & ~(pl.col("renewed") > pl.col("ended")).fill_null(False)
    consent = (
        pl.when(is_over).then(over).when(pl.col("opens").any()).then("opens")
        .when(pl.col("denies").any()).then("denies").otherwise(pl.col("stands") | pl.col("limits"))
    )  # fmt: skip
    refuses, single = _is(said.REFUSAL) & pl.col("counts"), pl.col("singly")
    related = pl.when(single.any()).then(_is_last(single)).otherwise("in_file")
    objects = pl.col("objects") & pl.col("counts")
    decides = objects | consent | _is_last(refuses) | _is(said.TEXT) | related | pl.col("told_here")
    return _laid(call, found, today, confirmed_by).filter(decides).select(said.SAID.keys()).collect()


def _is_last(which: pl.Expr) -> pl.Expr:
    """Whether a statement about one call is of those of which none is surely later."""
    return which & (pl.col("latest") >= pl.col("earliest").filter(which).max())


def _laid(
    calls: pl.DataFrame, found: pl.DataFrame, today: date, confirmed_by: Mapping[str, Sequence[str]]
) -> pl.LazyFrame:
    """The statements beside the others about their calls: see `_bounds` and `_standing`."""
    of_call = calls.select(*CALL, "begun", "customers", "customers_on", "customers_loaded_at").with_row_index("call")
    rows = found.join(of_call, on="call", maintain_order="left")
    proofs = (pl.col(name) & _is_confirmed(confirmed_by) for name in ("own_proof", "proven"))
    laid = rows.with_columns(*_counts(rows, today), *proofs).lazy()
    return laid.with_columns(earliest=earliest(), latest=latest()).with_columns(*_bounds()).with_columns(*_standing())


def _is_confirmed(confirmed_by: Mapping[str, Sequence[str]]) -> pl.Expr:
    """Whether the number of a consent was confirmed in no way, or in one that proves it under the law."""
    way = pl.col("confirmed_via").str.strip_chars().str.to_lowercase()
    others = ((pl.col("jurisdiction") == name) & ~way.is_in(list(ways)) for name, ways in confirmed_by.items())
    return ~pl.any_horizontal(pl.lit(False), *others).fill_null(False)


def _is(*kinds: str) -> pl.Expr:
    return pl.col("kind").is_in(list(kinds))


def _counts(rows: pl.DataFrame, today: date) -> list[pl.Series]:
    """Whether statements count for their calls by their moment; `is_open`: whether a consent may be of after the call.

    A consent of the day of a call, without an hour, was given before it if the call is still to come, as it is held.
    One that is told when the call is being made may have been given during it, unless it has a proof.
    """
    on, day = pl.col("on"), pl.col("day")
    same = (on == day).fill_null(False)
    timed = rows.select(same & pl.col("timed").fill_null(False) & pl.col("minute").is_not_null()).to_series()
    late = pl.Series([False]).new_from_index(0, rows.height)
    if timed.any():
        at = rows.filter(timed).select(said.instant().alias("at"), "clocks", "at_first")
        after = latest_local(at["at"].dt.truncate("1m"), at["clocks"]) > at["at_first"]
        late = late.scatter(timed.arg_true(), after.fill_null(True))
    before = on.is_null() | (on < day) | (same & ~pl.lit(late))
    for_call = _is(said.CONSENT, said.LIFT, said.DENIED, said.RELATIONSHIP)
    counts = pl.when(for_call).then(before).otherwise((on <= day + pl.duration(days=1)) | on.is_null())
    is_open = same & ~pl.lit(timed) & ((day < today) | (pl.col("begun") & ~pl.col("proven").fill_null(False)))
    return rows.select(counts.fill_null(True).alias("counts"), is_open.alias("is_open")).get_columns()


@cache
def _bounds() -> list[pl.Expr]:
    """Of the statements of each call the moments with which others are compared."""
    counts, here = pl.col("counts"), pl.col("here")

    def last(which: pl.Expr, name: str, moment: str) -> pl.Expr:
        return pl.when(which & counts).then(moment).max().over("call").alias(name)

    consent = _is(said.CONSENT) & here
    return [
        last(_is(said.WITHDRAWAL) | (_is(said.WRONG_NUMBER) & here), "ended", "latest"),
        last(_is(said.LIFT) & here, "lifted", "earliest"),
        last(consent & pl.col("own_proof"), "renewed", "earliest"),
        last(consent, "given", "earliest"),
        last((consent | _is(said.NONE_SAID)) & here, "told", "earliest"),
    ]


@cache
def _standing() -> list[pl.Expr]:
    """Which statements stand beside the others about their call."""
    counts, here = pl.col("counts"), pl.col("here")

    def ended_by(bound: str) -> pl.Expr:
        return (pl.col(bound) > pl.col("latest")).fill_null(False)

    consent, of_here = _is(said.CONSENT) & here, here & counts
    objection = _is(said.OBJECTION) | (_is(said.ELSEWHERE) & ~here)
    named, sector, relationship = pl.col("sectors"), pl.col("sector"), _is(said.RELATIONSHIP)
    other = consent & named.is_not_null() & ~_in_sectors()  # null where the sector of the call is not told
    strength = pl.when(other).then(0).otherwise(pl.col("consent").replace_strict(_STRENGTH, default=None))
    former = (pl.col("relationship") == "contract") & (pl.col("until") < pl.col("day"))
    since_file = recorded_later(pl.col("customers_on"), pl.col("customers_loaded_at"))
    return [
        (objection & ~ended_by("lifted") & (pl.col("day") <= pl.col("until")).fill_null(True)).alias("objects"),
        (_is(said.WITHDRAWAL) | (_is(said.WRONG_NUMBER) & here)).alias("withdraws"),
        # One given later on the day of the call says only that it was, and that where nothing was said before.
        (
            consent
            & pl.when("counts")
            .then(~ended_by("renewed"))
            .otherwise(pl.col("told").is_null() & (pl.col("on") == pl.col("day")))
        ).alias("stands"),
        (_is(said.LIMIT) & of_here).alias("limits"),
        (_is(said.NONE_SAID) & of_here & ~ended_by("given")).alias("denies"),
        (_is(said.UNREAD) & of_here & ~ended_by("told")).alias("opens"),
        strength.cast(pl.Int8).alias("strength"),
        pl.coalesce("lacks", pl.when(consent & named.is_not_null() & sector.is_null()).then(pl.lit("sector"))).alias(
            "lacks"
        ),
        (relationship & here & ~pl.col("kept")).alias("told_here"),
        (relationship & here & pl.col("kept") & pl.col("file").is_null() & counts & since_file).alias("singly"),
        (relationship & here & (pl.col("file") == pl.col("customers"))).fill_null(False).alias("in_file"),
        pl.when(former).then(pl.lit("former_contract")).otherwise("relationship").alias("relationship"),
        pl.when(former).then("until").otherwise("relationship_on").alias("relationship_on"),
        pl.when(_in_sectors()).then(pl.lit("yes")).when(~_in_sectors()).then(pl.lit("no")).alias("is_related"),
    ]


def recorded_later(as_of: pl.Expr, loaded_at: pl.Expr) -> pl.Expr:
    """Whether a customer was recorded after a file of customers was made, or on its day after it was loaded."""
    on = pl.col("on")
    return ((on > as_of) | ((on == as_of) & (said.instant() >= loaded_at.dt.truncate("1m")))).fill_null(True)


def _in_sectors() -> pl.Expr:
    """Whether the sector of the call is among those of a statement; null where one of the two is not told."""
    named = (
        pl.col("sectors").str.to_lowercase().str.replace_all(r"\s", "").str.replace_all(r"[,|/]", ";").str.split(";")
    )
    return pl.when(pl.col("sectors").is_not_null() & pl.col("sector").is_not_null()).then(
        named.list.contains(pl.col("sector"))
    )


@cache
def _summaries() -> list[pl.Expr]:
    """What is kept of the statements about each call."""
    stands, limited = pl.col("stands"), pl.col("stands") | pl.col("limits")
    calls, hours = pl.col("consent_for").filter(stands), pl.col("hours").filter(limited).drop_nulls()
    alone, on = calls.filter(calls != "both"), pl.col("on").fill_null(ALWAYS)
    counts, refusal, open_ = pl.col("counts"), _is(said.REFUSAL), pl.col("is_open")
    single, in_file, told = pl.col("singly"), pl.col("in_file"), pl.col("told_here")
    by_age, in_effect = [pl.col("on"), pl.col("minute")], pl.col("relationship")
    # Of several rows one without a relationship, else a running contract, else the newest.
    first_of_file = [
        pl.col("relationship").replace_strict({"none": 0, "contract": 1}, default=2, return_dtype=pl.Int8),
        -pl.col("relationship_on").fill_null(ALWAYS).to_physical(),
    ]
    return [
        on.filter(pl.col("objects") & counts).min().alias("objected"),
        on.filter(pl.col("objects") & ~counts).min().alias("objected_later"),
        (_is(said.DENIED) & pl.col("here")).any().alias("denied"),
        (pl.col("withdraws") & counts).any().alias("withdrawals"),
        on.filter(pl.col("withdraws") & counts).min().alias("withdrawn"),
        on.filter(pl.col("withdraws") & ~counts).min().alias("withdrawn_later"),
        on.filter(refusal & counts).max().alias("refused"),
        (refusal & pl.col("on").is_null()).any().alias("refused_once"),
        on.filter(refusal & ~counts).min().alias("refused_later"),
        pl.col("ended", "renewed").first(),
        pl.col("opens", "denies").any(),
        stands.any(),
        pl.col("strength").filter(stands).min(),
        (pl.col("strength").is_null() & stands).any().alias("no_kind"),
        calls.is_null().any().alias("no_calls"),
        (alone.n_unique() > 1).alias("no_common"),
        pl.coalesce(alone.first(), calls.first()).alias("calls"),
        pl.when("counts")
        .then("on")
        .otherwise(pl.max_horizontal("on", pl.col("day") + pl.duration(days=1)))
        .filter(stands)
        .min()
        .alias("given_on"),
        (stands & (pl.col("on").is_null() | open_)).any().alias("no_day"),
        pl.col("until").filter(limited).min().alias("ends"),
        _eve_of_later().min().alias("ends_later"),
        hours.first().alias("hours"),
        (hours.n_unique() > 1).alias("other_hours"),
        pl.col("lacks").filter(stands).drop_nulls().first(),
        pl.col("proven").filter(stands).fill_null(False).all(),
        pl.col("wording").filter(stands).sort_by(pl.col("earliest").filter(stands)).last(),
        *((which & pl.col("kept")).any().alias(f"{kind}_kept") for kind, which in _DECIDES.items()),
        pl.col("text").filter(_is(said.TEXT)).str.split(";").list.explode().unique().sort().str.join(";").alias("read"),
        in_effect.filter(told).n_unique().alias("relationships"),
        in_effect.filter(told).first().alias("told_relationship"),
        (told & (in_effect == "none")).any().alias("told_none"),
        pl.col("relationship_on").filter(told).min().alias("told_on"),
        in_effect.filter(single).sort_by([one.filter(single) for one in by_age]).last().alias("single"),
        pl.col("relationship_on")
        .filter(single)
        .sort_by([one.filter(single) for one in by_age])
        .last()
        .alias("single_on"),
        *(
            pl.col(name).filter(in_file).sort_by([one.filter(in_file) for one in first_of_file]).first().alias(alias)
            for name, alias in (("relationship", "of_file"), ("relationship_on", "file_on"))
        ),
        ((single | in_file) & (pl.col("is_related") == "no")).any().alias("unrelated"),
        ((single | in_file) & (pl.col("is_related") == "yes")).any().alias("is_related"),
        *_sources(),
    ]


def _eve_of_later() -> pl.Expr:
    """Of what is said of a consent after a call the last day before it counts."""
    consent = _is(said.CONSENT)
    before = pl.col("on") - pl.when(consent).then(pl.duration(days=1)).otherwise(pl.duration(days=2))
    return before.filter(~pl.col("counts") & pl.col("here") & (consent | _is(said.NONE_SAID, said.UNREAD)))


_DECIDES = {  # which statements decide, by the kind of the first line that holds
    said.WITHDRAWAL: pl.col("withdraws") & pl.col("here") & pl.col("counts"),
    said.UNREAD: pl.col("opens"),
    said.NONE_SAID: pl.col("denies"),
    said.CONSENT: pl.col("stands"),
}
_NOTED = {"objected_on": "objects", "consent_withdrawn_on": "withdraws", "refused_on": "refuses", "texts": "reads"}
SOURCE = "source_"  # in front of what a note is about: its kind, `OTHER` if it is another number's, and its place
OTHER = "other"


def _sources() -> Iterator[pl.Expr]:
    """Where what decides is from, if it is not the row of the call itself, by what is noted."""
    other = pl.when(pl.col("here") | pl.col("place").str.starts_with("row\0")).then(pl.lit("")).otherwise(pl.lit(OTHER))
    kind = pl.col("kind").replace(said.ELSEWHERE, said.OBJECTION)
    source = pl.concat_str(kind, other, "place", separator="\0")
    which = {"refuses": _is(said.REFUSAL), "reads": _is(said.TEXT)}
    for noted, name in _NOTED.items():
        here = which.get(name, pl.col(name)) & pl.col("counts")
        on = pl.col("on").fill_null(ALWAYS).to_physical().cast(pl.Int64) * (-1 if noted == "refused_on" else 1)
        yield source.filter(here).sort_by(on.filter(here), source.filter(here)).first().alias(SOURCE + noted)


@cache
def _found() -> list[pl.Expr]:
    """What `_summaries` come to: the first line that holds."""
    denied, over = _flag("denied"), _flag("withdrawals") & ~(pl.col("renewed") > pl.col("ended")).fill_null(False)
    opens, denies = ~over & _flag("opens"), ~over & ~_flag("opens") & _flag("denies")
    stands = _flag("stands") & ~(over | opens | denies)
    silent = ~(_flag("stands") | over | opens | denies)
    lacks = pl.coalesce("lacks", pl.when(_flag("other_hours")).then(pl.lit("hours_agreed")))
    words = {strength: word for word, strength in _STRENGTH.items()}
    kind = pl.col("strength").replace_strict(words, default=None, return_dtype=pl.String)
    kind = pl.when(_flag("no_common")).then(pl.lit("none")).when(~_flag("no_kind")).then(kind)
    decides = {said.WITHDRAWAL: over, said.UNREAD: opens, said.NONE_SAID: denies, said.CONSENT: stands}
    read = pl.concat_list(*(pl.col(name).str.split(";") for name in ("texts", "read"))).list.set_difference([""])

    def consented(name: str, value: pl.Expr) -> pl.Expr:
        return known.then(pl.when(stands).then(value).otherwise(ASSUMED + name))

    # A day, an end or hours without a consent say nothing.
    assumed = pl.when(silent)
    known = pl.when(stands | (silent & pl.col(ASSUMED + "consent").is_not_null()))
    facts = {
        "objected_on": pl.coalesce("objected", pl.when(denied).then(pl.col("objected_later").fill_null(NEVER))),
        # One of a day that nobody knows may be the last.
        "refused_on": pl.when(~_flag("refused_once")).then(pl.coalesce("refused", "refused_later", pl.lit(NEVER))),
        "consent_withdrawn_on": pl.coalesce(pl.when(over).then("withdrawn"), "withdrawn_later", pl.lit(NEVER)),
        "consent": pl.when(denies).then(pl.lit("none")).otherwise(consented("consent", kind)),
        "consent_on": consented("consent_on", pl.when(~_flag("no_day")).then("given_on")),
        "consent_for": consented("consent_for", pl.when(~_flag("no_calls")).then("calls")),
        "consent_until": known.then(pl.min_horizontal("ends", "ends_later", assumed.then(ASSUMED + "consent_until"))),
        "hours_agreed": pl.when(~_flag("other_hours")).then(
            known.then(pl.coalesce("hours", assumed.then(ASSUMED + "hours_agreed")))
        ),
        "consent_odd": opens,
        "proven": stands & _flag("proven"),
        "lacks": pl.when(stands).then(lacks).fill_null(""),
        "wording": pl.when(stands).then("wording"),
        "texts": pl.when(pl.col("read").is_null())
        .then("texts")
        .otherwise(read.list.unique().list.sort().list.join(";")),
        "rests": pl.coalesce(
            pl.when(here & _flag(f"{kind}_kept")).then(pl.lit(kind)) for kind, here in decides.items()
        ),
        **_relationship(),
    }
    return [*(fact.alias(name) for name, fact in facts.items()), pl.col(f"^{SOURCE}.*$")]


def _flag(name: str) -> pl.Expr:
    return pl.col(name).fill_null(False)


def _relationship() -> dict[str, pl.Expr]:
    """What the list and the customers both say: where they differ there is none, or it is not known."""
    has_file, stale = pl.col("customers").is_not_null(), _flag("customers_stale")
    known = pl.coalesce("single", pl.when(has_file & ~stale).then(pl.coalesce("of_file", pl.lit("none"))))
    says_one = pl.col("relationships") == 1
    told = pl.when(_flag("told_none")).then(pl.lit("none")).when(says_one).then("told_relationship")
    open_ = (pl.col("relationships") > 1).fill_null(False) | (stale & pl.col("single").is_null())
    differ = pl.when((told == "none") | (known == "none")).then(pl.lit("none"))
    relationship = (
        pl.when((told == "none").fill_null(False)).then(told).when(open_).then(pl.lit(None))
        .when(told.is_null() | (told == known)).then(known).when(known.is_null()).then(told).otherwise(differ)
    )  # fmt: skip
    on = pl.when(pl.col("single").is_not_null()).then("single_on").otherwise("file_on")
    no = _flag("unrelated") | (pl.col("related") == "no").fill_null(False)
    yes = pl.coalesce("related", pl.when(_flag("is_related")).then(pl.lit("yes")))
    return {
        "relationship": relationship,
        "relationship_on": pl.min_horizontal("told_on", on),
        "related": pl.when(no).then(pl.lit("no")).otherwise(yes),
        "customers_stale": open_ & stale,
    }
