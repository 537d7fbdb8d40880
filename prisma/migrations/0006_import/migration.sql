-- Moving in from another backend.

-- Password hashes that Django made, by what checking them costs: of each only the part that says so. Empty once everybody has signed in.
CREATE INDEX person_old_hash_idx
  ON person (substring(password_hash FROM '^(?:pbkdf2_sha256[$][0-9]+|argon2[$]argon2id[$]v=19[$][a-z0-9=,]+)'))
  WHERE password_hash LIKE 'pbkdf2%' OR password_hash LIKE 'argon2%';
