# The floor of W2. $1 is the host's name.
set -e
work=/tmp/fleet-$1
mkdir -p "$work"
chmod 755 "$work"
printf 'name=%s\nthreads=4\nfolder=%s\n' "$1" "$work" >"$work/app.conf"
echo 'what a file holds' >"$work/data.txt"
sed -i 's/^threads=.*/threads=8/' "$work/app.conf"
lines=$(wc -l <"$work/app.conf")
[ "$lines" -eq 3 ]
stat "$work/data.txt" >/dev/null
[ ! -e "$work/data.txt" ] || cat "$work/data.txt"
for item in one two three; do
    cp "$work/data.txt" "$work/$item"
done
rm -rf "$work"
