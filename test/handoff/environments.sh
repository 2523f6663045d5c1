#!/usr/bin/env bash
# Makes the two Python environments in which the trainers' real loaders run, once, and prints their folder: `trl` has datasets and TRL, `verl`
# has verl, LLaMA-Factory, Megatron and datatrove over the same torch (environments/*.txt: exact versions). About 4.5 GB and three minutes.
# Run again after an interruption it goes on; once whole it only prints. Where they cannot be had it says why on stderr and exits with 1.
set -euo pipefail
pins="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/environments"

cannot() {
  echo "The trainers' environments cannot be had: $1" >&2
  exit 1
}

[ "$(uname -sm)" = "Linux x86_64" ] || cannot "their packages are pinned for Linux on x86-64, this is $(uname -sm)."
python=$(command -v python3.11 || true)
"${python:-false}" -c "import venv" 2>/dev/null || cannot "the pins are for Python 3.11, and no python3.11 is on the PATH."

digest=$(cat "$pins"/*.txt | sha256sum | cut -c1-16)
folder="${XDG_CACHE_HOME:-$HOME/.cache}/cotyledon-trainers/$digest"
mkdir -p "$folder" || cannot "$folder cannot be made."

# One at a time; who waited finds them made.
exec 9>"$folder/lock"
if command -v flock >/dev/null; then flock 9; fi
if [ -e "$folder/whole" ]; then
  echo "$folder"
  exit
fi

freeKb=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
[ "$freeKb" -ge 8000000 ] || cannot "they need 8 GB of disk while they are made, $folder has $((freeKb / 1000000)) GB."

# A cache of its own, so that an interrupted download goes on, and is gone in the end.
install() {
  "$folder/$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --cache-dir "$folder/downloads" -r "$pins/$1.txt" >&2 ||
    cannot "pip could not install test/handoff/environments/$1.txt (its message is above)."
}
for environment in trl verl; do
  "$python" -m venv "$folder/$environment" >&2 || cannot "python3.11 -m venv failed (its message is above)."
done
install trl
echo "$folder/trl/lib/python3.11/site-packages" >"$folder/verl/lib/python3.11/site-packages/zz-shared-torch.pth"
install verl

"$folder/trl/bin/python" -c "import datasets, torch, trl" >&2 || cannot "TRL does not import (its message is above)."
"$folder/verl/bin/python" -c "import datasets, torch, transformers" >&2 || cannot "transformers do not import (the message is above)."
rm -rf "$folder/downloads"
touch "$folder/whole"
echo "$folder"
