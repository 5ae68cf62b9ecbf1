-- The consents on which the calls or the decisions of a check rest, and of all campaigns those that were given or
-- withdrawn in the period.
--   consents (every statement), calls, $name of a campaign or null, $rest: names of consents
from consents
where 'consents:' || seq in (select rests_on from calls)
   or list_contains($rest::varchar[], 'consents:' || seq)
   or ($name is null and (consent_on between $first and $last or consent_withdrawn_on between $first and $last))
order by seq
