"""How secrets look that nobody told us of, and what only looks like one."""

import base64
import json

import pytest

from selfhealingd.core.redaction import Redactor
from selfhealingd.core.shapes import MARK, all_shapes

BODY = "Planted0Planted0Planted0Planted0Pl"
"""Of a token: what has to go."""

TOKENS = (
    f"sk-ant-api03-{BODY}",
    f"sk-proj-{BODY}",
    f"sk_live_{BODY}",
    f"whsec_{BODY}",
    f"ghp_{BODY}",
    f"github_pat_11ABC_{BODY}",
    f"glpat-{BODY}",
    f"xoxb-123456789012-{BODY}",
    f"xapp-1-A012-34-{BODY}",
    f"AIza{BODY}",
    f"ya29.{BODY}",
    f"1//0{BODY}",
    f"GOCSPX-{BODY}",
    f"abc8Q~{BODY}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{BODY}.{BODY}",
    f"npm_{BODY}",
    f"hf_{BODY}",
    f"pypi-AgEI{BODY}",
    f"SG.{BODY}.{BODY}",
    f"dop_v1_{BODY}",
    f"shpat_{BODY}",
    f"hvs.{BODY}",
    f"dckr_pat_{BODY}",
    f"gsk_{BODY}",
    f"tskey-auth-{BODY}",
    f"glsa_{BODY}",
    "AKIAPLANTED123456789",
    "ASIAPLANTED123456789",
    "key-planted0123456789abcdef0123456789",
    "AGE-SECRET-KEY-1PLANTED0123456789",
    f"https://hooks.slack.com/services/T0/B0/{BODY}",
    f"https://discord.com/api/webhooks/1234567890/{BODY}",
    f"https://api.telegram.org/bot123456789:AA{BODY}/send",
    f"123456789:AA{BODY}",
    "$2b$12$plantedabcdefghijklmnopqrstuvwxyz",
    "$6$salt$planted0123456789",
)

URLS = (
    "postgres://user:planted@db/web",
    "postgres://user:plan@planted@db/web",
    "postgres://user:plan/planted@db/web",
    "redis://:planted@cache:6379/0",
    "https://planted0123456789abcdef@o1.ingest.sentry.io/1",
    "https://x-access-token:planted@github.com/o/r.git",
    "mongodb+srv://user:planted@cluster0.abc.mongodb.net/?w=majority",
    "web:planted@tcp(db:3306)/web",
    "jdbc:oracle:thin:scott/planted@db:1521/orcl",
    "jdbc:mysql://db/web?user=web&password=planted&useSSL=false",
    "GET /x?access_token=planted&y=1",
    "https://a.blob.core.windows.net/c?sv=2022&sig=planted%2Fabc%3D&se=2026",
    "https://s3/x?X-Amz-Security-Token=planted0123&X=1",
    "https://maps.googleapis.com/maps/api?key=planted12345&x=1",
    "GET /callback?code=planted0123456789&state=xyz",
)

HEADERS = (
    "Authorization: Bearer planted1234",
    "authorization: token planted1234",
    "curl -H 'authorization: Basic planted1234' http://x",
    'Authorization: Digest username="u", response="planted"',
    "Authorization: AWS4-HMAC-SHA256 Credential=A/2026, Signature=planted",
    '{"Authorization": "Bearer planted1234"}',
    "[(b'authorization', b'Bearer planted1234'), (b'x-api-key', b'planted')]",
    "('X-Auth-Token', 'planted')",
    "x-api-key: planted1234",
    "PRIVATE-TOKEN: planted",
    "Cookie: a=planted; b=planted",
    "Set-Cookie: sid=planted; Path=/",
    "{'Cookie': 'sid=planted; b=c'}",
    "PHPSESSID=planted0123",
    "AUTH PLAIN AHBsYW50ZWQAplanted",
    "sent Basic UGxhbnRlZDpwbGFudGVkplanted",
)

