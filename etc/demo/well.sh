# Healthy: prints a tick every five seconds.
n=0
while :; do
    n=$((n + 1))
    echo "tick $n"
    sleep 5
done
