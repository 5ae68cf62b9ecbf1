-- The consents of the period by wording.
select wording, count(*) filter (consent_withdrawn_on = $never) as given,
       count(*) filter (consent_withdrawn_on <> $never) as withdrawn,
       count(proof) filter (consent_withdrawn_on = $never) as with_proof,
       count(distinct seq) filter (seq in (select consent from made where mine)) as called_on,
       min(consent_on) as first_on, max(consent_on) as last_on
from inspected group by wording order by wording