KEYS = (
    "password=planted",
    "DB_PASS=planted",
    "DB_PW=planted",
    'export DB_PASSWORD="plan planted"',
    "docker run -e STRIPE_KEY=planted1234 img",
    "APP_KEY=base64:planted",
    "SENTRY_DSN=planted1234",
    '{"api_key": "planted more"}',
    '{"password": "pl\\"an planted"}',
    '{"accessToken":"planted","x":1}',
    '{"auths":{"r":{"auth":"planted0123"}}}',
    '{"passwords": ["planted", "planted"]}',
    '{\\"client_secret\\": \\"planted x\\"}',
    '{\\\\\\"password\\\\\\": \\\\\\"planted\\\\\\"}',
    '"private_key": "-----BEGIN PRIVATE KEY-----\\nplanted\\n-----END PRIVATE KEY',
    "Config(user='web', password=b'planted')",
    "{User:web Password:planted Host:db}",
    "'password' => 'planted'",
    '{:password=>"planted"}',
    "  db_password: 'planted x'",
    "spring.datasource.password: planted",
    "Password : planted",
    "<password>planted</password>",
    '<db user="x" password="planted"/>',
    "Server=db;User Id=sa;Password=planted;Encrypt=true",
    "AccountName=x;AccountKey=planted+abc/def==;EndpointSuffix=core.windows.net",
    "host=db user=web password='plan planted' dbname=web",
    "username=x&password=planted&submit=1",
    "body password%3Dplanted%26x%3D1",
    "\x1b[36mpassword\x1b[0m=\x1b[35mplanted\x1b[0m",
    "?[36mpassword?[0m=?[35mplanted?[0m",
    "PresharedKey = planted0123456789=",
    "Passwort: planted",
    "API key: planted1234",
    "the password is 'planted'",
    "A temporary password is generated for root@localhost: planted!xY",
    "CREATE USER 'web' IDENTIFIED BY 'planted'",
    "ALTER ROLE web WITH PASSWORD 'planted'",
    "machine api.example.com login me password planted",
    "requirepass planted",
)

COMMANDS = (
    "mysqld --password planted --port 3306",
    "java -Djavax.net.ssl.keyStorePassword=planted -jar x",
    "keytool -storepass planted -alias x",
    'gpg --passphrase "plan planted" -d x',
    "openssl rsa -passin pass:planted -in x",
    "mysql -u root -pplanted web",
    "sshpass -p planted ssh host",
    "docker login -u me -p planted registry",
    "redis-cli -a planted ping",
    "ldapsearch -D cn=x -w planted -b dc",
    "curl -u user:planted https://x",
    "aws configure set aws_secret_access_key planted",
    "['mysql', '--password', 'planted']",
    '["mysql","-pplanted"]',
    '["curl","--user","me:planted","http://x"]',
)

PLAIN = r"""
FileNotFoundError: [Errno 2] No such file or directory: '/etc/web/web.toml'
2026-11-26T18:00:00.123456Z error: connection refused by 127.0.0.1:5432
at com.example.web.InternalConfigurationManagerImpl.run(Impl.java:12)
passed: 5, failed: 1
FATAL:  password authentication failed for user "web"
Access denied for user 'web'@'localhost' (using password: YES)
SyntaxError: Unexpected token: export
TokenExpiredError: jwt expired
cat: /run/secrets/db_password: No such file or directory
open /run/secrets/token: permission denied
sh: 1: DB_PASSWORD: parameter not set
DB_PASSWORD_FILE=/run/secrets/db_password
PWD=/srv/web
{"token_type":"Bearer","expires_in":3600}
usage: prompt_tokens=1523, max_tokens: 4096
Loading tokenizer: bert-base-uncased
c.e.web.TokenFilter                      : Starting filter chain
password=None secret: null token: expired
compass=north bypass: enabled
basic authentication failed
WWW-Authenticate: Basic realm="web"
Bearer token is missing
authorization: denied
http://localhost:3000/users/me@example.com
https://registry.npmjs.org/@scope/pkg/-/pkg-1.2.3.tgz
git clone ssh://git@github.com/org/repo.git
redis://cache:6379/0
user = authenticate(name, password=password)
password = os.environ["DB_PASSWORD"]
KeyError: ('token', 'user')
missing fields: ['password', 'email']
password = ${DB_PASSWORD}
host=db user=web password=******** dbname=web
mysql -u root -h db -P 3306 web
docker run -p 8080:80 -u 1000:1000 nginx
spec.secretName: web-tls
--- PASS: TestFoo (0.00s)
250-AUTH PLAIN LOGIN CRAM-MD5
ssl_certificate_key: /etc/ssl/private/web.key
next_page_token=
key: value, sort_key=name
using $1 as the first argument and $2a
""".strip().split("\n")

