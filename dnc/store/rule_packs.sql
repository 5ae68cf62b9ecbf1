-- Rules packs that were installed; the one with the highest number is in use. files: name of each rules file → its
-- SHA-256, and that of the file of the program that it replaces. Older stores get this table with their next change.
create table if not exists rule_packs (
    seq integer, version varchar, sha256 varchar, signer varchar, files json, installed_at timestamp
)
