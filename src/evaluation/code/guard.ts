// The Python around a program that a model wrote: sets limits, refuses what reaches outside, runs it, says the word if it came to its end. And the Python that only parses.

/**
 * Reads {"program", "word", "seconds", "bytes"} from standard input. An audit hook, which a program cannot take off again, refuses sockets, processes, signals, files opened for
 * writing, and native code; what the program prints goes nowhere, so that the word is all that stands on standard output.
 */
export const guard = `
import json, os, sys

given = json.load(sys.stdin)
word = given.pop("word")
out = os.dup(1)
nowhere = os.open(os.devnull, os.O_RDWR)
for stream in (0, 1, 2):
    os.dup2(nowhere, stream)
try:
    import resource
    limits = ((resource.RLIMIT_CPU, given["seconds"]), (resource.RLIMIT_AS, given["bytes"]), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for kind, most in limits:
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            pass
except ImportError:
    pass

refused = ("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.startfile", "os.fork", "os.kill", "os.remove", "os.rename",
           "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr", "os.putenv",
           "shutil.", "sqlite3.", "ctypes.", "signal.", "pty.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "winreg.", "sys.addaudithook")
unseen = ("_posixsubprocess", "_winapi", "_ctypes")  # what these do, no hook is told
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def hook(event, arguments, refused=refused, unseen=unseen, writing=writing):
    if event.startswith(refused) or event == "import" and arguments[0] in unseen:
        raise PermissionError(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & writing:
        raise PermissionError(event)

sys.addaudithook(hook)
exec(compile(given["program"], "program", "exec"), {"__name__": "__main__"})
os.write(out, word.encode())
`;

/** Reads a list of programs from standard input and prints, for each, whether it parses and defines a function or class: a lone word is Python, too. */
export const syntaxCheck = `
import ast, json, sys, warnings

defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

def parses(program):
    try:
        warnings.simplefilter("ignore")
        return any(isinstance(node, defined) for node in ast.walk(ast.parse(program)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False

json.dump([parses(program) for program in json.load(sys.stdin)], sys.stdout)
`;
