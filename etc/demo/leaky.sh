# Leaks: takes two more MiB each second and gives none back.
chunk=x
while [ ${#chunk} -lt 1048576 ]; do
    chunk=$chunk$chunk
done
hoard=
n=0
while :; do
    hoard=$hoard$chunk
    n=$((n + 1))
    echo "leaky: hoarding $n MiB"
    sleep 0.5
done
