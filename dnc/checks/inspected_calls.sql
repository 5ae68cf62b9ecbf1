-- The calls that are `mine`, each with
--   attempts: how many calls its number had in the thirty days up to its day, wrong numbers left out;
--   after: the objections and withdrawals that it came after, on their day too unless the person objected in a later
--     call; order_known: whether it surely came after one of them;
--   rests_on: its consent;
--   check, outcome, why: what the last check made by its day said of it. A check for its very day goes first; another of
--     its campaign counts if it was clear until then (`valid_until`), and ends with an objection, a withdrawal or a
--     listing in a file that was loaded since. A number that stands in a check several times has its strictest decision.
-- made (calls of the period and of the thirty days before), barred, decided (kept decisions, each with its check),
-- listed (number, since, loaded_at)
with in_call as (select number, "at"::date as since, min("at") as "at" from made where result = 'objected' group by all),
pairs as (
    select m.seq, b.id, b.since,
           (m."at"::date > b.since or i."at" is not null) and coalesce(m."at"::date < b.ended_on, true) as order_known
    from made m
    join barred b on m.number = b.number and m."at"::date between b.since and coalesce(b.ended_on, date '9999-12-31')
    left join in_call i on i.number = m.number and i.since = b.since
    where m.mine and (m."at"::date > b.since or i."at" is null or m."at" > i."at")
),
called_after as (
    select seq, list(id order by since, id) as after, bool_or(order_known) as order_known from pairs group by seq
),
attempted as (
    select seq, count(*) filter (result <> 'wrong_number') over (
        partition by number order by "at"::date range between interval 29 days preceding and current row
    ) as attempts
    from made
),
latest as (
    select distinct on (seq) m.seq, "check", dnc_outcome as outcome, dnc_why as why, dnc_consent as told, day, done_at,
           if(day = m."at"::date, null, dnc_valid_until) as valid_until
    from made m join decided d using (number)
    where m.mine and done_at::date <= m."at"::date and (day = m."at"::date or d.campaign = m.campaign)
    order by m.seq, day = m."at"::date desc, "check" desc, array_position(['blocked', 'undecided', 'clear'], outcome)
),
standing as (
    select latest.* from latest join made m using (seq)
    where day = m."at"::date
       or (outcome = 'clear' and m."at"::date between day and valid_until and seq not in (select seq from called_after)
           and not exists (
               select 1 from listed l
               where l.number = m.number and l.loaded_at > done_at
                 and m."at"::date >= greatest(l.loaded_at::date, coalesce(l.since, date '0001-01-01'))
           ))
)
select m.* exclude (mine), attempts, coalesce('consents:' || consent, told) as rests_on, "check"::varchar as "check",
       valid_until, outcome, why, after, order_known
from made m
join attempted using (seq) left join standing using (seq) left join called_after using (seq)
where m.mine order by m."at", m.seq
