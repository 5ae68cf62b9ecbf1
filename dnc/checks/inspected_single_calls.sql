-- Each call of `made`, with the consent that it rests on, and what the last check up to its day said of it (`decided`).
with latest as (
    select m.seq, max_by(d, d."check") as d
    from made m join decided d on d.number = m.number and d.day = m."at"::date and d.done_on <= d.day group by m.seq
),
grounds as (
    select m.*, coalesce('consents:' || m.consent, d.consent) as rests_on, d."check"::varchar as "check",
           d.outcome, d.why
    from made m left join latest using (seq) where m.mine
),
own as (select distinct on (seq) 'consents:' || seq as rests_on, consent_on, wording, proof from consents)
select 'calls:' || g.seq as call, g."at", g.result, g.campaign, rests_on, o.consent_on, o.wording,
       o.proof is not null as proved, g."check", g.outcome, g.why
from grounds g left join own o using (rests_on) order by g."at", g.seq
