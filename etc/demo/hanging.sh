# Works for 15 seconds, a line each; then waits for an answer that never comes.
n=0
while [ $n -lt 15 ]; do
    n=$((n + 1))
    echo "hanging: request $n answered"
    sleep 1
done
echo "hanging: waiting for the lock"
exec sleep 1000000
