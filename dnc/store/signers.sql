-- Fingerprints of the keys whose rules packs are installed. Older stores get this table with their next change.
create table if not exists signers (fingerprint varchar, added_at timestamp)
