-- Consents of a period, or those on which its calls were made; `made`: the calls, $name: of a campaign or of all.
create temp table inspected as select * from consents
where seq in (select consent from made where mine)
   or ($name is null and (consent_on between $first and $last or consent_withdrawn_on between $first and $last))
