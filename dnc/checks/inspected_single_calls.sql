-- Each call of `made`, with the consent that it rests on, and what a check up to its day said of it (`decided`): the last
-- one for this very day. Without any, the last one of its campaign counts if it was clear until then: `valid_until`. A
-- number that stands in it several times has its strictest decision, and what was recorded since (`called_after`) or
-- loaded since (`listed_from`) ends it.
with spoken as (
    select m.seq, d, d.day = m."at"::date as of_day
    from made m join decided d on d.number = m.number and d.done_on <= m."at"::date
    where of_day or d.campaign = m.campaign
),
latest as (
    select distinct on (seq) * from spoken
    order by seq, of_day desc, d."check" desc, array_position(['blocked', 'undecided', 'clear'], d.outcome)
),
standing as (
    select seq, d, if(of_day, null, d.valid_until) as valid_until
    from latest join made m using (seq)
    where of_day
       or (d.outcome = 'clear' and m."at"::date between d.day and d.valid_until
           and coalesce(m."at"::date < d.listed_from, true)
           and 'calls:' || seq not in (select call from called_after))
),
grounds as (
    select m.*, coalesce('consents:' || m.consent, d.consent) as rests_on, d."check"::varchar as "check", valid_until,
           d.outcome, d.why
    from made m left join standing using (seq) where m.mine
),
own as (select distinct on (seq) 'consents:' || seq as rests_on, consent_on, wording, proof from consents)
select 'calls:' || g.seq as call, g."at", g.result, g.campaign, rests_on, o.consent_on, o.wording,
       o.proof is not null as proved, g."check", g.valid_until, g.outcome, g.why
from grounds g left join own o using (rests_on) order by g."at", g.seq
