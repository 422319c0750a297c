"""What programs write when something goes wrong: the words of real software.

Errors of the system are known by their name (errno(3)) and by glibc's words; the rest
is of the runtimes and servers that most programs are made of.
"""

import re
from functools import cache
from typing import NamedTuple

from selfhealingd.core.diagnosis import Fault


class Saying(NamedTuple):
    """``weight``: how sure it is where nothing speaks against it.

    ``at_start``: it is a reason not to start rather than to end.
    """

    fault: Fault
    words: str
    pattern: re.Pattern[str]
    weight: float = 0.85
    at_start: bool = False


_OUT_OF_MEMORY = (
    r"out of memory|\bMemoryError|ArrayMemoryError|bad_alloc|cannot allocate memory"
    r"|\bENOMEM\b|OutOfMemoryError(?!: unable to create)|unable to allocate \d"
    r"|memory exhausted|failed to allocate memory"
)
_PORT_TAKEN = (
    r"\bEADDRINUSE\b|address (?:is )?already in use|address in use"
    r"|\bport \d+ (?:is|was) already (?:in use|allocated)"
    r"|already running on port \d+|still could not bind"
)
_MISSING_FILE = (
    r"no such file or directory|\bENOENT\b|command not found|: not found$"
    r"|No module named|cannot find module|ERR_MODULE_NOT_FOUND|cannot find package"
    r"|Could not find or load main class|ClassNotFoundException|NoClassDefFoundError"
    r"|Unable to access jarfile|cannot open shared object file|can't open file"
    r"|cannot load such file|failed to open stream|failed opening required"
    r"|version `\S+' not found|NoSuchFileException|file not found"
)
_BAD_CONFIG = (
    r"unknown directive|CONFIG FILE ERROR|bad directive|ImproperlyConfigured"
    r"|configuration parameter|configuration file .{1,200} contains errors"
    r"|(?:error|failed|failure|cannot|can't|could not|unable|invalid|bad|malformed)"
    r"\b.{0,40}\bconfig|\bconfig\w*\b.{0,60}\b(?:invalid|error|malformed)"
    r"|unrecognized (?:arguments?|option)|unknown (?:option|flag|key|field|argument)"
    r"|unknown (?:variable|parameter|setting)|could not resolve placeholder"
    r"|failed to bind properties"
    r"|invalid (?:option|value for)|flag provided but not defined|no such option"
    r"|\byaml: |YAMLException|yaml\.\w+\.\w+Error|TOMLDecodeError|toml: "
    r"|environment variable\b.{0,60}\b(?:not set|required|missing|undefined)"
    r"|missing required (?:env|setting|config|option|argument|param)"
    r"|(?-i:KeyError: '[A-Z][A-Z0-9_]{3,}')"
    r"|ValidationError\w* for \w*(?:Settings|Config)"
    r"|\[emerg\].*(?:directive|invalid|unexpected)|AH00526"
)
_REFUSED_LOGIN = (
    r"password authentication failed|access denied for user|WRONGPASS|NOAUTH"
    r"|authentication failed|invalid (?:username or password|credentials|api key)"
    r"|role \"[^\"]+\" does not exist|database \"[^\"]+\" does not exist"
)
_PERMISSION = (
    r"permission denied|\bEACCES\b|\bEPERM\b|operation not permitted"
    r"|AccessDeniedException|read-only file system|invalid permissions|wrong ownership"
    r"|bad (?:owner|ownership|permissions)|unprotected private key"
)
_DISK_FULL = (
    r"no space left on device|\bENOSPC\b(?!.{0,60}watchers)|disk quota exceeded"
    r"|\bEDQUOT\b|\bdisk (?:is )?full\b|insufficient disk space"
)
_DEPENDENCY = (
    r"connection refused|\bECONNREFUSED\b|connection timed out|\bETIMEDOUT\b"
    r"|connect(?:ion)? timeout|StatusCode\.UNAVAILABLE|failed to connect to all"
    r"|no route to host|\bEHOSTUNREACH\b|network is unreachable"
    r"|communications link failure|ServerSelectionTimeoutError|NoBrokersAvailable"
    r"|could not connect to (?:server|the|redis)|upstream timed out|i/o timeout"
    r"|MaxRetriesPerRequestError|database system is (?:starting up|shutting down)"
    r"|remaining connection slots|too many (?:connections|clients)"
)
_NOT_RESOLVED = (
    r"no such host|\bENOTFOUND\b|\bEAI_AGAIN\b|name or service not known"
    r"|name resolution|could not resolve host|UnknownHostException"
)
_CERTIFICATE = (
    r"certificate (?:has |is )?expired|CERT_HAS_EXPIRED|certificate verify failed"
    r"|unable to get local issuer|self[- ]signed certificate|x509\b"
    r"|CertificateExpiredException|CertificateNotYetValid|PKIX path"
    r"|certificate .{0,80}\bexpired\b|key values mismatch"
)
_CRASH = (
    r"double free|malloc\(\): |free\(\): |munmap_chunk\(\)|corrupted (?:size|double)"
    r"|stack smashing detected|Assertion .{1,300} failed|terminate called"
    r"|segmentation fault|\bbus error|AddressSanitizer:|illegal instruction"
    r"|fatal error has been detected by the Java Runtime|unexpected signal during"
)
_DESCRIPTORS = (
    r"too many open files|\bEMFILE\b|\bENFILE\b|file watchers reached"
    r"|inotify (?:instances|watch)"
)
_FORK_BOMB = (
    r"fork: (?:retry: )?resource temporarily|unable to create (?:new )?native thread"
    r"|can't start new thread|newosproc|pthread_create.{0,40}(?:EAGAIN|failed)"
    r"|cannot fork|fork failed"
)
_HANG = r"Java-level deadlock|goroutines are asleep|WORKER TIMEOUT"
_KILLED = (
    r"Handling signal: (?:term|int|quit)|(?:received|caught|got) (?:a )?SIG(?:TERM|INT)"
    r"|terminated by signal 15|: line \d+:\s+\d+ Killed\b|received signal 15"
)
_DEFECT = (
    r"^panic: |^(?:Uncaught )?(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b"
    r"|^Exception in thread|^thread '.{1,80}' .{0,12}panicked at"
    r"|Unhandled(?:PromiseRejection| exception)|Uncaught (?:exception|\w+Error)"
    r"|PHP Fatal error"
)


