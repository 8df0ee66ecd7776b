-- Objects by number.
SELECT id, path FROM module
