# Works for 12 to 20 seconds; then fails, or kills itself with SIGKILL.
chance=$(($(od -An -N1 -tu1 /dev/urandom)))
seconds=$((12 + chance % 9))
echo "crashy: working, for $seconds seconds"
sleep "$seconds"
if [ $((chance / 9 % 2)) -eq 0 ]; then
    echo "crashy: killing myself" >&2
    kill -KILL $$
fi
echo "crashy: out of luck, exit status 1" >&2
exit 1
