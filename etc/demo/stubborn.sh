# Ignores SIGTERM; so does every sleep that it starts. Only SIGKILL ends it.
trap "" TERM
echo "stubborn: SIGTERM will not stop me"
while :; do
    sleep 1
done