@cache
def sayings() -> tuple[Saying, ...]:
    """Made when they are needed: most days nobody asks."""
    f = Fault

    def of(
        fault: Fault,
        words: str,
        pattern: str,
        weight: float = 0.85,
        *,
        at_start: bool = False,
    ) -> Saying:
        flags = re.NOFLAG if fault is f.DEFECT else re.IGNORECASE
        return Saying(fault, words, re.compile(pattern, flags), weight, at_start)

    def early(fault: Fault, words: str, pattern: str, weight: float = 0.85) -> Saying:
        return of(fault, words, pattern, weight, at_start=True)

    return (
        of(f.OUT_OF_MEMORY, "it got no more memory", _OUT_OF_MEMORY, 0.9),
        of(f.FORK_BOMB, "no more processes or threads can be made", _FORK_BOMB, 0.92),
        of(f.DESCRIPTORS, "it ran out of descriptors", _DESCRIPTORS, 0.9),
        of(f.DISK_FULL, "a disk, or its quota, is full", _DISK_FULL),
        early(f.PORT_TAKEN, "the address that it wants is taken", _PORT_TAKEN, 0.9),
        of(f.CERTIFICATE, "a certificate is refused", _CERTIFICATE, 0.88),
        early(f.BAD_CONFIG, "its config is not right", _BAD_CONFIG, 0.87),
        early(f.BAD_CONFIG, "what it logs in with is refused", _REFUSED_LOGIN),
        early(f.PERMISSION, "it lacks a permission", _PERMISSION),
        of(f.DEPENDENCY, "it can't reach what it needs", _DEPENDENCY),
        of(f.DEPENDENCY, "a host's name can't be resolved", _NOT_RESOLVED, 0.86),
        early(
            f.MISSING_FILE, "something that it needs is missing", _MISSING_FILE, 0.84
        ),
        of(f.CRASH, "its own checks found it corrupt", _CRASH),
        of(f.HANG, "its parts wait for each other", _HANG),
        of(f.KILLED, "somebody told it to end", _KILLED, 0.65),
        of(f.DEFECT, "an error that nobody caught", _DEFECT, 0.6),
    )
