#!/bin/sh
# Makes the vault's keys, once. Without them no card number can be read again: the file is never replaced.
set -eu
umask 077
file=$CODEBANK_VAULT_KEYS_FILE
if [ -e "$file" ]; then
    exit 0
fi
key() { od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'; }
cat > "$file.new" <<END
{
  "version": 1,
  "number_index_key": "$(key)",
  "number_encryption_key": "$(key)",
  "security_code_key": "$(key)"
}
END
mv "$file.new" "$file"
echo "new vault keys in $file: whoever reads this file can read every card number"
