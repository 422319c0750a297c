# Hopeless: says why, and exits at once.
echo "neverstarts: cannot connect to the database at db.example:5432: no such host" >&2
exit 1