IDS = r"""
commit 9fceb02d0ae598e95dc970b74767f19372d61af8
request 6f1a993c-67a4-4a5e-9f8e-0123456789ab failed
/var/lib/docker/overlay2/4f2a9c81d07be35561aa0c9d4f2a9c81d07be355/merged
nginx@sha256:4f2a9c81d07be35561aa0c9d4f2a9c81d07be35561aa0c9d4f2a9c81d07be355
trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7
/static/js/main.8d7f6a5b4c3d2e1f.chunk.js
pod web-7d9f8c6b5d-x2x9z evicted
arn:aws:iam::123456789012:role/web
sha512-abcDEF0123456789abcDEF0123456789abcDEF0123456789abcDEF01234567==
""".strip().split("\n")


@pytest.mark.parametrize("line", [*TOKENS, *URLS, *HEADERS, *KEYS, *COMMANDS])
def test_what_has_the_shape_of_a_secret_leaves(line: str) -> None:
    """Also in JSON that is in JSON, and once more nothing is different."""
    shapes = all_shapes()
    for said in (line, f"it said {line}", json.dumps(line)):
        left = shapes.without(said)
        assert "planted" not in left.casefold()
        assert MARK in left
        assert left == shapes.without(left)


@pytest.mark.parametrize("before", ["", "export ", "  ", "declare -x "])
def test_in_a_dump_of_an_environment_all_of_a_value_leaves(before: str) -> None:
    """It may have words and commas; variables that hold where something is stay."""
    line = f"{before}DB_PASSWORD=planted, and more"
    assert f"{before}DB_PASSWORD={MARK}" == all_shapes().without(line)
    line = f"{before}DB_PASSWORD_FILE=/run/secrets/db, and more"
    assert line == all_shapes().without(line)


@pytest.mark.parametrize("line", ["user=me password=planted", '{"token": "planted"}'])
def test_in_base64_it_is_found_as_well(line: str) -> None:
    """Of either alphabet, whether it is padded or not."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        word = encode(line.encode()).decode()
        for written in (word, word.rstrip("=")):
            assert f"got {MARK}." == all_shapes().without(f"got {written}.")
    harmless = base64.b64encode(b"GET /users?page=1 HTTP/1.1").decode()
    assert harmless == all_shapes().without(harmless)


@pytest.mark.parametrize("line", PLAIN)
def test_what_tells_the_cause_stays(line: str) -> None:
    """Words of every log, code, places, names of classes; also for a model."""
    assert line == Redactor([]).line(line)


@pytest.mark.parametrize("line", IDS)
def test_ids_stay_for_operators(line: str) -> None:
    """They may be random as a secret, and are what one looks for."""
    assert line == Redactor([]).line(line, guess=False)


def test_what_is_hidden_in_a_text_is_told() -> None:
    """As a config may have it: without quotes, and without what leads to it."""
    found = all_shapes().hidden("run --token 'planted' -e DB_PASSWORD=\"two words\"")
    assert {"planted", "two words"} <= set(found)
