-- Who must not be called any more, since when, and until when (the day of a lift, or of a new consent with a wording and
-- a proof of its own); of a list that was loaded several times, its first load. The id of each is its own.
--   told (every objection and lift), consents (every statement), $never, $unknown, $nameless (texts
--   that name no proof and no wording), $given (words for a consent)
create temp table barred as
with entries as (
    select 'objections:' || min(seq) as id, 'objection' as kind, number, min(on_day) as on_day,
           min(recorded_at) as recorded_at, max(until) as until, min(seq) as seq
    from told where lifted is distinct from true group by number, case when as_of is null then seq end
    union all
    select 'consents:' || seq, 'withdrawal', number, nullif(consent_withdrawn_on, $unknown), recorded_at, null, null
    from consents where consent_withdrawn_on <> $never
),
begun as (select *, coalesce(on_day, recorded_at::date) as since from entries),
lifts as (
    select e.id, min(l.on_day) as on_day
    from begun e join told l on l.lifted and l.number = e.number and e.kind = 'objection'
    where l.on_day > e.since or (l.on_day = e.since and l.seq > e.seq)
    group by e.id
),
renewed as (
    select e.id, min(c.consent_on) as on_day
    from begun e join consents c on c.number = e.number and e.kind = 'withdrawal' and c.consent_on > e.since
    where c.wording is not null and c.proof is not null and list_contains($given, c.consent)
      and c.consent_withdrawn_on = $never and not coalesce(c.consent_odd, false)
      and not list_contains($nameless, c.wording) and not list_contains($nameless, c.proof)
      and not exists (
        from consents o where o.number = e.number and lower(trim(o.proof)) = lower(trim(c.proof))
            and coalesce(o.consent_on, nullif(o.consent_withdrawn_on, $never), e.since) <= e.since
      )
    group by e.id
)
select e.* exclude (until, seq), least(until + 1, l.on_day, r.on_day) as ended_on
from begun e left join lifts l using (id) left join renewed r using (id)
